"""What one CSV row changes, gathered into a plan that is written in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bypost.links import AddressHash
from bypost.people import join, leave
from bypost.people.csv_rows import Row
from bypost.store import Connection, consents, enrollments, subscribers, subscriptions
from bypost.store import Row as Record

#: Cells that become columns of the person, if the person did not set them.
_PERSONAL = ("name", "time_zone")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks for."""

    courses: tuple[str, ...]
    newsletters: tuple[str, ...]


#: What a row may ask for whose person left everything, bounced or complained.
NOTHING = Wanted((), ())


@dataclass(frozen=True, slots=True)
class Memberships:
    """What a person is or was on; whoever was once on something is never put there again."""

    courses: frozenset[str]
    newsletters: frozenset[str]


@dataclass(slots=True)
class Plan:
    """Rows to be written together."""

    now: datetime
    next_id: int
    people: list[dict[str, Any]] = field(default_factory=list)
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)

    def write(self, connection: Connection, address_hash: AddressHash) -> None:
        """Write everything; subscriber, enrollment, consent and first hint commit together."""
        subscribers.add_all(connection, self.people)
        for subscriber_id, values in self.changes:
            subscribers.change(connection, subscriber_id, values)
        enrollments.add_all(connection, self.runs)
        subscriptions.add_all(connection, self.subscriptions)
        consents.add_all(connection, self.consents)
        for subscriber_id in self.leaving:
            leave.leave_everything(connection, subscriber_id, address_hash, by="csv", now=self.now)


def memberships(connection: Connection, ids: Sequence[int]) -> dict[int, Memberships]:
    """Return what these people are or were on."""
    courses: dict[int, set[str]] = {i: set() for i in ids}
    newsletters: dict[int, set[str]] = {i: set() for i in ids}
    for run in enrollments.of_subscribers(connection, ids):
        courses[run["subscriber_id"]].add(run["course"])
    for row in subscriptions.of_subscribers(connection, ids):
        newsletters[row["subscriber_id"]].add(row["newsletter"])
    return {i: Memberships(frozenset(courses[i]), frozenset(newsletters[i])) for i in ids}


def add(plan: Plan, row: Row, wanted: Wanted) -> None:
    """Plan a new person."""
    subscriber_id = plan.next_id
    plan.next_id += 1
    plan.people.append(
        join.new_subscriber(
            subscriber_id=subscriber_id,
            email=row.email,
            name=row.name,
            time_zone=row.time_zone,
            status="unconfirmed" if row.status == "unconfirmed" else "confirmed",
            now=plan.now,
            tags=row.tags,
            attributes=row.attributes,
            csv_cells=row.cells,
        )
    )
    if row.status == "left":
        plan.leaving.append(subscriber_id)
    elif row.status == "confirmed":
        _join(plan, row, subscriber_id, wanted.courses, wanted.newsletters)


def update(plan: Plan, row: Row, person: Record, known: Memberships, wanted: Wanted) -> bool:
    """Plan what changed in a person's row; return whether anything did."""
    before: Mapping[str, str] = person["csv_cells"] or {}
    if person["csv_cells"] is not None and before == row.cells:
        return _newly_meant(plan, row, person, known, wanted)
    touched = {name for name in {*row.cells, *before} if row.cells.get(name) != before.get(name)}
    values: dict[str, Any] = {"csv_cells": dict(row.cells)}
    free = touched - set(person["own_choice"])
    values |= {name: getattr(row, name) for name in _PERSONAL if name in free}
    if "tags" in free:
        values["tags"] = list(row.tags)
    if free & set(row.attributes):
        values["attributes"] = {**person["attributes"], **row.attributes}
    _change_status(plan, row, person, known, wanted, values, touched)
    plan.changes.append((person["id"], values))
    return True


def _change_status(
    plan: Plan,
    row: Row,
    person: Record,
    known: Memberships,
    wanted: Wanted,
    values: dict[str, Any],
    touched: set[str],
) -> None:
    """Plan what the cells ``status``, ``courses`` and ``newsletters`` ask for."""
    if row.status == "left":
        if "status" in touched:
            plan.leaving.append(person["id"])
        return
    if row.status == "unconfirmed":
        return
    if person["status"] == "unconfirmed":
        values |= {"status": "confirmed", "confirmed_at": plan.now}
    _join(
        plan,
        row,
        person["id"],
        [name for name in wanted.courses if name not in known.courses],
        [name for name in wanted.newsletters if name not in known.newsletters],
    )
    old = person["csv_cells"] or {}
    if old.get("status") == "left" and "status" in touched:
        plan.notes.append((row.line, "left before; a row does not bring anybody back"))


def _newly_meant(plan: Plan, row: Row, person: Record, known: Memberships, wanted: Wanted) -> bool:
    """Plan what an unchanged row means anew, because the defaults for blank cells changed."""
    if row.status != "confirmed" or person["status"] != "confirmed":
        return False
    courses = [] if row.courses else [n for n in wanted.courses if n not in known.courses]
    letters = (
        [] if row.newsletters else [n for n in wanted.newsletters if n not in known.newsletters]
    )
    _join(plan, row, person["id"], courses, letters)
    return bool(courses or letters)


def _join(
    plan: Plan, row: Row, subscriber_id: int, courses: Sequence[str], newsletters: Sequence[str]
) -> None:
    """Plan enrollments and subscriptions, each with the evidence of its consent."""
    plan.runs += [
        join.new_enrollment(subscriber_id=subscriber_id, course=name, now=plan.now)
        for name in courses
    ]
    plan.subscriptions += [
        join.new_subscription(subscriber_id=subscriber_id, newsletter=name, now=plan.now)
        for name in newsletters
    ]
    purposes = [f"course:{n}" for n in courses] + [f"newsletter:{n}" for n in newsletters]
    plan.consents += [
        join.new_consent(
            subscriber_id=subscriber_id,
            purpose=purpose,
            source="csv",
            note=row.consent_note,
            now=plan.now,
        )
        for purpose in purposes
    ]
