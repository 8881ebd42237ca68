"""Alarms as they stand, what is still to be told of them, and the figures they go by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, case, delete, func, insert, select, update

from bypost.store.engine import Connection
from bypost.store.ledger import IS_UNKNOWN
from bypost.store.once import add_once
from bypost.store.schema import alarm_messages, alarms, batches, events, signups

# How alarms stand


def everything(connection: Connection) -> Sequence[RowMapping]:
    """Return every alarm there is or was: one row each, however often it came."""
    return connection.execute(select(alarms).order_by(alarms.c.id)).mappings().all()


def open_now(connection: Connection) -> Sequence[RowMapping]:
    """Return the alarms that are not over, the worst first."""
    worst = case((alarms.c.level == "alarm", 0), else_=1)
    query = select(alarms).where(alarms.c.ended_at.is_(None))
    return connection.execute(query.order_by(worst, alarms.c.since)).mappings().all()


def put(connection: Connection, name: str, subject: str, values: Mapping[str, Any]) -> None:
    """Write how an alarm stands now."""
    change = update(alarms).where(alarms.c.name == name, alarms.c.subject == subject)
    if not connection.execute(change.values(**values)).rowcount:
        add_once(connection, alarms, {"name": name, "subject": subject, **values})


# What is to be told


def add_message(connection: Connection, way: str, body: Mapping[str, Any], now: datetime) -> None:
    """Owe the operator a message, by ``mail`` or ``webhook``."""
    values = {"way": way, "body": dict(body), "created_at": now, "next_try": now}
    fresh = {"state": "open", "attempts": 0, "detail": ""}
    connection.execute(insert(alarm_messages).values(**values, **fresh))


def due_messages(connection: Connection, now: datetime, limit: int) -> Sequence[RowMapping]:
    """Return messages whose time has come, oldest first."""
    query = (
        select(alarm_messages)
        .where(alarm_messages.c.state == "open", alarm_messages.c.next_try <= now)
        .order_by(alarm_messages.c.next_try, alarm_messages.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def next_message(connection: Connection) -> datetime | None:
    """Return when the next open message may be tried; None where there is none."""
    query = select(func.min(alarm_messages.c.next_try)).where(alarm_messages.c.state == "open")
    return connection.execute(query).scalar()


def take_message(connection: Connection, row: RowMapping, until: datetime) -> bool:
    """Begin an attempt that ends before ``until``; False where somebody else was quicker."""
    done = connection.execute(
        update(alarm_messages)
        .where(
            alarm_messages.c.id == row["id"],
            alarm_messages.c.state == "open",
            alarm_messages.c.attempts == row["attempts"],
        )
        .values(attempts=row["attempts"] + 1, next_try=until)
    )
    return done.rowcount == 1


def end_message(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Write down how an attempt ended; one that was given up meanwhile stays so."""
    connection.execute(
        update(alarm_messages)
        .where(alarm_messages.c.id == number, alarm_messages.c.state == "open")
        .values(**values)
    )


def last_message(connection: Connection, way: str) -> RowMapping | None:
    """Return the latest message of a way, for the page that says how telling goes."""
    query = (
        select(alarm_messages)
        .where(alarm_messages.c.way == way)
        .order_by(alarm_messages.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).mappings().first()


def forget_messages(connection: Connection, before: datetime) -> None:
    """Remove messages that ended before then."""
    connection.execute(delete(alarm_messages).where(alarm_messages.c.ended_at < before))


# Figures: each is answered by an index alone


def accepted(connection: Connection, since: datetime) -> dict[str, int]:
    """Return how many mails each provider accepted since then."""
    query = (
        select(batches.c.provider, func.sum(batches.c.accepted))
        .where(batches.c.accepted_at > since)
        .group_by(batches.c.provider)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def heard(
    connection: Connection, providers: Collection[str], kind: str, since: datetime
) -> dict[str, int]:
    """Return of how many of our mails each provider told something of this kind since then."""
    query = (
        select(events.c.provider, func.count(events.c.delivery_id.distinct()))
        .where(
            events.c.provider.in_(providers),
            events.c.kind == kind,
            events.c.received_at > since,
            events.c.delivery_id.is_not(None),
        )
        .group_by(events.c.provider)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def requests(connection: Connection, since: datetime, until: datetime) -> int:
    """Return how often a form was used within a time."""
    query = select(func.count()).where(
        signups.c.requested_at > since, signups.c.requested_at <= until
    )
    return connection.execute(query.select_from(signups)).scalar_one()


def confirmed(
    connection: Connection, since: datetime, until: datetime, within: timedelta
) -> tuple[int, int]:
    """Return how many requests came within a time, and how many were confirmed soon enough."""
    soon = case(
        (signups.c.confirmed_at - signups.c.requested_at <= within // timedelta(microseconds=1), 1),
        else_=0,
    )
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(soon), 0)).where(
            signups.c.requested_at > since, signups.c.requested_at <= until
        )
    ).one()
    return row[0], int(row[1])


def unknown(connection: Connection) -> tuple[int, datetime | None]:
    """Return how many deliveries are unknown, and when the oldest of them may have left."""
    row = connection.execute(
        select(
            func.coalesce(func.sum(batches.c.members), 0), func.min(batches.c.first_sent_at)
        ).where(IS_UNKNOWN)
    ).one()
    return int(row[0]), row[1]
