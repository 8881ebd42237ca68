"""The columns of ``subscribers.csv``, and how its first line is read."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bypost.people.dialects import Dialect, detect

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
#: Holds all that the other columns cannot say, in the export that is to be complete.
RECORD = "bypost"
#: What stands beside a row that was set aside; they say nothing about the person.
QUARANTINE = ("quarantine_line", "quarantine_reason", "quarantine_text")
#: What the file is called in a project.
FILE_NAME = "subscribers.csv"

_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
}
#: Encodings that nothing in a file tells, to be named by whoever knows.
CHOICES = (
    "utf-8",
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "mac-roman",
    "utf-16-le",
    "utf-16-be",
)
#: How the files of spreadsheet programs begin.
_ZIP = b"PK\x03\x04"
#: Characters of the first line that are looked at for the delimiter.
_LONGEST_HEADER = 100_000
#: Marks that copying leaves at the ends of a cell and that nobody sees.
_INVISIBLE = "\ufeff\u00ad\u200b\u200c\u200d\u200e\u200f\u2060"
#: Bytes that were not of the file's encoding (PEP 383), or what stands for them.
UNDECODED = re.compile("[\udc80-\udcff\ufffd]")
#: A cell that begins with one of these is a formula to a spreadsheet (OWASP: CSV injection);
#: apostrophes in front keep it from being one.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Reading:
    """How somebody wants a file to be read, where that is not as it stands.

    Attributes:
        encoding: For a file without a mark that is not UTF-8, e.g. ``windows-1252``; or empty.
        columns: Column of the file -> ours, or an attribute's name; empty leaves the column out.
    """

    encoding: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


AS_IT_STANDS = Reading()


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is to be read.

    Attributes:
        columns: Its column names, cleaned; empty for one that is left out.
        problem: Why it cannot be read at all; empty if it can.
        dialect: Whose export it is; None for our own columns.
        found: The column names before any was given another meaning.
    """

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    problem: str = ""
    dialect: Dialect | None = None
    found: tuple[str, ...] = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """Return the columns without a meaning of their own."""
        own = {*KNOWN, RECORD, *QUARANTINE}
        return tuple(name for name in self.columns if name and name not in own)

    @property
    def errors(self) -> str:
        """Return how undecodable bytes are kept until their row is looked at.

        UTF-16 has no bytes that could be kept one by one; they become U+FFFD.
        """
        return "replace" if self.encoding.startswith("utf-16") else "surrogateescape"


def clean(cell: str) -> str:
    """Return a cell as it is meant: no spaces or invisible marks at its ends, no protection."""
    text = unicodedata.normalize("NFC", cell.replace("\u00a0", " "))
    bare = text.strip()
    while bare != (text := bare.strip(_INVISIBLE).strip()):
        bare = text
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def protect(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; :func:`clean` takes it back.

    An apostrophe in front marks it. A cell that has one in front of a formula gets another.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def read_form(path: Path, reading: Reading = AS_IT_STANDS) -> Form:
    """Find encoding, delimiter and columns of a file; raises OSError if it cannot be read."""
    with path.open("rb") as file:
        start = file.read(4)
    marked = next((e for mark, e in _ENCODINGS.items() if start.startswith(mark)), "")
    encoding = marked or reading.encoding or "utf-8"
    form = Form(encoding, ",", ())
    if start == _ZIP:
        return Form("utf-8", ",", (), "this is a spreadsheet; save it as CSV, in UTF-8")
    if reading.encoding and reading.encoding not in CHOICES:
        known = ", ".join(CHOICES)
        return Form("utf-8", ",", (), f"encoding `{reading.encoding[:40]}`: known are {known}")
    with path.open(encoding=encoding, errors=form.errors, newline="") as text:
        first = text.readline(_LONGEST_HEADER)
        delimiter = max(_DELIMITERS, key=lambda mark: first.count(mark))
        text.seek(0)
        try:
            cells = next(csv.reader(text, delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            return Form(encoding, delimiter, (), f"the first line is not readable as CSV: {error}")
    found = tuple(column_name(name) for name in cells)
    chosen = {column_name(name): column_name(ours) for name, ours in reading.columns.items()}
    columns = tuple(chosen.get(name, name) for name in found)
    dialect = detect(columns)
    problem = _problem(columns, dialect) or _unknown_choice(chosen, found)
    return Form(encoding, delimiter, columns, problem, dialect, found)


def column_name(cell: str) -> str:
    """Return the name of a column as it is compared: without capitals and surplus space."""
    return " ".join(clean(cell).casefold().split())


def _problem(columns: tuple[str, ...], dialect: Dialect | None) -> str:
    if any("\0" in name or UNDECODED.search(name) for name in columns):
        return "the first line holds bytes that are no text; save the file as UTF-8"
    if "email" not in columns and dialect is None:
        shown = ", ".join(name[:40] or "(empty)" for name in columns[:8]) or "nothing"
        return f"there is no column `email`; the first line has: {shown}"
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        return f"the column `{repeated[0]}` stands there twice"
    return ""


def _unknown_choice(chosen: Mapping[str, str], found: tuple[str, ...]) -> str:
    unknown = next((name for name in chosen if name not in found), None)
    return f"there is no column `{unknown[:40]}` that could be read as another" if unknown else ""


def attribute_names(root: Path, further: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the names that lessons may use under ``subscriber.`` besides the usual ones."""
    path = root / FILE_NAME
    try:
        return frozenset(read_form(path).attributes) | further
    except OSError:
        return further
