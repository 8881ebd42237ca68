"""Opening a project whose database is not there yet, for commands that go on until stopped."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bypost.cli import console

if TYPE_CHECKING:
    from bypost.delivery.context import Context

#: After so long without a database a command that goes on gives up, and its supervisor decides.
LONGEST_AWAY = timedelta(minutes=10)
#: Seconds between two tries.
_AGAIN = 1.0


def open_patiently(project: Path) -> Context:
    """Open a project; wait for a database that starts at the same time, or restarts just now.

    Raises:
        StoreError: The database is away for too long, or for a reason that does not pass by itself.
        SettingsError: if the settings cannot be used.
    """
    from bypost.errors import StoreAway
    from bypost.project import open_project

    until = time.monotonic() + LONGEST_AWAY.total_seconds()
    told = False
    while True:
        try:
            return open_project(project)
        except StoreAway as error:
            if time.monotonic() + _AGAIN > until:
                raise
            if not told:
                console.note(f"waiting for the database: {str(error).partition(chr(10))[0]}")
            told = True
        time.sleep(_AGAIN)
