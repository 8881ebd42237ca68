"""Beginning a course anew: another run, after one that was finished or left."""

from __future__ import annotations

from datetime import datetime

from bypost.links import AddressHash
from bypost.people import join
from bypost.people.undo import OPEN
from bypost.store import (
    Connection,
    Row,
    consents,
    enrollments,
    subscribers,
    suppressions,
)

_NOTE = "began the course anew with the link of a mail"


def can_restart(run: Row, now: datetime) -> bool:
    """Tell whether a run can be followed by another one with the link of a mail alone.

    Whoever left some time ago asks with the form, which asks the address itself: mails are
    forwarded.
    """
    if run["status"] == "left":
        left_at: datetime | None = run["left_at"]
        return left_at is not None and left_at <= now < left_at + OPEN
    return bool(run["status"] == "finished")


def latest(connection: Connection, run: Row) -> Row:
    """Return the last run of the same person through the same course."""
    runs = enrollments.of_subscribers(connection, [run["subscriber_id"]])
    return max((r for r in runs if r["course"] == run["course"]), key=lambda r: int(r["run"]))


def restart(
    connection: Connection, run: Row, address_hash: AddressHash, *, now: datetime
) -> Row | None:
    """Begin the course anew and return the run that is going on; None where that cannot be.

    Pressed twice it begins once. The clock of the course starts now. Whose address bounced or
    complained gets no mail, and begins nothing.
    """
    last = latest(connection, run)
    if last["status"] == "active":
        return last
    person = subscribers.by_id(connection, run["subscriber_id"])
    if person is None or person["status"] != "confirmed" or not can_restart(last, now):
        return None
    hashed = address_hash(person["email_key"])
    if suppressions.find(connection, [hashed]).get(hashed) in suppressions.STOPS_NOTICES:
        return None
    purpose = f"course:{run['course']}"
    suppressions.lift_leaving(connection, hashed, [purpose])
    new = join.new_enrollment(
        subscriber_id=person["id"], course=run["course"], now=now, run=last["run"] + 1
    )
    enrollments.add_all(connection, [{**new, "pace": last["pace"]}])
    consent = join.new_consent(
        subscriber_id=person["id"], purpose=purpose, source="page", note=_NOTE, now=now
    )
    consents.add_all(connection, [consent])
    return enrollments.by_link(connection, new["link_id"])
