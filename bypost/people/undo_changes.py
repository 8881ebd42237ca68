"""Taking back what an import changed in people who were there before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bypost.store import (
    Connection,
    Row,
    enrollments,
    import_changes,
    subscribers,
    subscriptions,
)

if TYPE_CHECKING:
    from bypost.people.undo_import import Undone


def take_back(
    connection: Connection, row: Row, changes: Sequence[Row], undone: Undone, *, dry: bool
) -> None:
    """Restore what changes say stood there before, in the caller's transaction.

    A field that says something else by now stays; so does what was begun and had a mail.
    """
    ids = [one["first_id"] for one in changes]
    if not ids:
        return
    people = subscribers.by_ids(connection, ids)
    later = import_changes.changed_later(connection, row["id"], ids)
    past = _Past(connection, ids, row)
    restored: list[tuple[int, dict[str, Any]]] = []
    for one in changes:
        person = people.get(one["first_id"])
        if person is None or person["status"] == "erased":
            undone.stays["erased since"] += 1
            continue
        if person["id"] in later:
            undone.stays["changed by a later import"] += 1
            continue
        if one["after"].get("ended"):
            undone.stays["ended by the file: nobody is brought back"] += 1
        ended = past.end(person["id"], one["after"].get("begun", []), undone)
        values = _values(person, one, undone, confirmed=ended)
        if values:
            restored.append((person["id"], values))
    if not dry:
        past.remove()
        subscribers.change_all(connection, restored)
        for number, values in restored:
            if "time_zone" in values:
                enrollments.look_again_at(connection, number)


def _values(person: Row, one: Row, undone: Undone, *, confirmed: bool) -> dict[str, Any]:
    """Return the columns that go back to what they were."""
    values: dict[str, Any] = {}
    own = set(person["own_choice"])
    for name, then in one["before"].items():
        if name in {"cells", "attributes"}:
            continue
        if name == "status" and not confirmed:
            undone.stays["status: they are on what they were confirmed for"] += 1
        elif name in own or person[name] != one["after"][name]:
            undone.stays[f"{name}: changed since"] += 1
        else:
            undone.restored[name] += 1
            values[name] = then
    if values.get("status") == "unconfirmed":
        values["confirmed_at"] = None
    return values | _attributes(person, one, undone) | _cells(person, one)


def _attributes(person: Row, one: Row, undone: Undone) -> dict[str, Any]:
    before: Mapping[str, str | None] = one["before"].get("attributes", {})
    theirs = dict(person["attributes"])
    for name, then in before.items():
        if name in person["own_choice"] or theirs.get(name) != one["after"]["attributes"][name]:
            undone.stays[f"{name}: changed since"] += 1
            continue
        undone.restored[name] += 1
        if then is None:
            theirs.pop(name, None)
        else:
            theirs[name] = then
    return {"attributes": theirs} if theirs != person["attributes"] else {}


def _cells(person: Row, one: Row) -> dict[str, Any]:
    """Return the file's cells as they were, so that the same row acts again."""
    before: Mapping[str, Mapping[str, str] | None] = one["before"].get("cells", {})
    synced = dict(person["csv_cells"] or {})
    for file, cells in before.items():
        if cells is None:
            synced.pop(file, None)
        else:
            synced[file] = cells
    return {"csv_cells": synced or None} if synced != (person["csv_cells"] or {}) else {}


class _Past:
    """What people are on, and what of it had a mail; asked for once a chunk."""

    def __init__(self, connection: Connection, ids: Sequence[int], row: Row) -> None:
        self._connection = connection
        self._at = row["at"]
        self._going: list[tuple[int, str]] = []
        self._there: dict[int, dict[str, Row]] = {i: {} for i in ids}
        runs = enrollments.of_subscribers(connection, ids)
        letters = subscriptions.of_subscribers(connection, ids)
        for run in runs:
            self._there[run["subscriber_id"]].setdefault(f"course:{run['course']}", run)
        for letter in letters:
            name = f"newsletter:{letter['newsletter']}"
            self._there[letter["subscriber_id"]][name] = letter
        self._mailed_runs = import_changes.runs_with_mail(connection, [one["id"] for one in runs])
        self._mailed_letters = import_changes.letters_with_mail(
            connection, [one["id"] for one in letters]
        )

    def end(self, person: int, begun: Sequence[str], undone: Undone) -> bool:
        """Find what an import began and nobody has used; return False if some of it stays."""
        going = []
        for name in begun:
            row = self._there[person].get(name)
            if row is None or row["started_at"] != self._at:
                undone.stays[f"{name}: changed since"] += 1
            elif row["status"] != "active":
                undone.stays[f"{name}: {row['status']} since"] += 1
            elif row["id"] in self._mailed(name):
                undone.stays[f"{name}: mail was sent, or is on its way"] += 1
            else:
                undone.ended[name] += 1
                going.append(name)
        self._going += [(person, name) for name in going]
        return len(going) == len(begun)

    def _mailed(self, name: str) -> set[int]:
        return self._mailed_runs if name.startswith("course:") else self._mailed_letters

    def remove(self) -> None:
        """Remove what was found to go, of everybody in the chunk together."""
        runs: list[int] = []
        letters: list[int] = []
        people: dict[str, list[int]] = {}
        for person, name in self._going:
            number = self._there[person][name]["id"]
            (runs if name.startswith("course:") else letters).append(number)
            people.setdefault(name, []).append(person)
        import_changes.remove_runs(self._connection, runs)
        import_changes.remove_letters(self._connection, letters)
        for name, ids in people.items():
            import_changes.remove_consents(self._connection, ids, name, self._at)
