"""Who is on which course, since when, and when to look at them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    update,
)

from bypost.store import daily
from bypost.store.among import among
from bypost.store.engine import Connection
from bypost.store.schema import enrollments, subscribers

_PERSON = (
    subscribers.c.email_key,
    subscribers.c.time_zone,
    subscribers.c.hour,
)


class Due(NamedTuple):
    """An enrollment whose hint has come, with its person's clock; columns as in the tables.

    The first ones say who it is and when it began; those who stand alike agree in the others.
    """

    id: int
    subscriber_id: int
    email_key: str
    started_at: datetime
    course: str
    time_zone: str
    hour: str | None
    next_due: datetime
    paused_until: datetime | None
    pace: str
    asked_next_at: datetime | None
    asked_keeps: bool
    counts_from: datetime | None
    finished_at: datetime | None
    begins_with: str


#: Where the columns of :class:`Due` begin in which those agree who stand alike.
ALIKE = 4
#: Those of :class:`Due` that are the person's own; the others are the run's.
_OWN = {column.name: column for column in _PERSON}
_DUE = [_OWN[name] if name in _OWN else enrollments.c[name] for name in Due._fields]
#: Of one in so many the square root is due, and it costs as much to sort them for every chunk as
#: to look at everybody once (2026-11: SQLite sorts 2.5 million a second and passes 5 million).
_DENSE = 500
#: From so many rows on a statement for all of them is quicker than one for each.
_MANY = 20


def due(
    connection: Connection,
    courses: Sequence[str],
    *,
    now: datetime,
    after_id: int,
    limit: int,
    dense: bool = False,
) -> Sequence[Due]:
    """Return active enrollments whose hint has come, in key order, with their person's clock.

    Key order is also claim order: scattered writes cost three times as much (measured).

    Args:
        dense: Go by key and look at everybody: :func:`are_dense`. Else the index finds who is due,
            and all of them are sorted.
    """
    key = enrollments.c.id if dense else enrollments.c.id + literal_column("0")
    query = (
        select(*_DUE)
        .join(subscribers, subscribers.c.id == enrollments.c.subscriber_id)
        .where(
            *_hint_has_come(courses, now, by_index=not dense),
            key > after_id,
            subscribers.c.status == "confirmed",
        )
        .order_by(key)
        .limit(limit)
    )
    return [Due._make(row) for row in connection.execute(query).all()]


def are_dense(connection: Connection, courses: Sequence[str], now: datetime) -> bool:
    """Tell whether so many are due among all that looking at everybody finds them sooner."""
    come = select(func.count()).select_from(enrollments).where(*_hint_has_come(courses, now))
    number: int = connection.execute(come).scalar_one()
    last: int | None = connection.execute(select(func.max(enrollments.c.id))).scalar()
    return number * number > _DENSE * (last or 0)


def _hint_has_come(
    courses: Sequence[str], now: datetime, *, by_index: bool = True
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the index ``ix_enrollments_due``.

    Args:
        by_index: False: in words that keep SQLite from taking it, and from sorting all it finds.
    """
    course = enrollments.c.course if by_index else func.coalesce(enrollments.c.course, "")
    return (
        enrollments.c.status == literal_column("'active'"),
        course.in_(courses),
        enrollments.c.next_due.is_not(None),
        enrollments.c.next_due <= now,
    )


def next_hint(connection: Connection, courses: Sequence[str]) -> datetime | None:
    """Return the earliest wake-up hint in these courses; None where nothing is to come."""
    return min(filter(None, (_first_hint(connection, one) for one in courses)), default=None)


def _first_hint(connection: Connection, course: str) -> datetime | None:
    """Return the earliest hint of one course: the first entry of the index."""
    query = select(func.min(enrollments.c.next_due)).where(
        enrollments.c.status == literal_column("'active'"),
        enrollments.c.next_due.is_not(None),
        enrollments.c.course == course,
    )
    return connection.execute(query).scalar()


def set_hints(connection: Connection, hints: Sequence[tuple[int, datetime | None]]) -> None:
    """Write wake-up hints; a request for "the next one now" is answered by that."""
    alike: dict[datetime | None, list[int]] = {}
    for number, at in hints:
        alike.setdefault(at, []).append(number)
    alone: list[dict[str, Any]] = []
    for at, numbers in alike.items():
        if len(numbers) < _MANY:
            alone += [{"_id": one, "next_due": at, "asked_next_at": None} for one in numbers]
        else:
            statement = update(enrollments).where(among(connection, enrollments.c.id, numbers))
            connection.execute(statement.values(next_due=at, asked_next_at=None))
    _update_each(connection, alone)


def count_from(connection: Connection, instants: Sequence[tuple[int, datetime | None]]) -> None:
    """Write from when the next lesson is counted: (run, instant); None: from when it comes."""
    _update_each(connection, [{"_id": i, "counts_from": at} for i, at in instants])


