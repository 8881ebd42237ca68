"""People a page at a time: by how their address or name begins, or by audience.

Who is in an audience is seen only by looking at people. So a page looks at a bounded number of
them, newest first, and says how far it came; counting looks at them oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, or_, select, tuple_, union

from bypost.store.engine import Connection
from bypost.store.schema import batches, contents, deliveries, enrollments, subscribers

#: People that are looked at by one statement.
STRIDE = 5_000
#: The same where they are counted only.
MANY = 20_000
#: People that are found by their name at most.
MOST_NAMED = 2_000
#: Behind every text that begins with another one.
_LAST = "\U0010ffff"

_SHOWN = (
    subscribers.c.id,
    subscribers.c.email,
    subscribers.c.email_key,
    subscribers.c.name,
    subscribers.c.status,
    subscribers.c.time_zone,
    subscribers.c.tags,
    subscribers.c.created_at,
)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Attributes:
        rows: People, in order.
        reached: The last subscriber that was looked at; the next look goes on behind it.
        over: There is nobody behind it.
    """

    rows: Sequence[RowMapping]
    reached: int
    over: bool


def last_id(connection: Connection) -> int:
    """Return the highest number of a subscriber; 0 where there is nobody."""
    return connection.execute(select(func.max(subscribers.c.id))).scalar() or 0


def newest(connection: Connection, such: ColumnElement[bool], *, before: int, limit: int) -> Look:
    """Return people with a lower number than ``before``, newest first, out of :data:`STRIDE`."""
    least = max(0, before - STRIDE)
    query = (
        select(*_SHOWN)
        .where(subscribers.c.id < before, subscribers.c.id >= least, such)
        .order_by(subscribers.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).mappings().all()
    reached = rows[-1]["id"] if len(rows) == limit else least
    return Look(rows, reached, over=reached <= 1)


def oldest(
    connection: Connection,
    such: ColumnElement[bool],
    *,
    after: int,
    until: int,
    limit: int,
    stride: int = STRIDE,
) -> Look:
    """Return whole rows of people behind ``after``, up to ``until``, out of ``stride``."""
    most = min(until, after + stride)
    query = (
        select(subscribers)
        .where(subscribers.c.id > after, subscribers.c.id <= most, such)
        .order_by(subscribers.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).mappings().all()
    reached = rows[-1]["id"] if len(rows) == limit else most
    return Look(rows, reached, over=reached >= until)


def count(connection: Connection, such: ColumnElement[bool], *, after: int, until: int) -> int:
    """Return how many there are behind ``after``, up to ``until``."""
    query = select(func.count()).where(subscribers.c.id > after, subscribers.c.id <= until, such)
    return connection.execute(query).scalar_one()


def any_such(connection: Connection, such: ColumnElement[bool], most: int) -> int:
    """Return how many there are, at most ``most``, however many have to be looked at."""
    some = select(subscribers.c.id).where(such).limit(most).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def beginning(
    connection: Connection, text: str, *, after: tuple[str, int] | None, limit: int
) -> Sequence[RowMapping]:
    """Return people whose address or name begins with ``text``, by address.

    The names are looked for as they are mostly written: as typed, in small letters, and with
    capitals in front. Of more than :data:`MOST_NAMED` who are called so, the first by name count.

    Args:
        after: Address key and number of the last one on the page before.
    """
    # Each by an index of its own: one condition over both columns would look at everybody. Many
    # have one first name, and sorting them all by address would take a quarter of a second.
    called = union(*(_named(form) for form in _forms(text))).subquery()
    of_name = _some(called.c, called.c.id > 0, after, limit)
    at = _begins(subscribers.c.email_key, text.casefold())
    of_address = _some(subscribers.c, at, after, limit)
    ids = of_address.union(of_name).subquery()
    query = (
        select(*_SHOWN)
        .where(subscribers.c.id.in_(select(ids.c.id)))
        .order_by(subscribers.c.email_key, subscribers.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def _named(text: str) -> Select[Any]:
    first = (
        select(subscribers.c.id, subscribers.c.email_key)
        .where(subscribers.c.email_key.is_not(None), _begins(subscribers.c.name, text))
        .order_by(subscribers.c.name, subscribers.c.id)
        .limit(MOST_NAMED)
        .subquery()
    )
    return select(first)


def _some(
    of: Any, such: ColumnElement[bool], after: tuple[str, int] | None, limit: int
) -> Select[Any]:
    """Return the numbers of the first people behind ``after`` in the order of their addresses."""
    query = select(of.id).where(such)
    if after is not None:
        query = query.where(tuple_(of.email_key, of.id) > after)
    first = query.order_by(of.email_key, of.id).limit(limit).subquery()
    return select(first.c.id)


def _begins(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a text begins so, as a range that an index answers."""
    return (column >= text) & (column < text + _LAST)


def _forms(text: str) -> list[str]:
    return list(dict.fromkeys((text, text.lower(), text.title(), text.upper())))


def last_mails(connection: Connection, ids: Sequence[int]) -> dict[int, RowMapping]:
    """Return the last mail each of these people was owed: title, kind, instant, state."""
    newest_of = (
        select(func.max(deliveries.c.id))
        .where(deliveries.c.subscriber_id == subscribers.c.id)
        .correlate(subscribers)
        .scalar_subquery()
    )
    query = (
        select(
            deliveries.c.subscriber_id,
            deliveries.c.kind,
            deliveries.c.item,
            deliveries.c.state,
            contents.c.title,
            batches.c.collection,
            batches.c.state.label("batch_state"),
            batches.c.accepted_at,
            batches.c.due_at,
        )
        .select_from(subscribers)
        .join(deliveries, deliveries.c.id == newest_of)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(contents, contents.c.hash == batches.c.content_hash)
        .where(subscribers.c.id.in_(ids))
    )
    return {row["subscriber_id"]: row for row in connection.execute(query).mappings()}


def lessons_had(connection: Connection, run_ids: Sequence[int]) -> dict[int, int]:
    """Return how many lessons were accepted in each of these runs."""
    accepted = or_(
        deliveries.c.state == "accepted",
        deliveries.c.state.is_(None) & (batches.c.state == "settled"),
    )
    query = (
        select(enrollments.c.id, func.count())
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(enrollments.c.id.in_(run_ids), deliveries.c.copy == 0, accepted)
        .group_by(enrollments.c.id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
