"""One thing done to one person, as it is done to everybody in an audience; twice is fine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bypost.links import AddressHash
from bypost.people import leave, tagging
from bypost.people.admit import Basis, NotAdmitted, enroll
from bypost.people.leave import Membership
from bypost.store import Connection, Row, enrollments, subscriptions

#: How whoever began by it is recorded, and whoever left by it.
SOURCE = "desk"


class Action(StrEnum):
    """What can be done for all of an audience."""

    ADD_TAG = "add_tag"
    REMOVE_TAG = "remove_tag"
    ENROLL = "enroll"  #: needs a statement of consent
    PAUSE = "pause"
    RESUME = "resume"
    LEAVE = "leave"


class Outcome(StrEnum):
    """What came of it for one person."""

    CHANGED = "changed"
    SAME = "same"  #: it was so already
    REFUSED = "refused"  #: it cannot be done for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done.

    Attributes:
        value: A tag; a course; ``course:NAME``, ``newsletter:NAME`` or ``everything`` to leave; a
            day ``YYYY-MM-DD`` until which to pause, empty for until further notice.
        statement: How they agreed, for what begins.
    """

    action: Action
    value: str
    statement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What it is done with."""

    address_hash: AddressHash
    now: datetime


Do = Callable[[Connection, Row, Order, Means], Outcome]


def _told(changed: bool) -> Outcome:
    return Outcome.CHANGED if changed else Outcome.SAME


def _add_tag(connection: Connection, person: Row, order: Order, _: Means) -> Outcome:
    return _told(tagging.add_tag(connection, person, order.value))


def _remove_tag(connection: Connection, person: Row, order: Order, _: Means) -> Outcome:
    return _told(tagging.remove_tag(connection, person, order.value))


def _enroll(connection: Connection, person: Row, order: Order, means: Means) -> Outcome:
    basis = Basis(
        statement=order.statement,
        address_hash=means.address_hash,
        now=means.now,
        source=SOURCE,
    )
    try:
        return _told(enroll(connection, person, order.value, basis)[1])
    except NotAdmitted:
        return Outcome.REFUSED


def _leave(connection: Connection, person: Row, order: Order, means: Means) -> Outcome:
    kind, _, name = order.value.partition(":")
    if kind == "everything":
        running = memberships(connection, person["id"])
        leave.leave_everything(
            connection, person["id"], means.address_hash, by=SOURCE, now=means.now
        )
        return _told(bool(running))
    left = [
        leave.leave(connection, member, by=SOURCE, now=means.now)
        for member in memberships(connection, person["id"])
        if (member.kind, member.name) == (kind, name)
    ]
    return _told(any(left))


def memberships(connection: Connection, subscriber_id: int) -> list[Membership]:
    """Return what somebody is on, or through with, and has not left."""
    runs = enrollments.of_subscribers(connection, [subscriber_id])
    letters = subscriptions.of_subscribers(connection, [subscriber_id])
    return [
        *(
            Membership("course", run["course"], run["id"], subscriber_id, left=False)
            for run in runs
            if run["status"] != "left"
        ),
        *(
            Membership("newsletter", row["newsletter"], row["id"], subscriber_id, left=False)
            for row in letters
            if row["status"] != "left"
        ),
    ]


#: What people can be done to in this layer; holds are another's.
ACTIONS: Mapping[Action, Do] = {
    Action.ADD_TAG: _add_tag,
    Action.REMOVE_TAG: _remove_tag,
    Action.ENROLL: _enroll,
    Action.LEAVE: _leave,
}
