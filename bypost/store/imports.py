"""Which CSV files were taken up, and which addresses one of them has named already."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import RowMapping, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import imports


def latest(connection: Connection, path: str) -> RowMapping | None:
    """Return the last import of the file of this name."""
    query = select(imports).where(imports.c.path == path).order_by(imports.c.id.desc()).limit(1)
    return connection.execute(query).mappings().first()


def record(
    connection: Connection,
    *,
    path: str,
    digest: str,
    signature: str,
    at: datetime,
    summary: Mapping[str, int],
) -> None:
    """Remember that the file was taken up."""
    connection.execute(
        insert(imports).values(
            path=path, digest=digest, signature=signature, at=at, summary=dict(summary)
        )
    )


def touch(connection: Connection, import_id: int, signature: str) -> None:
    """Remember a new modification time of an unchanged file."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(signature=signature))


class SeenAddresses:
    """The addresses of one file so far, kept on disk, so that memory does not grow with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bypost-import-")
        self._database = sqlite3.connect(Path(self._folder.name) / "seen.db")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def add(self, rows: Sequence[tuple[str, int]]) -> dict[int, int]:
        """Note addresses with their lines; return for each repeated line the first one."""
        repeated = {}
        for key, line in rows:
            added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line))
            if not added.rowcount:
                query = "SELECT line FROM seen WHERE key = ?"
                repeated[line] = self._database.execute(query, (key,)).fetchone()[0]
        return repeated
