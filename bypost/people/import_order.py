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
#: Somebody who leaves costs about as much as so many who stay (measured 2026-11).
_LEAVING = 20


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
        """Yield the rows, in pieces of one transaction; each is gone when the next is asked for."""
        rows: list[Row] = []
        cost = 0
        for row in self._of_disk(self._disk) if self._disk else self._of_memory():
            rows.append(row)
            cost += _LEAVING if row.status == "left" else 1
            if cost >= self._size:
                yield rows
                rows.clear()
                cost = 0
        if rows:
            yield rows

    def _of_memory(self) -> Iterator[Row]:
        lines: dict[str, int] = {}
        for row in self._rows:
            first = lines.setdefault(row.key, row.line)
            if first == row.line:
                yield row
            else:
                self._tell(row, first)

    def _of_disk(self, disk: AddressOrder) -> Iterator[Row]:
        self._put_down()
        last = ("", 0)
        for key, line, email, cells in disk.rows():
            row = self._check.row(line, cells.split(_BETWEEN), key if email is None else email)
            if key == last[0]:
                self._tell(row, last[1])
            else:
                last = key, line
                yield row

    def _put_down(self) -> None:
        if self._disk is None:
            self._disk = self._stack.enter_context(AddressOrder())
        self._disk.add([_kept(row) for row in self._rows])
        self._rows.clear()

    def _tell(self, row: Row, first: int) -> None:
        reason = f"the same address as in line {first}"
        self._repeated(SpoiledRow(row.line, reason, tuple(row.stood)))


def _kept(row: Row) -> Kept:
    cells = _BETWEEN.join(row.stood)
    if cells.count(_BETWEEN) != len(row.stood) - 1:
        # Inside a column that is left out; nobody asks for it again.
        cells = _BETWEEN.join(cell.replace(_BETWEEN, " ") for cell in row.stood)
    if not cells.isascii():
        cells = UNDECODED.sub("\ufffd", cells)
    return row.key, row.line, None if row.email == row.key else row.email, cells
