"""Opening a project for commands that send: with its engine, if need be with patience."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bypost.cli import console
from bypost.cli.engine import with_engine

if TYPE_CHECKING:
    from bypost.delivery.context import Context

#: After so long without a database a command that goes on gives up, and its supervisor decides.
LONGEST_AWAY = timedelta(minutes=10)
#: Seconds between two tries.
_AGAIN = 1.0


def open_to_send(project: Path, *, allow_local: bool, patient: bool) -> Context:
    """Open a project whose settings may send; ``with`` closes it.

    Args:
        allow_local: Let a real provider send sample settings.
        patient: Wait for a database that starts at the same time, or restarts just now.

    Raises:
        SettingsError: if the settings cannot be used, or are still the sample's.
        StoreError: The database is away, with patience for too long, or for a reason that does not
            pass by itself.
    """
    from bypost.errors import StoreAway

    until = time.monotonic() + LONGEST_AWAY.total_seconds()
    told = False
    while True:
        try:
            return _open(project, allow_local=allow_local)
        except StoreAway as error:
            if not patient or time.monotonic() + _AGAIN > until:
                raise
            if not told:
                console.note(f"waiting for the database: {str(error).partition(chr(10))[0]}")
            told = True
        time.sleep(_AGAIN)


def _open(project: Path, *, allow_local: bool) -> Context:
    from bypost.project import open_project, refuse_invented_people, refuse_sample_settings

    context = open_project(project)
    try:
        if not allow_local:
            refuse_sample_settings(context)
            refuse_invented_people(context)
        return with_engine(context)
    except BaseException:
        context.store.close()
        raise
