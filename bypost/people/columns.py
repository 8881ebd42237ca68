"""The columns of ``subscribers.csv``, and how its first line is read."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path

#: Columns with a meaning of their own; every further one is an attribute usable in lessons.
KNOWN = (
    "email",
    "name",
    "time_zone",
    "tags",
    "status",
    "consent_note",
    "courses",
    "newsletters",
)
#: What the file is called in a project.
FILE_NAME = "subscribers.csv"

_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is to be read.

    Attributes:
        columns: Its column names, cleaned.
        problem: Why it cannot be read at all; empty if it can.
    """

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    problem: str = ""

    @property
    def attributes(self) -> tuple[str, ...]:
        """Return the columns without a meaning of their own."""
        return tuple(name for name in self.columns if name and name not in KNOWN)


def clean(cell: str) -> str:
    """Return a cell without the spaces and invisible marks that copying leaves at its ends."""
    text = unicodedata.normalize("NFC", cell.replace("\u00a0", " "))
    return text.strip(" \t\r\n\ufeff\u200b\u200e\u200f\u2060")


def read_form(path: Path) -> Form:
    """Find encoding, delimiter and columns of a file; raises OSError if it cannot be read."""
    with path.open("rb") as file:
        start = file.read(4)
    encoding = next((e for mark, e in _ENCODINGS.items() if start.startswith(mark)), "utf-8")
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as text:
        try:
            first = text.readline(100_000)
        except UnicodeError:
            return Form(encoding, ",", (), "the file is not readable as UTF-16")
    delimiter = max(_DELIMITERS, key=lambda mark: first.count(mark))
    columns = tuple(
        clean(name).casefold() for name in next(csv.reader([first], delimiter=delimiter), [])
    )
    return Form(encoding, delimiter, columns, _problem(columns))


def _problem(columns: tuple[str, ...]) -> str:
    if "email" not in columns:
        shown = ", ".join(name or "(empty)" for name in columns[:8]) or "nothing"
        return f"there is no column `email`; the first line has: {shown}"
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        return f"the column `{repeated[0]}` stands there twice"
    return ""


def attribute_names(root: Path, further: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the names that lessons may use under ``subscriber.`` besides the usual ones."""
    path = root / FILE_NAME
    try:
        return frozenset(read_form(path).attributes) | further
    except OSError:
        return further
