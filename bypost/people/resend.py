"""One lesson once more: a copy of the mail, because the person asked for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from bypost.store import Connection, Row, binding, ledger

#: How many copies somebody may have within a day.
MOST_A_DAY = 3
_DAY = timedelta(hours=24)


class Resent(StrEnum):
    """What became of a request for a lesson once more."""

    OWED = "resent"  #: it leaves with the next pass
    ON_ITS_WAY = "copy-on-its-way"  #: a copy of it is about to leave, or has just left
    ENOUGH = "enough-copies"
    UNKNOWN = "no-such-lesson"  #: they never had that lesson


def resend(
    connection: Connection, run: Row, *, lesson: str, seen: int, provider: str, now: datetime
) -> Resent:
    """Owe a copy of a lesson, the same text as the first time; the course does not move by it.

    Args:
        run: The enrollment as it is in this transaction.
        seen: Copies of this lesson when the person asked: the button pressed twice asks once.
        provider: Who is to carry it.
    """
    first = ledger.first_copy(connection, run["id"], lesson)
    if first is None or not was_had(first):
        return Resent.UNKNOWN
    copies = ledger.copies(connection, run["id"])
    mine = [row for row in copies if row["item"] == lesson]
    if len(mine) != seen or any(_is_open(row) for row in mine):
        return Resent.ON_ITS_WAY
    if sum(row["due_at"] > now - _DAY for row in copies) >= MOST_A_DAY:
        return Resent.ENOUGH
    batch = {name: first[name] for name in binding.CONTENT}
    member = {
        "subscriber_id": run["subscriber_id"],
        "enrollment_id": run["id"],
        "copy": max((row["copy"] for row in mine), default=0) + 1,
    }
    binding.owe(connection, {**batch, "provider": provider, "due_at": now}, [member], now=now)
    return Resent.OWED


def was_had(first: Row) -> bool:
    """Tell whether a lesson was taken over for the person."""
    return (first["own_state"] or first["state"]) in {"settled", "accepted"}


def _is_open(row: Row) -> bool:
    return row["state"] is None and row["batch_state"] in ledger.OPEN
