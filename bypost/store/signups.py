"""Requests of the sign-up form, from the mail they caused to their confirmation or removal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    RowMapping,
    String,
    cast,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    update,
)

from bypost.store.engine import Connection
from bypost.store.schema import (
    batches,
    consents,
    deliveries,
    enrollments,
    events,
    signups,
    subscribers,
    subscriptions,
)

#: Begins the request of a notice that confirms; the number of the sign-up follows.
REQUEST = "signup:"
#: States of a batch of which it is not known what will come of it.
_OPEN = ("pending", "sending", "unknown")


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Insert a request; return its number."""
    new = insert(signups).values(confirmed_network="", **values).returning(signups.c.id)
    number: int = connection.execute(new).scalar_one()
    return number


def request_of(signup_id: int, mailed_at: datetime) -> str:
    """Return what the notice of a sign-up answers.

    SQLite gives the number of a removed row again; with the time it stays the only one.
    """
    return f"{REQUEST}{signup_id}:{mailed_at:%Y%m%dT%H%M%S}"


def by_link(connection: Connection, link_id: bytes) -> RowMapping | None:
    """Return the request that a link names, with the address it is for."""
    return _one(connection, link_id=link_id)


def by_id(connection: Connection, signup_id: int) -> RowMapping | None:
    """Return one request, with the address it is for."""
    return _one(connection, id=signup_id)


def _one(connection: Connection, **key: Any) -> RowMapping | None:
    query = (
        select(signups, subscribers.c.email, subscribers.c.email_key)
        .join(subscribers, subscribers.c.id == signups.c.subscriber_id)
        .where(*(signups.c[name] == value for name, value in key.items()))
    )
    return connection.execute(query).mappings().first()


def of_subscriber(connection: Connection, subscriber_id: int) -> Sequence[RowMapping]:
    """Return one person's requests, oldest first."""
    query = select(signups).where(signups.c.subscriber_id == subscriber_id)
    return connection.execute(query.order_by(signups.c.id)).mappings().all()


def confirm(connection: Connection, signup_id: int, *, network: str, now: datetime) -> bool:
    """Note a confirmation; False where somebody was quicker. What was typed is used by now."""
    done = connection.execute(
        update(signups)
        .where(signups.c.id == signup_id, signups.c.confirmed_at.is_(None))
        .values(confirmed_at=now, confirmed_network=network, name="")
    )
    return done.rowcount == 1


def remove_stale(connection: Connection, *, before: datetime, limit: int) -> list[int]:
    """Delete requests mailed ``before`` that nobody confirmed; return whose they were.

    One whose mail may still leave, or may have arrived, stays until that is settled.
    """
    open_mail = exists().where(
        deliveries.c.subscriber_id == signups.c.subscriber_id,
        deliveries.c.kind == "notice",
        deliveries.c.request.like(literal(REQUEST) + cast(signups.c.id, String) + ":%"),
        deliveries.c.state.is_(None),
        batches.c.id == deliveries.c.batch_id,
        batches.c.state.in_(_OPEN),
    )
    query = (
        select(signups.c.id, signups.c.subscriber_id)
        .where(signups.c.confirmed_at.is_(None), signups.c.mailed_at < before, ~open_mail)
        .order_by(signups.c.mailed_at)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    connection.execute(delete(signups).where(signups.c.id.in_([row.id for row in rows])))
    return [row.subscriber_id for row in rows]


def unknown_else(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Return those of these people who are unconfirmed and of whom nothing else is on record."""
    here = subscribers.c.id
    query = select(here).where(
        here.in_(set(ids)),
        subscribers.c.status == "unconfirmed",
        # Nothing in a JSON column is written in two ways.
        or_(subscribers.c.csv_cells.is_(None), cast(subscribers.c.csv_cells, String) == "null"),
        *(
            ~exists().where(table.c.subscriber_id == here)
            for table in (signups, enrollments, subscriptions, consents)
        ),
    )
    return list(connection.execute(query).scalars())


def blank(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Leave empty people behind: the ledger goes on counting what was sent to them.

    Only for people who were sent nothing but notices; each of those is a batch of its own.
    """
    connection.execute(
        update(subscribers)
        .where(subscribers.c.id.in_(ids))
        .values(
            email=None,
            email_key=None,
            name="",
            tags=[],
            attributes={},
            status="erased",
            erased_at=now,
        )
    )
    theirs = deliveries.c.subscriber_id.in_(ids)
    sent = select(deliveries.c.batch_id).where(theirs, deliveries.c.kind == "notice")
    connection.execute(
        update(batches).where(batches.c.id.in_(sent)).values(frozen=None, recipe=None)
    )
    mails = select(deliveries.c.id).where(theirs)
    connection.execute(update(events).where(events.c.delivery_id.in_(mails)).values(raw=None))
