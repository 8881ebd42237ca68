"""What one CSV row changes, gathered into a plan that is written in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from bypost.people.csv_rows import Row
from bypost.people.import_plan import Effect, Memberships, Plan, Wanted
from bypost.store.sheets import as_json

#: Columns of somebody who is there (:mod:`bypost.store.known_people`).
Record = Mapping[str, Any]
#: Cells that become columns of the person, if the person did not set them.
_PERSONAL = ("name", "time_zone")
#: Cells that name what a person is to be on.
_LISTS = ("courses", "newsletters")
#: What a row may say of an address for good, besides that somebody left.
_STOPS = ("bounced", "complained")


def add(plan: Plan, row: Row, wanted: Wanted, file: str, address: bytes) -> Sequence[str]:
    """Plan a new person; return the courses and newsletters they begin.

    Args:
        file: Names the file whose cells are compared next time; empty: none.
        address: The keyed hash of their address.
    """
    subscriber_id = plan.new_id()
    if row.record is not None:
        plan.records.person(subscriber_id, row, address, now=plan.now)
        return row.record.running()
    # Whoever is noted as gone has confirmed nothing.
    confirmed = row.status == "confirmed"
    plan.people.append(
        (
            subscriber_id,
            row.email,
            row.key,
            row.name,
            row.time_zone,
            "confirmed" if confirmed else "unconfirmed",
            _as_json(row.tags),
            as_json(row.attributes) if row.attributes else "{}",
            as_json({file: row.cells} if file else None),
            plan.at,
            plan.at if confirmed else None,
        )
    )
    if confirmed:
        return _join(plan, row, subscriber_id, wanted)
    if row.status != "unconfirmed":
        plan.stop(address, row.status)
    return []


@lru_cache(maxsize=2048)
def _as_json(tags: tuple[str, ...]) -> str:
    return as_json(tags)


def says_nothing_new(
    row: Row, person: Record, known: Memberships, wanted: Wanted, *, file: str, suppressed: str
) -> bool:
    """Tell whether a row stands as it was taken up last, and nothing else follows from it now.

    :func:`update` would find the same, and takes longer: most rows of a list are so each time.
    """
    if row.cells != (person["csv_cells"] or {}).get(file):
        return False
    if row.status != "confirmed" or suppressed or known.left:
        return True
    # What blank cells mean may have changed since.
    return (row.courses is not None or known.courses.issuperset(wanted.courses)) and (
        row.newsletters is not None or known.newsletters.issuperset(wanted.newsletters)
    )


def update(
    plan: Plan,
    row: Row,
    person: Record,
    known: Memberships,
    wanted: Wanted,
    *,
    file: str,
    suppressed: str,
    address: bytes,
) -> Effect:
    """Plan what a row changes in a person; return what that is.

    Args:
        file: Where the row stands: cells are compared with those of the same file's last sync.
            Empty for a row that stands nowhere; then every cell acts.
        suppressed: Why nothing is sent to the address; empty if nothing stands against it.
        address: Its keyed hash.
    """
    synced: Mapping[str, Mapping[str, str]] = person["csv_cells"] or {}
    before = synced.get(file, {})
    # A column that is not there says nothing, and a blank cell that was never filled neither.
    touched = {name for name, cell in row.cells.items() if cell != before.get(name, "")}
    effect = Effect()
    own = set(person["own_choice"])
    values = _personal(row, person, touched - own)
    effect.kept += sorted(_personal(row, person, touched & own))
    if "time_zone" in values:
        plan.moved.append(person["id"])
    first = file not in synced
    ends = _leaves(plan, row, person, touched, first=first, suppressed=suppressed, address=address)
    effect.ended = ends
    if row.status == "confirmed" and suppressed:
        if first or touched & {"status", *_LISTS}:
            effect.refused.append(suppressed)
    elif row.status == "confirmed":
        if person["status"] == "unconfirmed" and (first or "status" in touched):
            values |= {"status": "confirmed", "confirmed_at": plan.now}
        if "confirmed" in (person["status"], values.get("status")):
            confirming = "status" in values
            new = _new(row, known, wanted, touched, before, confirming=confirming)
            effect.begun += _join(plan, row, person["id"], new)
            effect.refused += _note_left(plan, row, known, touched)
    effect.fields += _changed_fields(person, values)
    cells = _remembered(before, row.cells)
    done = _done(person, values, effect, {file: synced.get(file)} if file else {})
    if file and before != cells:
        values["csv_cells"] = {**synced, file: cells}
    if values:
        plan.changes.append((person["id"], values))
    if effect.changes:
        plan.done.append(done)
    return effect


def _changed_fields(person: Record, values: Mapping[str, Any]) -> list[str]:
    """Return the names of what changes, as a file calls it."""
    names = [name for name in values if name not in {"attributes", "confirmed_at"}]
    theirs = values.get("attributes", {})
    return names + [name for name, text in theirs.items() if person["attributes"].get(name) != text]


def _done(
    person: Record, values: Mapping[str, Any], effect: Effect, cells: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a row changes, and what stood there before."""
    names = [name for name in values if name not in {"attributes", "confirmed_at"}]
    before: dict[str, Any] = {name: person[name] for name in names}
    after: dict[str, Any] = {name: values[name] for name in names}
    theirs: Mapping[str, str] = values.get("attributes", {})
    if changed := [n for n, text in theirs.items() if person["attributes"].get(n) != text]:
        before["attributes"] = {name: person["attributes"].get(name) for name in changed}
        after["attributes"] = {name: theirs[name] for name in changed}
    if cells:
        before["cells"] = cells
    if effect.begun:
        after["begun"] = effect.begun
    if effect.ended:
        after["ended"] = True
    return {"first_id": person["id"], "last_id": person["id"], "before": before, "after": after}


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
    plan: Plan,
    row: Row,
    person: Record,
    touched: set[str],
    *,
    first: bool,
    suppressed: str,
    address: bytes,
) -> bool:
    """Plan the leaving a row asks for, and remark on what a row cannot do."""
    asks = touched & {"status", "courses", "newsletters"} and not first
    if row.status == "left":
        if "status" in touched and suppressed != "left":
            plan.leaving.append(person["id"])
            return True
    elif row.status in _STOPS:
        if "status" in touched and suppressed != row.status:
            plan.stop(address, row.status)
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


def _note_left(plan: Plan, row: Row, known: Memberships, touched: set[str]) -> list[str]:
    """Remark on names in a changed cell of what the person left; return one word for each."""
    found = []
    for column, kind, names in (
        ("courses", "course", row.courses),
        ("newsletters", "newsletter", row.newsletters),
    ):
        for name in names or ():
            if column in touched and f"{kind}:{name}" in known.left:
                found.append(f"left {kind}")
                plan.notes.append(
                    (row.line, f"left `{name}` before; a row does not bring anybody back")
                )
    return found


def _join(plan: Plan, row: Row, subscriber_id: int, new: Wanted) -> Sequence[str]:
    """Plan enrollments and subscriptions, each with the evidence of its consent; return them."""
    if not new.purposes:
        return new.purposes
    at, links = plan.at, plan.links
    for name in new.courses:
        begins_with = plan.begins_with.get(name, "")
        # The first hint is now: owing finds the true instant.
        plan.runs.append((subscriber_id, name, at, at, links.take(), begins_with))
    for name in new.newsletters:
        plan.letters.append((subscriber_id, name, at, links.take()))
    note = row.consent_note or plan.note
    for purpose in new.purposes:
        plan.consents.append((subscriber_id, purpose, note, at, at))
    return new.purposes
