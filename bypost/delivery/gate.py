"""The last look before a first attempt: who left, was suppressed or paused meanwhile?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from bypost.delivery import answers, holds, issue_order
from bypost.delivery.context import Context
from bypost.delivery.holds import Holds, Kept
from bypost.delivery.issue_order import Order
from bypost.model.course import Kind
from bypost.store import Connection, Row, suppressions
from bypost.store.batch_members import Member, Standing

#: Whom the gate looks at: with or without what their mail is made of.
Who = TypeVar("Who", Standing, Member)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[Who]):
    """What the gate decided about the members of a batch.

    Attributes:
        go: Members that may be sent to, in order.
        cancelled: Delivery id -> why it is never sent.
        postponed: Members to be owed again later: they are held, their run is paused, or this
            batch has waited longer than the lateness limit, so that its hour and window are long
            over.
    """

    go: Sequence[Who]
    cancelled: Mapping[int, str]
    postponed: Sequence[Who]

    def agrees_with(self, other: Verdict[Any]) -> bool:
        """Tell whether the same members may go."""
        return [member.id for member in self.go] == [member.id for member in other.go]


def look(
    context: Context, connection: Connection, batch: Row, members: Sequence[Who], now: datetime
) -> Verdict[Who]:
    """Sort the members of a batch that was never attempted."""
    scope = f"{_SCOPE[batch['kind']]}:{batch['collection']}"
    hashes = {
        member.email_key: context.address_hash(member.email_key)
        for member in members
        if member.email_key
    }
    muted = suppressions.find(connection, list(hashes.values()), scope)
    cancelled: dict[int, str] = {}
    go: list[Who] = []
    postponed: list[Who] = []
    held = holds.read(connection, now, {member.subscriber_id for member in members})
    too_late = is_too_late(context, batch, now)
    order = _order(connection, batch)
    all_wait = too_late or _is_kept(context, held, batch, now) or waits_for(context, order, batch)
    for member in members:
        reason = _why_not(member, muted, hashes)
        if not reason and order is not None and order.is_cancelled:
            reason = order.words
        if not reason and member.kind == Kind.NOTICE:
            reason = answers.why_not(connection, member.request, now)
        if not reason and member.copy and too_late:
            reason = "it waited too long; it can be asked for again"
        if reason:
            cancelled[member.id] = reason
        elif member.copy:  # asked for by the person: neither pause nor hour keeps it back
            go.append(member)
        elif all_wait or _waits(context, held, batch, member, now):
            postponed.append(member)
        else:
            go.append(member)
    return Verdict(go, cancelled, postponed)


def is_too_late(context: Context, batch: Row, now: datetime) -> bool:
    """Tell whether a batch of lessons has waited until its hour and window are long over."""
    return bool(batch["kind"] == Kind.LESSON and now - batch["due_at"] > context.late)


def waits(context: Context, connection: Connection, batch: Row, now: datetime) -> bool:
    """Tell whether nobody in a batch may be sent to now: it is too late, or all of it is held.

    Of a cancelled issue nobody ever is.
    """
    held, order = holds.read(connection, now), _order(connection, batch)
    if waits_for(context, order, batch) or (order is not None and order.is_cancelled):
        return True
    return is_too_late(context, batch, now) or _is_kept(context, held, batch, now)


def is_paused(connection: Connection, batch: Row, now: datetime) -> bool:
    """Tell whether an issue is paused now, alone or with its newsletter."""
    order = _order(connection, batch)
    on = holds.read(connection, now).newsletter(batch["collection"]).hold
    return on is not None or (order is not None and order.is_paused)


def waits_for(context: Context, order: Order | None, batch: Row) -> bool:
    """Tell whether an operator's order stands against a batch of an issue.

    A pause that is over does where it lasted longer than the lateness limit: what waited for it is
    filed then. A shorter one leaves what was owed before it as it was, however long sending takes.
    """
    if order is None:
        return False
    lasted = order.paused_for(batch["due_at"])
    return order.is_paused or (lasted is not None and lasted > context.late)


def _order(connection: Connection, batch: Row) -> Order | None:
    """Return what was ordered about the issue in a batch; None for all that is no issue."""
    return issue_order.find(connection, batch["item"]) if batch["kind"] == Kind.ISSUE else None


def _waits(
    context: Context, held: Holds, batch: Row, member: Standing | Member, now: datetime
) -> bool:
    """Tell whether one member must wait: they paused, or are held."""
    if member.paused_until and member.paused_until > now:
        return True
    return bool(held.people) and _keeps(context, held.person(member.subscriber_id), batch, now)


def _is_kept(context: Context, held: Holds, batch: Row, now: datetime) -> bool:
    """Tell whether the course or the newsletter of a batch is held, or was meanwhile."""
    if batch["kind"] == Kind.NOTICE:
        return False
    find = held.course if batch["kind"] == Kind.LESSON else held.newsletter
    return _keeps(context, find(batch["collection"]), batch, now)


def _keeps(context: Context, kept: Kept, batch: Row, now: datetime) -> bool:
    """Tell whether a hold stands against a batch.

    One that is over counts as well: what waited for its end comes at the next opening, and an issue
    only within the lateness limit.
    """
    if batch["kind"] == Kind.NOTICE:
        return False
    if kept.hold is not None:
        return True
    if kept.ended is None or batch["due_at"] >= kept.ended:
        return False
    return bool(batch["kind"] == Kind.LESSON or now - batch["due_at"] > context.late)


_SCOPE = {Kind.LESSON: "course", Kind.ISSUE: "newsletter", Kind.NOTICE: "notice"}


def _why_not(
    member: Standing | Member, muted: Mapping[bytes, str], hashes: Mapping[str, bytes]
) -> str:
    """Return why a member must not be sent to; empty if nothing stands against it.

    Args:
        muted: Address hash -> why nothing may be sent there.
        hashes: Address -> its hash.
    """
    if member.email_key is None:
        return "the person was erased"
    suppressed = muted.get(hashes[member.email_key], "") if muted else ""
    if suppressed and (member.kind != Kind.NOTICE or suppressed in suppressions.STOPS_NOTICES):
        return f"the address is suppressed: {suppressed}"
    if member.kind == Kind.NOTICE:
        return ""
    if member.person_status != "confirmed":
        return "the person is not confirmed"
    if member.enrollment_status == "left":
        return "left the course"
    if member.subscription_status == "left":
        return "left the newsletter"
    return ""
