"""A project of many people to all of whom the first lesson is due; nothing was sent yet.

They are written straight into the tables by a process of its own, so that the memory for it is
nobody's else. ``people.db`` in the project's folder is what each pass begins with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bypost.delivery import figures
from bypost.delivery.context import Context
from bypost.delivery.publish import Publisher
from bypost.links import new_link_id
from bypost.project import open_project
from bypost.store import Connection, bulk
from bypost.testing.fill.odds import ZONES

COURSE = "after-the-interview"
#: Not that of the conftest: what that imports would count as memory of the passes.
CHECKOUT = Path(__file__).resolve().parents[2]
#: The database that each pass begins with a copy of.
BEGIN = "people.db"
_CHUNK = 20_000
NAMES = ("Ann Müller", "Bob", "Zoë 'Z' Quinn", 'Smith, "Bo"', "李雷")


def crowd(parent: Path, people: int) -> Path:
    """Make a project of ``people`` in a new folder below ``parent``, and return its folder."""
    root = parent / str(people)
    for folder in ("templates", f"lessons/{COURSE}"):
        shutil.copytree(CHECKOUT / folder, root / folder)
    shutil.copy(CHECKOUT / "bypost.toml", root)
    subprocess.run(
        [sys.executable, "-m", "tests.bench.crowd", str(root), str(people)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=True,
    )
    return root


def _fill(context: Context, people: int) -> None:
    """Write so many people, each at the beginning of the course."""
    now = int(context.clock.now().timestamp())
    zones = tuple(ZONES)
    persons = bulk.Sheet(
        "subscribers",
        ("id", "email", "email_key", "name", "time_zone"),
        {
            "hour": "",
            "status": "confirmed",
            "tags": "[]",
            "attributes": "{}",
            "own_choice": "[]",
            "created_at": now * 1_000_000,
            "confirmed_at": now * 1_000_000,
        },
    )
    runs = bulk.Sheet(
        "enrollments",
        ("id", "subscriber_id", "link_id", "started_at", "next_due"),
        {"course": COURSE, "status": "active", "run": 1, "pace": "", "begins_with": ""},
    )
    for first in range(1, people + 1, _CHUNK):
        for number in range(first, min(first + _CHUNK, people + 1)):
            address = f"p{number}@example.com"
            name, zone = NAMES[number % len(NAMES)], zones[number % len(zones)]
            persons.rows.append((number, address, address, name, zone))
            runs.rows.append((number, number, new_link_id(), now, now))
        with context.store.write() as connection:
            _write(connection, persons, runs)


def _write(connection: Connection, *sheets: bulk.Sheet) -> None:
    bulk.begin(connection)
    for sheet in sheets:
        sheet.write(connection)


def main() -> None:
    """Fill the project in a folder."""
    root = Path(sys.argv[1])
    with open_project(root) as context:
        Publisher(context).take_over(patient=False)
        _fill(context, int(sys.argv[2]))
        figures.refresh(context, patience=None)
        context.store.settle_down()
    (root / "var" / "bypost.db").rename(root / BEGIN)


if __name__ == "__main__":
    main()
