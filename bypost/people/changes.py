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
#: Cells that name what a person is to be on.
_LISTS = ("courses", "newsletters")


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
class Plan:
    """Rows to be written together.

    Attributes:
        begins_with: Course -> the lesson with which new runs begin, if not with the first.
    """

    now: datetime
    next_id: int
    begins_with: Mapping[str, str] = field(default_factory=dict)
    people: list[dict[str, Any]] = field(default_factory=list)
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
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
        # A hint may never be later than the true instant, and another zone can make that earlier.
        enrollments.wake(connection, self.moved, self.now)


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


def add(plan: Plan, row: Row, wanted: Wanted, file: str) -> None:
    """Plan a new person; ``file`` names the file whose cells are compared next time."""
    subscriber_id = plan.next_id
    plan.next_id += 1
    plan.people.append(
        join.new_subscriber(
            subscriber_id=subscriber_id,
            email=row.email,
            name=row.name,
            time_zone=row.time_zone,
            # Whoever is noted as gone has confirmed nothing.
            status="confirmed" if row.status == "confirmed" else "unconfirmed",
            now=plan.now,
            tags=row.tags,
            attributes=row.attributes,
            csv_cells={file: row.cells} if file else None,
        )
    )
    if row.status == "left":
        plan.leaving.append(subscriber_id)
    elif row.status == "confirmed":
        _join(plan, row, subscriber_id, wanted)


def update(
    plan: Plan,
    row: Row,
    person: Record,
    known: Memberships,
    wanted: Wanted,
    *,
    file: str,
    suppressed: str,
) -> bool:
    """Plan what a row changes in a person; return whether anything does.

    Args:
        file: Where the row stands: cells are compared with those of the same file's last sync.
            Empty for a row that stands nowhere; then every cell acts.
        suppressed: Why nothing is sent to the address; empty if nothing stands against it.
    """
    synced: Mapping[str, Mapping[str, str]] = person["csv_cells"] or {}
    before = synced.get(file, {})
    # A column that is not there says nothing, and a blank cell that was never filled neither.
    touched = {name for name, cell in row.cells.items() if cell != before.get(name, "")}
    values = _personal(row, person, touched - set(person["own_choice"]))
    if "time_zone" in values:
        plan.moved.append(person["id"])
    ended = _leaves(plan, row, person, touched, first=file not in synced, suppressed=suppressed)
    joined = False
    if row.status == "confirmed" and not suppressed:
        if person["status"] == "unconfirmed" and (file not in synced or "status" in touched):
            values |= {"status": "confirmed", "confirmed_at": plan.now}
        if "confirmed" in (person["status"], values.get("status")):
            confirming = "status" in values
            new = _new(row, known, wanted, touched, before, confirming=confirming)
            joined = _join(plan, row, person["id"], new)
            _note_left(plan, row, known, touched)
    changed = bool(values) or ended or joined
    cells = _remembered(before, row.cells)
    if file and before != cells:
        values["csv_cells"] = {**synced, file: cells}
    if values:
        plan.changes.append((person["id"], values))
    return changed


def _remembered(before: Mapping[str, str], cells: Mapping[str, str]) -> dict[str, str]:
    """Return the cells to compare with next time.

    A list that was emptied is remembered as it was: it never turns into the usual courses.
    """
    lists = {name: before[name] for name in _LISTS if before.get(name) and not cells.get(name)}
    return {**before, **cells, **lists}


def _personal(row: Row, person: Record, acting: set[str]) -> dict[str, Any]:
    """Return the person's columns that the acting cells change."""
    wanted: dict[str, Any] = {name: getattr(row, name) for name in _PERSONAL if name in acting}
    if "tags" in acting:
        wanted["tags"] = list(row.tags)
    further = {name: row.attributes[name] for name in acting if name in row.attributes}
    if further:
        wanted["attributes"] = {**person["attributes"], **further}
    return {name: value for name, value in wanted.items() if value != person[name]}


def _leaves(
    plan: Plan, row: Row, person: Record, touched: set[str], *, first: bool, suppressed: str
) -> bool:
    """Plan the leaving a row asks for, and remark on what a row cannot do."""
    asks = touched & {"status", "courses", "newsletters"} and not first
    if row.status == "left":
        if "status" in touched and suppressed != "left":
            plan.leaving.append(person["id"])
            return True
    elif row.status == "unconfirmed":
        if "status" in touched and person["status"] == "confirmed":
            plan.notes.append((row.line, "is confirmed already; to end everything write `left`"))
    elif suppressed and asks:
        plan.notes.append((row.line, f"{suppressed} before; a row does not bring anybody back"))
    return False


def _new(
    row: Row,
    known: Memberships,
    wanted: Wanted,
    touched: set[str],
    before: Mapping[str, str],
    *,
    confirming: bool,
) -> Wanted:
    """Return what a row asks for now and the person never was on.

    A cell with names acts when it changed, or when the person is confirmed just now. What a blank
    one means may change with the settings; whoever left something is not put anywhere by that,
    and neither is somebody whose cell had names before.
    """

    def acts(column: str, names: tuple[str, ...] | None) -> bool:
        if confirming:
            return True
        return column in touched if names is not None else not (known.left or before.get(column))

    courses, letters = acts("courses", row.courses), acts("newsletters", row.newsletters)
    return Wanted(
        tuple(n for n in wanted.courses if courses and n not in known.courses),
        tuple(n for n in wanted.newsletters if letters and n not in known.newsletters),
    )


def _note_left(plan: Plan, row: Row, known: Memberships, touched: set[str]) -> None:
    """Remark on names in a changed cell of what the person left."""
    for column, kind, names in (
        ("courses", "course", row.courses),
        ("newsletters", "newsletter", row.newsletters),
    ):
        for name in names or ():
            if column in touched and f"{kind}:{name}" in known.left:
                plan.notes.append(
                    (row.line, f"left `{name}` before; a row does not bring anybody back")
                )


def _join(plan: Plan, row: Row, subscriber_id: int, new: Wanted) -> bool:
    """Plan enrollments and subscriptions, each with the evidence of its consent."""
    plan.runs += [
        join.new_enrollment(
            subscriber_id=subscriber_id,
            course=name,
            now=plan.now,
            begins_with=plan.begins_with.get(name, ""),
        )
        for name in new.courses
    ]
    plan.subscriptions += [
        join.new_subscription(subscriber_id=subscriber_id, newsletter=name, now=plan.now)
        for name in new.newsletters
    ]
    purposes = [f"course:{n}" for n in new.courses] + [f"newsletter:{n}" for n in new.newsletters]
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
    return bool(purposes)
