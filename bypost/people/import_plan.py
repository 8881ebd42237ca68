"""What a chunk of rows changes, gathered and written in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bypost.links import AddressHash
from bypost.people import import_record, leave
from bypost.people.link_ids import LinkIds
from bypost.store import (
    Connection,
    enrollments,
    import_changes,
    known_people,
    newcomers,
    subscribers,
)
from bypost.store.schema.base import microseconds


@dataclass(slots=True)
class Wanted:
    """What a row asks for.

    Attributes:
        purposes: The same as consent names it, ``course:NAME``.
    """

    courses: tuple[str, ...]
    newsletters: tuple[str, ...]
    purposes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        courses = [f"course:{name}" for name in self.courses]
        self.purposes = (*courses, *(f"newsletter:{name}" for name in self.newsletters))


@dataclass(frozen=True, slots=True)
class Memberships:
    """What a person is or was on; whoever was once on something is never put there again.

    Attributes:
        left: Those of both kinds that ended by leaving, as ``course:NAME``.
    """

    courses: set[str] = field(default_factory=set)
    newsletters: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


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
        first_id: The number of the first new person; the others follow.
        at: ``now`` as it is kept.
        links: Ids for the links of what begins.
        added: New people so far.
        begins_with: Course -> the lesson with which new runs begin, if not with the first.
        note: What is kept as evidence where a row says nothing itself.
        done: What each row of somebody who was there changed, to be taken back by.
    """

    now: datetime
    first_id: int
    links: LinkIds = field(default_factory=LinkIds)
    begins_with: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    added: int = 0
    people: list[newcomers.Person] = field(default_factory=list)
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    runs: list[newcomers.Run] = field(default_factory=list)
    letters: list[newcomers.Letter] = field(default_factory=list)
    consents: list[newcomers.Consent] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    stops: list[newcomers.Stop] = field(default_factory=list)
    records: import_record.Records = field(default_factory=import_record.Records)
    moved: list[int] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)
    at: int = field(init=False)

    def __post_init__(self) -> None:
        self.at = microseconds(self.now)

    def write(self, connection: Connection, address_hash: AddressHash) -> None:
        """Write everything; subscriber, enrollment, consent and first hint commit together."""
        newcomers.add_people(connection, self.people)
        self.records.write_people(connection)
        subscribers.change_all(connection, self.changes)
        newcomers.add_runs(connection, self.runs, self.now)
        newcomers.add_letters(connection, self.letters, self.now)
        newcomers.add_consents(connection, self.consents)
        self.records.write(connection)
        newcomers.add_stops(connection, self.stops)
        for subscriber_id in self.leaving:
            leave.leave_everything(connection, subscriber_id, address_hash, by="csv", now=self.now)
        # A hint may never be later than the true instant, and another zone can make that earlier.
        enrollments.wake(connection, self.moved, self.now)

    def remember(self, connection: Connection, import_id: int) -> None:
        """Write down what was done, so that it can be taken back."""
        rows = [{"what": "changed", **one} for one in self.done]
        if self.added:
            ends = {"first_id": self.first_id, "last_id": self.first_id + self.added - 1}
            rows.append({"what": "added", **ends, "before": None, "after": None})
        import_changes.add_all(connection, import_id, rows)

    def new_id(self) -> int:
        """Return the number of one more new person."""
        self.added += 1
        return self.first_id + self.added - 1

    def stop(self, address: bytes, reason: str) -> None:
        """Plan that nothing is sent to an address any more."""
        self.stops.append((address, reason, self.at))


def memberships(connection: Connection, ids: Sequence[int]) -> dict[int, Memberships]:
    """Return what these people are or were on; who is on nothing is left out."""
    found: dict[int, Memberships] = {}
    for key, rows in (
        ("course", known_people.runs(connection, ids)),
        ("newsletter", known_people.letters(connection, ids)),
    ):
        for number, name, status in rows:
            theirs = found.get(number) or found.setdefault(number, Memberships())
            (theirs.courses if key == "course" else theirs.newsletters).add(name)
            if status == "left":
                theirs.left.add(f"{key}:{name}")
    return found
