"""Marking a lesson as done: the person says so with a button, and nothing else follows from it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bypost.people.resend import was_had
from bypost.store import Connection, Row, daily, ledger, marks


class Marked(StrEnum):
    """What came of pressing the button."""

    DONE = "done"
    BEFORE = "before"  #: it was pressed before: as good as the first time
    UNKNOWN = "no-such-lesson"  #: they never had that lesson


def can_mark(connection: Connection, run: Row, lesson: str) -> bool:
    """Tell whether somebody had a lesson."""
    first = ledger.first_copy(connection, run["id"], lesson)
    return first is not None and was_had(first)


def mark(connection: Connection, run: Row, lesson: str, *, now: datetime) -> Marked:
    """Mark a lesson as done and count it; twice is fine."""
    if not can_mark(connection, run, lesson):
        return Marked.UNKNOWN
    if not marks.add(connection, run["id"], lesson, now):
        return Marked.BEFORE
    daily.add(connection, now, daily.Kind.DONE, daily.course(run["course"]), item=lesson)
    return Marked.DONE
