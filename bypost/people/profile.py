"""What a person is called, and by which clock their courses run, changed on their behalf.

It counts as what they chose themselves: the CSV never changes it back.
"""

from __future__ import annotations

from datetime import datetime

from bypost.people import pace
from bypost.people.wish import clean_name
from bypost.store import Connection, Row, subscribers


def change(
    connection: Connection,
    person: Row,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    hour: str | None = None,
    now: datetime,
) -> None:
    """Change what is given and leave the rest.

    Raises:
        ValueError: for an hour that is not offered or a zone that does not exist.
    """
    if name is not None:
        set_name(connection, person, name)
        person = subscribers.by_id(connection, person["id"]) or person
    pace.set_clock(
        connection,
        person,
        hour=person["hour"] if hour is None else hour,
        time_zone=person["time_zone"] if time_zone is None else time_zone,
        now=now,
    )


def set_name(connection: Connection, person: Row, name: str) -> None:
    """Call a person by another name; an empty one is none."""
    wanted = clean_name(name)
    if wanted != person["name"]:
        chosen = sorted({*person["own_choice"], "name"})
        subscribers.change(connection, person["id"], {"name": wanted, "own_choice": chosen})
