"""Writing a whole database into a SQLite file that nobody else knows of yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from bypost.store import migrate
from bypost.store.engine import Store
from bypost.store.tables.base import Tables
from bypost.store.tables.carry import Progress, Proof, carry
from bypost.store.tables.sqlite import SqliteTables


def write(source: Tables, path: Path, name: str, on_progress: Progress) -> Mapping[str, Proof]:
    """Make the schema in ``path``, empty or not there yet, and carry all rows into it.

    Nothing waits for the disk: whoever fails half-way throws the file away.

    Args:
        name: What the file is to be, for people.

    Raises:
        StoreError: It cannot be written, or the rows are not what they should be.
        sqlite3.Error: The disk is full, or fails.
    """
    with closing(Store(f"sqlite:///{path}", root=path.parent)) as made:
        migrate.upgrade(made)
    with closing(sqlite3.connect(path)) as connection:
        return carry(source, SqliteTables(connection, name), name, on_progress)
