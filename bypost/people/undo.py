"""Taking a leave back: within some days, by the person's own link, with one button."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from bypost.links import AddressHash
from bypost.people import join, pace
from bypost.people.leave import Membership
from bypost.store import (
    Connection,
    Row,
    binding,
    consents,
    daily,
    enrollments,
    subscribers,
    subscriptions,
    suppressions,
)

#: How long a leave can be taken back with the link alone. Mails get forwarded: later it takes the
#: form, which asks the address itself.
OPEN = timedelta(days=7)
#: How long "pause instead" pauses, and the pace of "slower instead".
PAUSE_WEEKS, SLOWER = 2, "7 days"


class Undone(StrEnum):
    """What came of taking a leave back."""

    DONE = "done"
    BEFORE = "before"  #: it was taken back already, or there was nothing to take back
    TOO_LATE = "too-late"


_NOTE = "took leaving back with the link of a mail"


def can_undo(connection: Connection, member: Membership, now: datetime) -> bool:
    """Tell whether the leave of a membership can be taken back."""
    row = _row(connection, member)
    return row is not None and _is_open(row["left_at"], now)


def undo(
    connection: Connection, member: Membership, address_hash: AddressHash, *, now: datetime
) -> Undone:
    """Take the leave of a membership back, with whatever ended in the same moment."""
    row = _row(connection, member)
    at = row["left_at"] if row is not None else None
    return _take_back(connection, member, at, address_hash, now)


def undo_everything(
    connection: Connection, member: Membership, address_hash: AddressHash, *, now: datetime
) -> Undone:
    """Take back that somebody left everything; what they had left before stays left."""
    person = subscribers.by_id(connection, member.subscriber_id)
    if person is None or not person["email_key"]:
        return Undone.TOO_LATE
    at = suppressions.left_at(connection, address_hash(person["email_key"]))
    return _take_back(connection, member, at, address_hash, now)


def _take_back(
    connection: Connection,
    member: Membership,
    left_at: datetime | None,
    address_hash: AddressHash,
    now: datetime,
) -> Undone:
    """Restore what ended at ``left_at``; a lesson that was cancelled for it is owed anew."""
    if left_at is None:
        return Undone.BEFORE
    person = subscribers.by_id(connection, member.subscriber_id)
    if person is None or not person["email_key"] or not _is_open(left_at, now):
        return Undone.TOO_LATE
    purposes = []
    for run in enrollments.of_subscribers(connection, [person["id"]]):
        if run["left_at"] == left_at:
            _go_on(connection, run, now)
            purposes.append(f"course:{run['course']}")
    for letter in subscriptions.of_subscribers(connection, [person["id"]]):
        if letter["left_at"] == left_at:
            subscriptions.rejoin(connection, letter["id"], now)
            purposes.append(f"newsletter:{letter['newsletter']}")
    suppressions.lift_leaving(connection, address_hash(person["email_key"]), purposes)
    shared = {"subscriber_id": person["id"], "source": "page", "note": _NOTE, "now": now}
    agreed = [join.new_consent(purpose=purpose, **shared) for purpose in purposes]
    consents.add_all(connection, agreed)
    for purpose in purposes:
        daily.add(connection, now, daily.Kind.RETURNED, purpose)
    return Undone.DONE


def _is_open(left_at: datetime | None, now: datetime) -> bool:
    return left_at is not None and left_at <= now < left_at + OPEN


def pause_instead(connection: Connection, member: Membership, now: datetime) -> None:
    """Pause a course that somebody has just come back to."""
    if run := enrollments.by_id(connection, member.row_id):
        pace.pause(connection, run, weeks=PAUSE_WEEKS, now=now)


def slower_instead(connection: Connection, member: Membership, now: datetime) -> None:
    """Slow down a course that somebody has just come back to."""
    if run := enrollments.by_id(connection, member.row_id):
        pace.set_pace(connection, run, pace=SLOWER, now=now)


def _go_on(connection: Connection, run: Row, now: datetime) -> None:
    """Let a run go on where it stopped; one that had finished is finished again."""
    binding.release(connection, run["id"])
    status, due = ("finished", None) if run["finished_at"] else ("active", now)
    enrollments.change(connection, run["id"], {"status": status, "next_due": due, "left_at": None})


def _row(connection: Connection, member: Membership) -> Row | None:
    find = enrollments.by_id if member.kind == "course" else subscriptions.by_id
    return find(connection, member.row_id)
