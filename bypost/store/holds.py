"""What an operator keeps back: a course, a newsletter, or everything for one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bypost.store.engine import Connection
from bypost.store.schema import holds, subscribers


def add(
    connection: Connection,
    *,
    scope: str,
    name: str,
    subscriber_id: int | None,
    since: datetime,
    until: datetime | None,
    reason: str,
) -> int:
    """Write a hold down; return its number."""
    values = {
        "scope": scope,
        "name": name,
        "subscriber_id": subscriber_id,
        "since": since,
        "until": until,
        "reason": reason,
    }
    number: int = connection.execute(
        insert(holds).values(values).returning(holds.c.id)
    ).scalar_one()
    return number


def change(connection: Connection, hold_id: int, *, until: datetime | None, reason: str) -> None:
    """Change until when a hold lasts, and why."""
    connection.execute(
        update(holds).where(holds.c.id == hold_id).values(until=until, reason=reason)
    )


def end(connection: Connection, hold_id: int, at: datetime) -> None:
    """End a hold."""
    connection.execute(update(holds).where(holds.c.id == hold_id).values(ended_at=at))


def of_lists(connection: Connection) -> Sequence[RowMapping]:
    """Return every hold of a course or a newsletter, oldest first; there are dozens at most."""
    query = select(holds).where(holds.c.subscriber_id.is_(None)).order_by(holds.c.id)
    return connection.execute(query).mappings().all()


def of_people(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Return every hold of these people, oldest first."""
    query = select(holds).where(holds.c.subscriber_id.in_(ids)).order_by(holds.c.id)
    return connection.execute(query).mappings().all()


def people_held(connection: Connection, now: datetime) -> Sequence[RowMapping]:
    """Return the holds of people that are on, with the address of each, oldest first."""
    query = (
        select(holds, subscribers.c.email)
        .join(subscribers, subscribers.c.id == holds.c.subscriber_id)
        .where(is_on(now))
        .order_by(holds.c.id)
    )
    return connection.execute(query).mappings().all()


def any_person(connection: Connection) -> bool:
    """Tell whether somebody was ever held: mostly nobody, and nobody has to be asked about."""
    query = select(holds.c.id).where(holds.c.subscriber_id.is_not(None)).limit(1)
    return connection.execute(query).first() is not None


def holds_somebody(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a row of ``subscribers`` is held."""
    return exists().where(holds.c.subscriber_id == subscribers.c.id, is_on(now))


def freed_somebody(since: datetime, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a row of ``subscribers`` had a hold that is over since then."""
    return exists().where(holds.c.subscriber_id == subscribers.c.id, _is_over(since, now))


def next_end(connection: Connection, now: datetime) -> datetime | None:
    """Return when the next hold is over by itself; None where none will be."""
    query = select(func.min(holds.c.until)).where(holds.c.ended_at.is_(None), holds.c.until > now)
    return connection.execute(query).scalar()


def any_freed(connection: Connection, since: datetime, now: datetime) -> bool:
    """Tell whether a person's hold is over since then."""
    of_people = holds.c.subscriber_id.is_not(None)
    query = select(holds.c.id).where(of_people, _is_over(since, now)).limit(1)
    return connection.execute(query).first() is not None


def _is_over(since: datetime, now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(holds.c.ended_at > since, holds.c.ended_at <= now),
        and_(holds.c.until > since, holds.c.until <= now),
    )


def is_on(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a hold is on: one with an end is over by itself then."""
    lasts = or_(holds.c.until.is_(None), holds.c.until > now)
    return and_(holds.c.ended_at.is_(None), lasts)


def forget(connection: Connection, subscriber_id: int) -> None:
    """Remove the holds of a person, and the words they were given for."""
    connection.execute(delete(holds).where(holds.c.subscriber_id == subscriber_id))
