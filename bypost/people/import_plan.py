"""What a chunk of rows changes, gathered and written in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bypost.links import AddressHash
from bypost.people import import_record, leave
from bypost.store import (
    Connection,
    consents,
    enrollments,
    import_changes,
    subscribers,
    subscriptions,
    suppressions,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks for."""

    courses: tuple[str, ...]
    newsletters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Memberships:
    """What a person is or was on; whoever was once on something is never put there again.

    Attributes:
        left: Those of both kinds that ended by leaving, as ``course:NAME``.
    """

    courses: frozenset[str]
    newsletters: frozenset[str]
    left: frozenset[str]


@dataclass(slots=True)
class Effect:
    """What one row does to somebody who is there.

    Attributes:
        fields: What changes, ``status`` among them.
        kept: What stays, because they set it themselves.
        begun: Courses and newsletters, as ``course:NAME``.
        ended: Everything ends for them.
        refused: Why they are not put on what the row asks for; empty if nothing stands against it.
    """

    fields: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    ended: bool = False
    refused: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Tell whether anything changes."""
        return bool(self.fields or self.begun or self.ended)


@dataclass(slots=True)
class Plan:
    """Rows to be written together.

    Attributes:
        begins_with: Course -> the lesson with which new runs begin, if not with the first.
        note: What is kept as evidence where a row says nothing itself.
        done: What each row of somebody who was there changed, to be taken back by.
    """

    now: datetime
    next_id: int
    begins_with: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    people: list[dict[str, Any]] = field(default_factory=list)
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    stops: list[dict[str, Any]] = field(default_factory=list)
    records: import_record.Records = field(default_factory=import_record.Records)
    moved: list[int] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)

    def write(self, connection: Connection, address_hash: AddressHash) -> None:
        """Write everything; subscriber, enrollment, consent and first hint commit together."""
        subscribers.add_all(connection, self.people)
        subscribers.change_all(connection, self.changes)
        enrollments.add_all(connection, self.runs)
        subscriptions.add_all(connection, self.subscriptions)
        consents.add_all(connection, self.consents)
        self.records.write(connection)
        for stop in self.stops:
            suppressions.add(connection, **stop)
        for subscriber_id in self.leaving:
            leave.leave_everything(connection, subscriber_id, address_hash, by="csv", now=self.now)
        # A hint may never be later than the true instant, and another zone can make that earlier.
        enrollments.wake(connection, self.moved, self.now)

    def remember(self, connection: Connection, import_id: int) -> None:
        """Write down what was done, so that it can be taken back."""
        added = [person["id"] for person in self.people]
        rows = [{"what": "changed", **one} for one in self.done]
        if added:
            ends = {"first_id": min(added), "last_id": max(added), "before": None, "after": None}
            rows.append({"what": "added", **ends})
        import_changes.add_all(connection, import_id, rows)

    def stop(self, address: bytes, reason: str) -> None:
        """Plan that nothing is sent to an address any more."""
        self.stops.append(
            {"address_hash": address, "reason": reason, "now": self.now, "detail": "csv"}
        )


def memberships(connection: Connection, ids: Sequence[int]) -> dict[int, Memberships]:
    """Return what these people are or were on."""
    courses: dict[int, set[str]] = {i: set() for i in ids}
    newsletters: dict[int, set[str]] = {i: set() for i in ids}
    left: dict[int, set[str]] = {i: set() for i in ids}
    for found, key, rows in (
        (courses, "course", enrollments.of_subscribers(connection, ids)),
        (newsletters, "newsletter", subscriptions.of_subscribers(connection, ids)),
    ):
        for row in rows:
            found[row["subscriber_id"]].add(row[key])
            if row["status"] == "left":
                left[row["subscriber_id"]].add(f"{key}:{row[key]}")
    return {
        i: Memberships(frozenset(courses[i]), frozenset(newsletters[i]), frozenset(left[i]))
        for i in ids
    }
