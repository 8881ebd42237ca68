"""Going past a lesson: it counts as had, without a mail; the one after it comes in its place."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bypost.model.course import Kind
from bypost.people import pace
from bypost.store import Connection, Row, binding, enrollments, ledger


class Skipped(StrEnum):
    """What became of the wish to go past a lesson."""

    DONE = "skipped"
    ON_ITS_WAY = "on-its-way"  #: it is being sent already, or another one comes next by now
    ENDED = "ended"


def skip(
    connection: Connection,
    run: Row,
    *,
    lesson: str,
    content_hash: str,
    after: str | None,
    provider: str,
    now: datetime,
) -> Skipped:
    """Count a lesson as had.

    Args:
        run: The enrollment as it is in this transaction.
        lesson: The one that comes next, with its content.
        after: The last lesson the person had when they said so: a button pressed twice skips once.
        provider: Who would have carried it.
    """
    if run["status"] != "active":
        return Skipped.ENDED
    past = ledger.history(connection, [run["id"]]).get(run["id"], [])
    states = [row["state"] or row["batch_state"] for row in past]
    known = any(row["item"] == lesson for row in past)
    if known or after != pace.last_lesson(past) or any(state in ledger.OPEN for state in states):
        return Skipped.ON_ITS_WAY
    batch = {
        "provider": provider,
        "kind": Kind.LESSON,
        "collection": run["course"],
        "item": lesson,
        "content_hash": content_hash,
        "due_at": now,
    }
    member = {"subscriber_id": run["subscriber_id"], "enrollment_id": run["id"]}
    binding.record_skip(connection, batch, member)
    # Whoever asked for this very lesson has thought better of it.
    enrollments.change(connection, run["id"], {"next_due": now, "asked_next_at": None})
    return Skipped.DONE
