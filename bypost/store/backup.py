"""Backups of a SQLite database: made while others write, verified, put back whole or not at all.

A file appears under its name only when it is complete and on the disk; what stood there before is
never half overwritten.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bypost.errors import StoreError
from bypost.store import files, migrate
from bypost.store.engine import Store

#: The fact that says of a copy when it was made.
MADE_AT = "backed_up_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A backup, as it was verified.

    Attributes:
        made_at: When it was made; None for one that was not made by :func:`backup`.
        newest: Number of its newest attempt: how far the database had come.
    """

    path: Path
    size: int
    schema: str
    made_at: datetime | None
    subscribers: int
    deliveries: int
    newest: int


def backup(store: Store, path: Path, *, now: datetime, force: bool = False) -> Copied:
    """Write a verified copy of the database to ``path``, while others go on writing.

    Raises:
        StoreError: There is a file already and ``force`` is not set, there is no room, it cannot
            be written, or the copy is not sound. Nothing is left behind then.
    """
    if store.is_shared:
        raise StoreError(
            f"{store.name}: is a server's database, and backed up by its own tools\n"
            f"    pg_dump --format=custom --file={path} {store.name}"
        )
    if not store.exists():
        raise StoreError(f"{store.name}: there is no database yet, so there is nothing to back up")
    if path.exists() and not force:
        raise StoreError(
            f"{path}: there is a file of that name\n    name another one, or add --force"
        )
    if path.exists() and path.samefile(store.path):
        raise StoreError(f"{path}: that is the database itself\n    name another file")
    files.check_room(path.parent, store.size())
    with files.draft(path) as draft:
        store.copy_to(draft)
        _mark(draft, now)
        files.sync(draft)
        verified = look(draft)
        if verified.newest > _newest(store.path):  # never: a copy cannot know more
            raise StoreError(f"{path}: the copy does not agree with {store.name}")
        draft.replace(path)
    files.sync(path.parent)
    return _named(verified, path)


def look(path: Path) -> Copied:
    """Verify a file: that it is sound, ours, and of a version that is understood.

    Raises:
        StoreError: It is not.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file")
    try:
        # Immutable: looking makes no files beside it.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)) as found:
            trouble = found.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if trouble != "ok":
                raise StoreError(f"{path}: damaged ({trouble})\n    take another backup")
            return _read(found, path)
    except sqlite3.Error as error:
        raise StoreError(
            f"{path}: not a database of ByPost, or damaged: {error}\n    name another file"
        ) from error


def restore(store: Store, backup_file: Path, *, now: datetime) -> Path | None:
    """Put a backup in the database's place, mute; return where the old one is kept.

    Raises:
        StoreError: The backup is not sound, some process has the database open, there is no
            room, or it cannot be written. The database is as it was then.
    """
    refuse_server(store, backup_file)
    target = store.path
    found = look(backup_file)
    if target.exists() and backup_file.samefile(target):
        raise StoreError(f"{backup_file}: that is the database itself\n    name a backup")
    files.check_room(target.parent, found.size)
    store.close()
    with files.draft(target) as draft:
        shutil.copyfile(backup_file, draft)
        _mute(draft)
        files.sync(draft)
        with files.alone(target):
            kept = _keep_old(target, now)
            draft.replace(target)
    for ending in ("-wal", "-shm"):  # empty by now; they belong to the file that was here
        target.with_name(target.name + ending).unlink(missing_ok=True)
    files.sync(target.parent)
    return kept


def refuse_server(store: Store, backup_file: Path) -> None:
    """Say how the database of a server is put back.

    Raises:
        StoreError: It is one.
    """
    if store.is_shared:
        raise StoreError(
            f"{store.name}: is a server's database, and put back by its own tools\n"
            f"    stop everything, then: pg_restore --clean --if-exists --dbname={store.name} "
            f"{backup_file}\n    and before anything is sent: bypost reconcile --since TIME, the "
            "time of the backup"
        )


def _keep_old(target: Path, now: datetime) -> Path | None:
    """Give the present database a second name, beside it."""
    if not target.exists():
        return None
    kept = target.with_name(f"{target.name}.before-restore-{now:%Y%m%d-%H%M%S}")
    try:
        kept.unlink(missing_ok=True)
        kept.hardlink_to(target)
    except OSError as error:
        raise StoreError(f"{kept}: cannot be made: {error.strerror}") from error
    return kept


def _mute(path: Path) -> None:
    """Let a copy belong to no instance there is: it sends nothing until somebody confirms it."""
    with closing(sqlite3.connect(path)) as copy, copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute(
            "INSERT INTO meta (key, value) VALUES ('instance', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (f"restored-{secrets.token_hex(4)}",),
        )


def _mark(path: Path, now: datetime) -> None:
    """Write into a copy when it was made, and leave it as one file."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        with copy:
            copy.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (MADE_AT, now.isoformat()),
            )


def _read(found: sqlite3.Connection, path: Path) -> Copied:
    """Return what a sound file holds."""

    def one(query: str) -> int:
        return int(found.execute(query).fetchone()[0] or 0)

    (schema,) = found.execute("SELECT version_num FROM alembic_version").fetchone()
    if schema not in migrate.known():
        raise StoreError(
            f"{path}: made by a newer version of ByPost (schema {schema})\n    use that version"
        )
    facts = dict(found.execute("SELECT key, value FROM meta").fetchall())
    return Copied(
        path=path,
        size=path.stat().st_size,
        schema=schema,
        made_at=datetime.fromisoformat(facts[MADE_AT]) if MADE_AT in facts else None,
        subscribers=one("SELECT count(*) FROM subscribers"),
        deliveries=one("SELECT count(*) FROM deliveries"),
        newest=one("SELECT max(id) FROM attempts"),
    )


def _newest(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as found:
        return int(found.execute("SELECT max(id) FROM attempts").fetchone()[0] or 0)


def _named(copied: Copied, path: Path) -> Copied:
    from dataclasses import replace

    return replace(copied, path=path)
