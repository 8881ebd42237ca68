"""Writing people out again, in the columns of ``subscribers.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from bypost.people.columns import KNOWN
from bypost.store import Connection, Row, enrollments, subscribers, subscriptions

_CHUNK = 500
#: A cell that begins with one of these is a formula to a spreadsheet (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header(attributes: Sequence[str]) -> list[str]:
    """Return the first line."""
    return [*KNOWN, *attributes]


def attribute_columns(connection: Connection) -> list[str]:
    """Return every attribute that somebody has, sorted."""
    names = {name for person in subscribers.every(connection) for name in person["attributes"]}
    return sorted(names)


def rows(connection: Connection, attributes: Sequence[str]) -> Iterator[list[str]]:
    """Yield one line per person; ``courses`` lists the courses still running."""
    people = iter(subscribers.every(connection))
    while chunk := list(islice(people, _CHUNK)):
        ids = [person["id"] for person in chunk]
        runs = enrollments.of_subscribers(connection, ids)
        letters = subscriptions.of_subscribers(connection, ids)
        for person in chunk:
            yield [safe(cell) for cell in _cells(person, runs, letters, attributes)]


def _cells(
    person: Row, runs: Sequence[Row], letters: Sequence[Row], attributes: Sequence[str]
) -> list[str]:
    mine = [run for run in runs if run["subscriber_id"] == person["id"]]
    read = [row for row in letters if row["subscriber_id"] == person["id"]]
    running = [run["course"] for run in mine if run["status"] == "active"]
    reading = [row["newsletter"] for row in read if row["status"] == "active"]
    gone = (mine or read) and all(row["status"] == "left" for row in (*mine, *read))
    cells = person["csv_cells"] or {}
    return [
        person["email"],
        person["name"],
        person["time_zone"],
        ";".join(person["tags"]),
        "left" if gone else person["status"],
        cells.get("consent_note", ""),
        ";".join(running),
        ";".join(reading),
        *(person["attributes"].get(name, "") for name in attributes),
    ]


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; an apostrophe in front marks it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
