"""Files of databases: written beside their place and put there whole, by whoever is alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bypost.errors import StoreError


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the database so that nobody else has it open, with its log folded in.

    Raises:
        StoreError: Somebody has.
    """
    if not path.exists():
        yield
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as held:
            held.execute("PRAGMA busy_timeout = 2000")
            # Whoever has a database in WAL mode open shares it; to leave that mode takes nobody.
            held.execute("PRAGMA journal_mode = DELETE")
            held.execute("BEGIN EXCLUSIVE")
            yield
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise StoreError(f"{path}: cannot be put aside: {error}") from error
        raise StoreError(
            f"{path}: a process has it open\n"
            "    stop `bypost serve` and `bypost send --forever`, and wait for the pass that runs"
        ) from error
    except sqlite3.DatabaseError:
        yield  # a damaged file holds nothing: it is put aside as it is


def check_room(folder: Path, needed: int) -> None:
    """Refuse where the disk has no room for a copy, with a tenth to spare."""
    if not folder.is_dir():
        raise StoreError(f"{folder}: there is no such folder\n    make it, or name another one")
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        raise StoreError(
            f"{folder}: {needed // 1_000_000 + 1:,} MB are needed, "
            f"and {free // 1_000_000:,} are free\n"
            "    free some space, or name another disk"
        )


@contextmanager
def draft(path: Path) -> Iterator[Path]:
    """Yield a file beside ``path``, mode 0600, that is gone at the end unless it was renamed."""
    try:
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise StoreError(
            f"{path.parent}: cannot write there: {error.strerror}\n"
            "    give this user the right to, or name another folder"
        ) from error
    os.close(number)
    made = Path(name)
    try:
        yield made
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{path}: cannot be written: {error}\n    free some space or check the disk"
        ) from error
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            made.with_name(made.name + ending).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Put a file, or a folder's names, on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
