"""Numbers and names as a CSV file that a spreadsheet can open without running any of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice

from starlette.responses import Response, StreamingResponse

Cell = str | int | float | date | None

#: A cell that begins so is read as a formula by one spreadsheet or another.
_FORMULA = re.compile(r"[=+\-@\t\r\n|%]")
_ROWS_AT_ONCE = 1000


def answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return the file as it is sent: UTF-8 with a BOM, by which spreadsheets know it."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "table"
    return StreamingResponse(
        _chunks(header, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{safe}.csv"'},
    )


def plain(value: Cell) -> str | int | float:
    """Return a cell that means itself: text that would be a formula gets an apostrophe before."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def _chunks(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    yield "\ufeff"
    lines = chain([header], rows)
    while some := list(islice(lines, _ROWS_AT_ONCE)):
        out = io.StringIO()
        csv.writer(out).writerows([plain(cell) for cell in row] for row in some)
        yield out.getvalue()
