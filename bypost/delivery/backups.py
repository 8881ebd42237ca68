"""Backups in ``var/backups``: one by one button, the newest few kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bypost.delivery.context import Context
from bypost.errors import StoreError
from bypost.store import backup
from bypost.store.backup import Copied

FOLDER = Path("var/backups")
#: How many stay.
KEPT = 7
_FORM = "bypost-%Y%m%d-%H%M%S.db"


@dataclass(frozen=True, slots=True)
class Listed:
    """A backup in the folder, by its name; it was verified when it was made."""

    name: str
    at: datetime
    size: int


def make(context: Context) -> Copied:
    """Write a verified backup, then remove all but the newest :data:`KEPT`.

    Raises:
        StoreError: It cannot be written; nothing was removed then.
    """
    folder = context.root / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be made: {error.strerror}\n    give this user the right to"
        ) from error
    now = context.clock.now()
    made = backup.backup(context.store, folder / f"{now.astimezone(UTC):{_FORM}}", now=now)
    for old in listed(context.root)[KEPT:]:
        (folder / old.name).unlink(missing_ok=True)
    return made


def listed(root: Path) -> list[Listed]:
    """Return the backups there are, newest first."""
    found = []
    for path in (root / FOLDER).glob("bypost-*.db"):
        try:
            at = datetime.strptime(path.name, _FORM).replace(tzinfo=UTC)
            found.append(Listed(path.name, at, path.stat().st_size))
        except (ValueError, OSError):  # a file of another name, or gone meanwhile
            continue
    return sorted(found, key=lambda one: one.at, reverse=True)
