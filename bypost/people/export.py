"""Writing people out again, in the columns of ``subscribers.csv``.

What is written can be imported into an empty database: nobody is revived by that, and nobody
starts a course anew that they have finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from bypost.links import AddressHash
from bypost.people.columns import KNOWN, protect
from bypost.store import Connection, Row, enrollments, subscribers, subscriptions, suppressions

_CHUNK = 500
#: A list with nothing in it. A blank cell would mean the usual courses at the next import.
NOTHING = ";"


def header(attributes: Sequence[str]) -> list[str]:
    """Return the first line."""
    return [*KNOWN, *(protect(name) for name in attributes)]


def attribute_columns(connection: Connection) -> list[str]:
    """Return every attribute that somebody has, sorted."""
    names = {name for person in subscribers.every(connection) for name in person["attributes"]}
    return sorted(names)


def rows(
    connection: Connection,
    attributes: Sequence[str],
    *,
    address_hash: AddressHash,
    newsletters: Sequence[str] = (),
) -> Iterator[list[str]]:
    """Yield one line per person; ``courses`` lists the courses still running.

    Args:
        attributes: Further columns.
        newsletters: What a blank ``newsletters`` cell means to the importer.
    """
    people = iter(subscribers.every(connection))
    while chunk := list(islice(people, _CHUNK)):
        ids = [person["id"] for person in chunk]
        runs = by_person(enrollments.of_subscribers(connection, ids))
        letters = by_person(subscriptions.of_subscribers(connection, ids))
        hashes = {person["id"]: address_hash(person["email_key"]) for person in chunk}
        muted = suppressions.find(connection, list(hashes.values()))
        for person in chunk:
            cells = _cells(
                person,
                runs.get(person["id"], []),
                letters.get(person["id"], []),
                suppressed=hashes[person["id"]] in muted,
                no_letters=NOTHING if newsletters else "",
            )
            further = [person["attributes"].get(name, "") for name in attributes]
            yield [protect(cell) for cell in (*cells, *further)]


def by_person(memberships: Sequence[Row]) -> dict[int, list[Row]]:
    """Return rows by the person whose they are."""
    found: dict[int, list[Row]] = {}
    for row in memberships:
        found.setdefault(row["subscriber_id"], []).append(row)
    return found


def _cells(
    person: Row, runs: Sequence[Row], letters: Sequence[Row], *, suppressed: bool, no_letters: str
) -> list[str]:
    """Return the cells of the columns with a meaning of their own."""
    running = ";".join(run["course"] for run in runs if run["status"] == "active")
    reading = ";".join(row["newsletter"] for row in letters if row["status"] == "active")
    memberships = (*runs, *letters)
    gone = bool(memberships) and all(row["status"] == "left" for row in memberships)
    status = "left" if suppressed or gone else person["status"]
    if status == "left":
        running = reading = ""
    elif status == "unconfirmed":
        running, reading = _asked(person, "courses"), _asked(person, "newsletters")
    else:
        running, reading = running or NOTHING, reading or no_letters
    return [
        person["email"],
        person["name"],
        person["time_zone"],
        ";".join(person["tags"]),
        status,
        _asked(person, "consent_note"),
        running,
        reading,
    ]


def _asked(person: Row, column: str) -> str:
    """Return what a file said in ``column`` when the person was last taken up from it."""
    synced: Mapping[str, Mapping[str, str]] = person["csv_cells"] or {}
    return next((cells[column] for cells in synced.values() if cells.get(column)), "")
