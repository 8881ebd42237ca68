"""How sending stands: a few small questions, each answered by an index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, case, func, literal_column, select

from bypost.store import sums
from bypost.store.engine import Connection
from bypost.store.ledger import IS_OPEN, IS_UNKNOWN
from bypost.store.schema import batches, budgets, enrollments

#: Hints counted at most: nobody reads further.
MANY = 100_000

#: Word for word the condition of ``ix_enrollments_due``.
HAS_HINT = (
    enrollments.c.status == literal_column("'active'"),
    enrollments.c.next_due.is_not(None),
)


def on_their_way(connection: Connection, now: datetime) -> Sequence[RowMapping]:
    """Return the batches that somebody is sending, oldest first."""
    query = (
        select(
            batches.c.id,
            batches.c.provider,
            batches.c.collection,
            batches.c.item,
            batches.c.members,
        )
        .where(IS_OPEN, batches.c.state == literal_column("'sending'"), batches.c.lease_until > now)
        # By the bare number SQLite would walk through all batches there are (70 ms in a million).
        .order_by(batches.c.id + literal_column("0"))
    )
    return connection.execute(query).mappings().all()


def late(connection: Connection, before: datetime) -> tuple[int, datetime | None]:
    """Return how many open deliveries fell due before then, and when the oldest did."""
    left = batches.c.size - batches.c.accepted - batches.c.failed - batches.c.cancelled
    row = connection.execute(
        select(func.coalesce(func.sum(left), 0).label("count"), func.min(batches.c.due_at)).where(
            IS_OPEN, batches.c.due_at < before
        )
    ).one()
    return row[0], row[1]


def accepted_since(
    connection: Connection, *, minute: datetime, hour: datetime, day: datetime
) -> dict[str, RowMapping]:
    """Return per provider what was accepted since these instants: ``minute``, ``hour``, ``day``.

    ``requests`` counts those since ``minute``.
    """

    def since(instant: datetime) -> ColumnElement[int]:
        return case((batches.c.accepted_at > instant, batches.c.accepted), else_=0)

    requests = case((batches.c.accepted_at > minute, 1), else_=0)
    query = (
        select(
            batches.c.provider,
            func.sum(since(minute)).label("minute"),
            func.sum(since(hour)).label("hour"),
            func.sum(since(day)).label("day"),
            func.sum(requests).label("requests"),
        )
        .where(batches.c.accepted_at > min(hour, day))
        .group_by(batches.c.provider)
    )
    return {row["provider"]: row for row in connection.execute(query).mappings()}


def accepted_in_all(connection: Connection) -> dict[str, int]:
    """Return how many deliveries each provider accepted since the beginning."""
    return {name: row["accepted"] for name, row in sums.by_provider(connection).items()}


def budget_rows(connection: Connection) -> dict[str, RowMapping]:
    """Return the budget rows by provider."""
    return {row["provider"]: row for row in connection.execute(select(budgets)).mappings()}


def next_hint(connection: Connection, courses: Collection[str]) -> RowMapping | None:
    """Return ``course`` and ``at`` of the next wake-up hint in these courses."""
    found = [row for course in courses if (row := _first_hint(connection, course)) is not None]
    return min(found, key=lambda row: row["at"], default=None)


def _first_hint(connection: Connection, course: str) -> RowMapping | None:
    """Return the next hint of one course: the first entry of the index."""
    query = (
        select(enrollments.c.course, enrollments.c.next_due.label("at"))
        .where(*HAS_HINT, enrollments.c.course == course)
        .order_by(enrollments.c.next_due)
        .limit(1)
    )
    return connection.execute(query).mappings().first()


def hints_by(connection: Connection, course: str, until: datetime) -> int:
    """Return how many hints of a course have come by then, at most :data:`MANY`."""
    some = (
        select(enrollments.c.id)
        .where(*HAS_HINT, enrollments.c.next_due <= until, enrollments.c.course == course)
        .limit(MANY)
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def next_batch(connection: Connection, blocked: Collection[str]) -> RowMapping | None:
    """Return the open batch that may be tried first: ``at``, collection, item, size.

    Args:
        blocked: Providers whose batches do not count.
    """
    return _next(connection, and_(IS_OPEN, batches.c.provider.not_in(blocked)))


def next_question(connection: Connection) -> RowMapping | None:
    """Return the unknown batch that is asked about first; like :func:`next_batch`."""
    return _next(connection, IS_UNKNOWN)


def _next(connection: Connection, condition: ColumnElement[bool]) -> RowMapping | None:
    query = (
        select(
            batches.c.next_try.label("at"),
            batches.c.collection,
            batches.c.item,
            batches.c.size,
            batches.c.members,
        )
        .where(condition)
        .order_by(batches.c.next_try)
        .limit(1)
    )
    return connection.execute(query).mappings().first()
