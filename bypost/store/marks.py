"""Lessons that somebody marked as done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import lesson_marks


def add(connection: Connection, enrollment_id: int, item: str, now: datetime) -> bool:
    """Mark a lesson; return False where it was marked before."""
    values = {"enrollment_id": enrollment_id, "item": item, "at": now}
    return add_once(connection, lesson_marks, values)


def of_run(connection: Connection, enrollment_id: int) -> dict[str, datetime]:
    """Return the lessons a run has marked, and when."""
    query = select(lesson_marks.c.item, lesson_marks.c.at).where(
        lesson_marks.c.enrollment_id == enrollment_id
    )
    return {row.item: row.at for row in connection.execute(query)}