def finish(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Mark runs as finished."""
    if not ids:
        return
    query = select(enrollments.c.course, func.count().label("number"))
    for row in connection.execute(
        query.where(enrollments.c.id.in_(ids)).group_by(enrollments.c.course)
    ):
        where = daily.course(row.course)
        daily.add(connection, now, daily.Kind.FINISHED, where, number=row.number)
    _update_each(
        connection,
        [{"_id": i, "status": "finished", "next_due": None, "finished_at": now} for i in ids],
    )


def any_in(connection: Connection, course: str) -> bool:
    """Tell whether somebody is in a course, or through with it."""
    query = select(enrollments.c.id).where(
        enrollments.c.course == course, enrollments.c.status.in_(("active", "finished"))
    )
    return connection.execute(query.limit(1)).first() is not None


def in_course(
    connection: Connection, course: str, *, after_id: int, limit: int
) -> Sequence[RowMapping]:
    """Return who is in a course or through with it, in key order, with their person's clock."""
    query = (
        select(enrollments, subscribers.c.email, *_PERSON)
        .join(subscribers, subscribers.c.id == enrollments.c.subscriber_id)
        .where(
            enrollments.c.id > after_id,
            enrollments.c.course == course,
            enrollments.c.status.in_(("active", "finished")),
            subscribers.c.status == "confirmed",
        )
        .order_by(enrollments.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def with_clock(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Return these runs with their person's clock."""
    query = (
        select(enrollments, *_PERSON)
        .join(subscribers, subscribers.c.id == enrollments.c.subscriber_id)
        .where(enrollments.c.id.in_(ids))
    )
    return connection.execute(query).mappings().all()


def look_again(connection: Connection, ids: Sequence[int]) -> None:
    """Let owing look at these runs with the next pass, as if nothing had been put off.

    A hint of now would count as such a postponement; the start of the run says nothing.
    """
    if ids:
        connection.execute(
            update(enrollments)
            .where(
                enrollments.c.id.in_(ids),
                enrollments.c.status == "active",
                enrollments.c.next_due.is_not(None),
            )
            .values(next_due=enrollments.c.started_at)
        )


def look_again_at(connection: Connection, subscriber_id: int) -> None:
    """Let owing look at everything that runs for a person with the next pass.

    Also at what was put off until further notice: it has no hint.
    """
    connection.execute(
        update(enrollments)
        .where(enrollments.c.subscriber_id == subscriber_id, enrollments.c.status == "active")
        .values(next_due=enrollments.c.started_at)
    )


def bring_back(connection: Connection, ids: Sequence[int]) -> None:
    """Let runs that were through go on."""
    if ids:
        connection.execute(
            update(enrollments)
            .where(enrollments.c.id.in_(ids), enrollments.c.status == "finished")
            .values(status="active", next_due=enrollments.c.started_at)
        )


def _update_each(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Update many rows by key, each with its own values."""
    if not rows:
        return
    statement = update(enrollments).where(enrollments.c.id == bindparam("_id"))
    names = [name for name in rows[0] if name != "_id"]
    connection.execute(statement.values({name: bindparam(name) for name in names}), rows)


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert runs; columns not named start empty."""
    empty = {"run": 1, "status": "active", "pace": "", "begins_with": ""}
    if rows:
        connection.execute(insert(enrollments), [{**empty, **row} for row in rows])
        joined = daily.Kind.JOINED
        daily.add_all(
            connection,
            (
                daily.Count(
                    day=daily.day_of(row["started_at"]),
                    kind=joined,
                    collection=daily.course(row["course"]),
                )
                for row in rows
            ),
        )


def change(connection: Connection, enrollment_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of one run."""
    connection.execute(
        update(enrollments).where(enrollments.c.id == enrollment_id).values(**values)
    )


def wake(connection: Connection, subscriber_ids: Sequence[int], now: datetime) -> None:
    """Let owing look at these people's active runs with the next pass."""
    if subscriber_ids:
        connection.execute(
            update(enrollments)
            .where(
                enrollments.c.subscriber_id.in_(subscriber_ids),
                enrollments.c.status == "active",
                enrollments.c.next_due.is_not(None),
            )
            .values(next_due=now)
        )


def of_subscribers(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Return every run of these people, oldest first."""
    query = select(enrollments).where(enrollments.c.subscriber_id.in_(ids))
    return connection.execute(query.order_by(enrollments.c.id)).mappings().all()


def by_id(connection: Connection, enrollment_id: int) -> RowMapping | None:
    """Return one run."""
    query = select(enrollments).where(enrollments.c.id == enrollment_id)
    return connection.execute(query).mappings().first()


def by_link(connection: Connection, link_id: bytes) -> RowMapping | None:
    """Return the run that a link in a mail names."""
    query = select(enrollments).where(enrollments.c.link_id == link_id)
    return connection.execute(query).mappings().first()


def leave(connection: Connection, enrollment_id: int, now: datetime) -> bool:
    """End a run; return False where it had ended by leaving before."""
    done = connection.execute(
        update(enrollments)
        .where(enrollments.c.id == enrollment_id, enrollments.c.status != "left")
        .values(status="left", left_at=now, next_due=None)
    )
    return done.rowcount == 1
