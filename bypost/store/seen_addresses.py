"""Which addresses a file has named so far, kept on disk, so that memory does not grow with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from bypost.store.scratch import Scratch


class SeenAddresses:
    """The addresses of one file so far."""

    def __init__(self) -> None:
        self._folder = Scratch("import")
        self._database = sqlite3.connect(self._folder.path / "seen.db")
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
        self._folder.close()

    def add(self, rows: Sequence[tuple[str, int]]) -> dict[int, int]:
        """Note addresses with their lines; return for each repeated line the first one."""
        repeated = {}
        for key, line in rows:
            added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line))
            if not added.rowcount:
                query = "SELECT line FROM seen WHERE key = ?"
                repeated[line] = self._database.execute(query, (key,)).fetchone()[0]
        return repeated
