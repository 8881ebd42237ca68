"""Lists behind the numbers of a day, a page at a time by key, each by an index of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    and_,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from bypost.store.engine import Connection
from bypost.store.ledger import IS_OPEN, IS_UNKNOWN
from bypost.store.schema import batches, contents, deliveries, enrollments, subscribers
from bypost.store.standing import HAS_HINT, MANY

Rows = Sequence[RowMapping]

_BATCH = (
    batches.c.id,
    batches.c.provider,
    batches.c.kind,
    batches.c.collection,
    batches.c.item,
    batches.c.size,
    batches.c.state,
    batches.c.due_at,
    batches.c.next_try,
    batches.c.attempts,
    batches.c.accepted_at,
    batches.c.accepted,
    batches.c.failed,
    batches.c.cancelled,
    batches.c.detail,
    contents.c.title,
)
_OF_BATCH = select(*_BATCH).join(contents, contents.c.hash == batches.c.content_hash)
#: Sorts the few that an index over open or unknown batches finds; by the bare number SQLite would
#: walk through all batches there are (130 ms among a million).
_SORTED = batches.c.id + literal_column("0")
#: What is left to send of an open batch.
_LEFT = batches.c.size - batches.c.accepted - batches.c.failed - batches.c.cancelled


def waiting(connection: Connection, *, due_before: datetime, after: int, limit: int) -> Rows:
    """Return open batches that fell due before then, in the order of their numbers."""
    query = _OF_BATCH.where(IS_OPEN, batches.c.due_at < due_before, after < _SORTED)
    return connection.execute(query.order_by(_SORTED).limit(limit)).mappings().all()


def due(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """Return how many owed deliveries are due, and since when the first could have left."""
    ready = and_(IS_OPEN, batches.c.due_at <= now)
    query = select(func.coalesce(func.sum(_LEFT), 0), func.min(batches.c.due_at)).where(ready)
    row = connection.execute(query).one()
    return int(row[0]), row[1]


def hints(connection: Connection, course: str, since: datetime | None, until: datetime) -> int:
    """Return how many people of a course are looked at within a time, at most :data:`MANY`."""
    later = [enrollments.c.next_due >= since] if since is not None else []
    some = (
        select(enrollments.c.id)
        .where(*HAS_HINT, enrollments.c.course == course, enrollments.c.next_due < until, *later)
        .limit(MANY)
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def tries(connection: Connection, until: datetime) -> dict[int, int]:
    """Return deliveries of open batches by the hour of their next try, since 1970."""
    hour = (type_coerce(batches.c.next_try, BigInteger) // 3_600_000_000).label("hour")
    query = select(hour, func.sum(_LEFT)).where(IS_OPEN, batches.c.next_try < until)
    return {int(row[0]): int(row[1]) for row in connection.execute(query.group_by(hour))}


def sent(connection: Connection, since: datetime, *, before: int | None, limit: int) -> Rows:
    """Return batches accepted since then, newest first, behind the batch ``before``."""
    query = _OF_BATCH.where(batches.c.accepted_at >= since)
    if before is not None:
        last = select(batches.c.accepted_at).where(batches.c.id == before)
        at = connection.execute(last).scalar()
        if at is None:
            return []
        query = query.where(_is_before(at, before))
    order = (batches.c.accepted_at.desc(), batches.c.id.desc())
    return connection.execute(query.order_by(*order).limit(limit)).mappings().all()


def _is_before(at: datetime, number: int) -> ColumnElement[bool]:
    """Return the condition that a batch stands behind another: of one instant, by its number."""
    return and_(
        batches.c.accepted_at <= at,
        or_(batches.c.accepted_at < at, batches.c.id < number),
    )


_OF_DELIVERY = (
    deliveries.c.id,
    deliveries.c.batch_id,
    deliveries.c.subscriber_id,
    deliveries.c.item,
    deliveries.c.detail,
    subscribers.c.email,
    batches.c.collection,
    batches.c.provider,
    batches.c.due_at,
    batches.c.first_sent_at,
    batches.c.members,
    batches.c.detail.label("batch_detail"),
)


def failed(connection: Connection, *, before: int | None, limit: int) -> Rows:
    """Return deliveries that were refused, newest first."""
    query = (
        select(*_OF_DELIVERY)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.state == "failed")
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return connection.execute(query).mappings().all()


def unknown_batches(connection: Connection, *, after: int, limit: int) -> Rows:
    """Return batches of which something is unknown, in the order of their numbers."""
    query = (
        select(batches)
        .where(IS_UNKNOWN, after < _SORTED, batches.c.members > 0)
        .order_by(_SORTED)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def unknown_of(connection: Connection, batch_id: int, *, after: int, limit: int) -> Rows:
    """Return the unknown deliveries of one batch, in the order of their numbers."""
    query = (
        select(*_OF_DELIVERY)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(
            deliveries.c.batch_id == batch_id,
            IS_UNKNOWN,
            deliveries.c.state.is_(None),
            deliveries.c.id > after,
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()
