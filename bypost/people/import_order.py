"""The order in which the rows of a file are taken up, each address once.

A file that goes into one transaction keeps its own order. A longer one is taken up in the order of
its addresses, which is written in half the time (:mod:`bypost.store.address_order`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from bypost.people.columns import UNDECODED
from bypost.people.csv_rows import Check, Row, SpoiledRow
from bypost.store.address_order import AddressOrder, Kept

#: Stands between the cells of a row that waits on disk; no cell of a good row has it inside.
_BETWEEN = "\x1f"


class InOrder:
    """The good rows of one file, gathered first and then handed out.

    Args:
        check: Makes rows of cells.
        size: Rows that go into one transaction.
        repeated: Told each row that repeats an address; the first one counts.
    """

    def __init__(self, check: Check, size: int, repeated: Callable[[SpoiledRow], None]) -> None:
        self._check = check
        self._size = size
        self._repeated = repeated
        self._rows: list[Row] = []
        self._disk: AddressOrder | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, row: Row) -> None:
        """Gather a row."""
        if len(self._rows) == self._size:
            self._put_down()
        self._rows.append(row)

    def chunks(self) -> Iterator[list[Row]]:
        """Yield the rows, in pieces of one transaction."""
        if self._disk is None:
            yield self._once(self._rows)
            return
        self._put_down()
        rows: list[Row] = []
        last = ("", 0)
        for kept in self._disk.rows():
            row = self._taken(kept)
            if row.key == last[0]:
                self._tell(row, last[1])
                continue
            last = row.key, row.line
            rows.append(row)
            if len(rows) == self._size:
                yield rows
                rows = []
        yield rows

    def _put_down(self) -> None:
        if self._disk is None:
            self._disk = self._stack.enter_context(AddressOrder())
        self._disk.add([_kept(row) for row in self._rows])
        self._rows.clear()

    def _once(self, rows: list[Row]) -> list[Row]:
        """Return the first row of each address, and tell of the others."""
        lines: dict[str, int] = {}
        first = []
        for row in rows:
            if row.key in lines:
                self._tell(row, lines[row.key])
            else:
                lines[row.key] = row.line
                first.append(row)
        return first

    def _tell(self, row: Row, first: int) -> None:
        reason = f"the same address as in line {first}"
        self._repeated(SpoiledRow(row.line, reason, tuple(row.stood)))

    def _taken(self, kept: Kept) -> Row:
        key, line, email, cells = kept
        return self._check.row(line, cells.split(_BETWEEN), key if email is None else email)


def _kept(row: Row) -> Kept:
    cells = _BETWEEN.join(row.stood)
    if cells.count(_BETWEEN) != len(row.stood) - 1:
        # Inside a column that is left out; nobody asks for it again.
        cells = _BETWEEN.join(cell.replace(_BETWEEN, " ") for cell in row.stood)
    if not cells.isascii():
        cells = UNDECODED.sub("\ufffd", cells)
    return row.key, row.line, None if row.email == row.key else row.email, cells
