"""Leaving: one course, one newsletter, or everything. At once, and twice is fine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bypost.links import AddressHash
from bypost.store import (
    Connection,
    consents,
    daily,
    enrollments,
    ledger,
    subscribers,
    subscriptions,
    suppressions,
)


@dataclass(frozen=True, slots=True)
class Membership:
    """What a link in a mail names.

    Attributes:
        kind: ``course`` or ``newsletter``.
        name: Its folder name.
        left: Whether it has ended by leaving.
    """

    kind: str
    name: str
    row_id: int
    subscriber_id: int
    left: bool


def find(connection: Connection, link_id: bytes) -> Membership | None:
    """Return what a link id names; None where it names nothing, or an erased person's."""
    run = enrollments.by_link(connection, link_id)
    if run is not None:
        if _is_erased(connection, run["subscriber_id"]):
            return None
        left = run["status"] == "left"
        return Membership("course", run["course"], run["id"], run["subscriber_id"], left)
    row = subscriptions.by_link(connection, link_id)
    if row is not None and not _is_erased(connection, row["subscriber_id"]):
        left = row["status"] == "left"
        return Membership("newsletter", row["newsletter"], row["id"], row["subscriber_id"], left)
    return None


def _is_erased(connection: Connection, subscriber_id: int) -> bool:
    person = subscribers.by_id(connection, subscriber_id)
    return person is None or person["status"] == "erased"


def leave(connection: Connection, member: Membership, *, by: str, now: datetime) -> bool:
    """End one membership; return False if it had ended before."""
    end = enrollments.leave if member.kind == "course" else subscriptions.leave
    if not end(connection, member.row_id, now):
        return False
    purpose = f"{member.kind}:{member.name}"
    consents.withdraw(connection, member.subscriber_id, purpose, by=by, now=now)
    which = {"course": "enrollment_id", "newsletter": "subscription_id"}[member.kind]
    last = ledger.last_item(connection, member.subscriber_id, **{which: member.row_id})
    daily.add(connection, now, daily.Kind.LEFT, purpose, item=last, label=by)
    return True


def leave_everything(
    connection: Connection,
    subscriber_id: int,
    address_hash: AddressHash,
    *,
    by: str,
    now: datetime,
) -> None:
    """End all memberships, and remember the address: no import revives it."""
    person = subscribers.by_id(connection, subscriber_id)
    for run in enrollments.of_subscribers(connection, [subscriber_id]):
        member = Membership("course", run["course"], run["id"], subscriber_id, left=False)
        leave(connection, member, by=by, now=now)
    for row in subscriptions.of_subscribers(connection, [subscriber_id]):
        member = Membership("newsletter", row["newsletter"], row["id"], subscriber_id, left=False)
        leave(connection, member, by=by, now=now)
    if person is not None and person["email_key"]:
        suppressions.add(
            connection, address_hash(person["email_key"]), reason="left", now=now, detail=by
        )
