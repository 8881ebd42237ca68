"""Bad rows set aside in a file of their own, to be mended and imported again."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from bypost.people.columns import QUARANTINE, UNDECODED, Form, protect
from bypost.people.csv_rows import SpoiledRow


class Quarantine:
    """Writes bad rows as they come; there is no file without one.

    The columns are those of the file they come from, in UTF-8, and three in front: line, reason,
    and the row as it stood, where it could not be taken apart. An import takes no notice of these.

    Args:
        path: Where; readable by this user alone.
    """

    def __init__(self, path: Path, form: Form) -> None:
        self.path = path
        self._form = form
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: SpoiledRow) -> None:
        """Set a row aside."""
        if self._file is None:
            self._open()
        width = len(self._form.columns)
        cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
        named = zip(self._form.columns, cells, strict=True)
        own = [cell for name, cell in named if name and name not in QUARANTINE]
        told = [str(row.line), row.reason, row.text.rstrip("\r\n")]
        self._writer.writerow([_safe(cell) for cell in (*told, *own)])

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(number, "w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        own = [name for name in self._form.columns if name and name not in QUARANTINE]
        self._writer.writerow([*QUARANTINE, *map(_safe, own)])


def _safe(cell: str) -> str:
    """Return a cell that is no formula, with a mark for each byte that was no text."""
    return protect(UNDECODED.sub("\ufffd", cell))
