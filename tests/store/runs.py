"""Runs of courses as rows: who began when, what they had, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from bypost.store import Connection
from bypost.store.binding import FRESH
from bypost.store.schema import batches, contents, deliveries, enrollments, subscribers
from tests.conftest import MONDAY


def add_run(
    connection: Connection,
    *had: str,
    course: str = "letters",
    started_at: datetime = MONDAY,
    next_due: datetime | None = MONDAY,
    status: str = "active",
    **more: Any,
) -> int:
    """Add somebody who began a course and was owed these lessons; return the run's number."""
    number = connection.execute(select(func.count()).select_from(enrollments)).scalar_one() + 1
    email = f"p{number}@example.org"
    who = {"name": "", "time_zone": "", "hour": "", "status": "confirmed"}
    more_of_them: dict[str, Any] = {"tags": [], "attributes": {}, "own_choice": []}
    connection.execute(
        insert(subscribers).values(
            **who,
            **more_of_them,
            id=number,
            email=email,
            email_key=email,
            created_at=started_at,
        )
    )
    run = {"subscriber_id": number, "course": course, "run": 1, "status": status, "pace": ""}
    times = {"started_at": started_at, "next_due": next_due}
    link = number.to_bytes(16, "big")
    values = {**run, **times, "link_id": link, "asked_keeps": False, **more}
    made = connection.execute(insert(enrollments).values(**values).returning(enrollments.c.id))
    enrollment_id: int = made.scalar_one()
    for lesson in had:
        content_hash = add_text(connection, lesson, course=course)
        batch_id = add_batch(connection, content_hash, item=lesson, course=course)
        add_mail(connection, batch_id, enrollment_id, lesson)
    return enrollment_id


def add_text(
    connection: Connection,
    lesson: str,
    version: int = 1,
    *,
    course: str = "letters",
    at: datetime = MONDAY,
    kind: str = "lesson",
) -> str:
    """Store a text of a lesson, unless it is there; return its hash."""
    content_hash = f"{kind}-{course}-{lesson}-{version}"
    known = select(contents.c.hash).where(contents.c.hash == content_hash)
    if connection.execute(known).first() is None:
        title = f"{lesson}, version {version}"
        names = {"kind": kind, "collection": course, "item": lesson, "title": title}
        connection.execute(
            insert(contents).values(hash=content_hash, body=b"", created_at=at, **names)
        )
    return content_hash


def add_batch(
    connection: Connection,
    content_hash: str,
    *,
    item: str,
    course: str = "letters",
    accepted: int = 1,
    at: datetime | None = MONDAY,
    kind: str = "lesson",
) -> int:
    """Add a request; without an instant it was not accepted yet. Return its number."""
    state = "pending" if at is None else "settled"
    names = {"kind": kind, "collection": course, "item": item, "content_hash": content_hash}
    numbers = {"size": max(accepted, 1), "accepted": 0 if at is None else accepted}
    values = {**FRESH, **names, **numbers, "state": state, "accepted_at": at}
    times = {"due_at": at or MONDAY, "next_try": at or MONDAY}
    made = connection.execute(
        insert(batches).values(provider="outbox", **values, **times).returning(batches.c.id)
    )
    number: int = made.scalar_one()
    return number


def add_mail(
    connection: Connection, batch_id: int, enrollment_id: int, lesson: str, copy: int = 0
) -> None:
    """Owe a lesson to a run."""
    who = select(enrollments.c.subscriber_id).where(enrollments.c.id == enrollment_id)
    connection.execute(
        insert(deliveries).values(
            batch_id=batch_id,
            subscriber_id=who.scalar_subquery(),
            enrollment_id=enrollment_id,
            kind="lesson",
            item=lesson,
            copy=copy,
            request="",
        )
    )


def change_run(connection: Connection, enrollment_id: int, **values: Any) -> None:
    """Change columns of a run."""
    connection.execute(
        update(enrollments).where(enrollments.c.id == enrollment_id).values(**values)
    )


def standing_rows(rows: Sequence[Any]) -> set[tuple[Any, ...]]:
    """Return what was counted, without the number of the count."""
    names = ("course", "week", "fate", "lesson", "days", "number")
    return {tuple(row[name] for name in names) for row in rows}
