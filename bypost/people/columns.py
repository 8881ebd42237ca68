"""The columns of ``subscribers.csv``, and how its first line is read."""

from __future__ import annotations

import csv
import re
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


def read_form(path: Path) -> Form:
    """Find encoding, delimiter and columns of a file; raises OSError if it cannot be read."""
    with path.open("rb") as file:
        start = file.read(4)
    encoding = next((e for mark, e in _ENCODINGS.items() if start.startswith(mark)), "utf-8")
    form = Form(encoding, ",", ())
    with path.open(encoding=encoding, errors=form.errors, newline="") as text:
        first = text.readline(_LONGEST_HEADER)
        delimiter = max(_DELIMITERS, key=lambda mark: first.count(mark))
        text.seek(0)
        try:
            cells = next(csv.reader(text, delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            return Form(encoding, delimiter, (), f"the first line is not readable as CSV: {error}")
    columns = tuple(" ".join(clean(name).casefold().split()) for name in cells)
    return Form(encoding, delimiter, columns, _problem(columns))


def _problem(columns: tuple[str, ...]) -> str:
    if any("\0" in name or UNDECODED.search(name) for name in columns):
        return "the first line holds bytes that are no text; save the file as UTF-8"
    if "email" not in columns:
        shown = ", ".join(name[:40] or "(empty)" for name in columns[:8]) or "nothing"
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
