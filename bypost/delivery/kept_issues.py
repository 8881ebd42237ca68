"""Issues that a cap keeps back from some people: bound for a later day, looked at again then.

They are owed like all others, in a batch that may not be tried before that day. Until then it
counts for nobody (``batches.held`` is set); when it comes, whoever has room stays in it, and it is
a batch like any other from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Generic, TypeVar

from bypost.delivery.caps import Filed, Held
from bypost.delivery.context import Context
from bypost.delivery.owe import batch_size, in_parts
from bypost.delivery.room import Due, Room
from bypost.store import Connection, Row, batch_members, binding, ledger
from bypost.store import caps as store

_Member = TypeVar("_Member")


@dataclass(slots=True)
class _Sorted(Generic[_Member]):
    """Members, or their deliveries, by what becomes of their issue."""

    go: list[_Member] = field(default_factory=list)
    held: dict[Held, list[_Member]] = field(default_factory=dict)
    filed: dict[Filed, list[_Member]] = field(default_factory=dict)

    def add(self, member: _Member, answer: Held | Filed | None) -> None:
        match answer:
            case None:
                self.go.append(member)
            case Held():
                self.held.setdefault(answer, []).append(member)
            case Filed():
                self.filed.setdefault(answer, []).append(member)


def owe(
    context: Context,
    connection: Connection,
    batch: Mapping[str, Any],
    people: Sequence[Row],
    *,
    hour: time,
    home: str,
    now: datetime,
) -> None:
    """Owe an issue to people whose instant has come: now, or for the day on which they have room.

    Args:
        batch: As for :func:`bypost.store.binding.owe`.
        hour: At which it goes on another day.
        home: Time zone of people without one of their own.
    """
    held = {"since": batch["due_at"].isoformat(), "hour": f"{hour:%H:%M}", "zone": home}
    zones = {row["subscriber_id"]: row["time_zone"] for row in people}
    room = Room(context, connection, zones, now)
    due = _due(batch["collection"], held)
    found = _Sorted[Mapping[str, Any]]()
    for row in people:
        member = {"subscriber_id": row["subscriber_id"], "subscription_id": row["id"]}
        found.add(member, room.issue(row["subscriber_id"], due))
    size = batch_size(context)
    for part in in_parts(found.go, size):
        binding.owe(connection, batch, part, now=now)
    for answer, members in found.held.items():
        later = {**batch, "due_at": answer.until, "held": held, "detail": answer.words}
        for part in in_parts(members, size):
            binding.owe(connection, later, part, now=answer.until)
    for filed, members in found.filed.items():
        for part in in_parts(members, size):
            number = binding.owe(connection, batch, part, now=now)
            ids = batch_members.ids(connection, number)
            _cancel(connection, ids, filed)
            store.let_go(connection, number, moved=0, cancelled=len(ids))


def sift(context: Context, connection: Connection, batch: Row, now: datetime) -> bool:
    """Look again at a batch that was kept back and whose day has come.

    Returns:
        Whether somebody is left in it to send to.
    """
    held = batch["held"]
    members = batch_members.of(connection, batch["id"])
    zones = {member.subscriber_id: member.time_zone for member in members}
    room = Room(context, connection, zones, now)
    too_late = now - batch["due_at"] > context.late
    due = _due(batch["collection"], held)
    found = _Sorted[int]()
    for member in members:
        answer = room.issue(member.subscriber_id, due, number=member.id, too_late=too_late)
        found.add(member.id, answer)
    moved = cancelled = 0
    for later, ids in found.held.items():
        store.keep_back(connection, batch, ids, until=later.until, held=held, why=later.words)
        moved += len(ids)
    for filed, ids in found.filed.items():
        _cancel(connection, ids, filed)
        cancelled += len(ids)
    return store.let_go(connection, batch["id"], moved=moved, cancelled=cancelled) > 0


def _cancel(connection: Connection, ids: Sequence[int], filed: Filed) -> None:
    ledger.except_deliveries(connection, [(i, "cancelled", filed.words) for i in ids])


def _due(newsletter: str, held: Mapping[str, str]) -> Due:
    since, hour = datetime.fromisoformat(held["since"]), time.fromisoformat(held["hour"])
    return Due(newsletter, since, hour, held["zone"])
