"""Reading the rows of a CSV file one by one: each is a person, or a reason why not."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from bypost.people.columns import KNOWN, QUARANTINE, RECORD, UNDECODED, Form, clean
from bypost.people.csv_lines import Lines
from bypost.people.plain_address import plain_address
from bypost.people.record import Record, read_record
from scheduler.wall import zone_names

#: Control characters; no database keeps NUL. Only free texts may have several lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_OR_BREAK = re.compile(r"[\x00-\x1f\x7f]")
_ONE_LINE = frozenset(KNOWN) - {"consent_note"}
#: What a row may say of somebody; of the last three nobody comes back by another row.
_STATUSES = ("confirmed", "unconfirmed", "left", "bounced", "complained")


class Row(NamedTuple):
    """One usable row: a tuple, as a million are made, and a dataclass takes five times as long.

    Attributes:
        line: Line of the file on which it begins, counting from 1.
        key: Case-folded address: who is the same person. Of somebody who was erased elsewhere
            there is no address: the key is one that nobody has.
        cells: Cleaned cells by column, as they are compared at the next sync.
        stood: The cells as they stand, in the order of the columns.
        record: All that a complete export says of them; None in any other file.
    """

    line: int
    email: str
    key: str
    name: str
    time_zone: str
    tags: tuple[str, ...]
    status: str
    consent_note: str
    courses: tuple[str, ...] | None
    newsletters: tuple[str, ...] | None
    attributes: Mapping[str, str]
    cells: Mapping[str, str]
    stood: Sequence[str]
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that was left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class SpoiledRow(BadRow):
    """A bad row with what stood in it.

    Attributes:
        cells: As they stand, in the order of the columns; none where they could not be told apart.
        text: The row as it stands, where that is more than its cells.
    """

    cells: tuple[str, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What a row may name."""

    courses: frozenset[str]
    newsletters: frozenset[str]


def read_rows(path: Path, form: Form, known: Known) -> Iterator[Row | SpoiledRow]:
    """Yield every row of a file in order; memory does not grow with it.

    Quotes are read strictly: one that is never closed would swallow the rows behind it unseen.
    """
    check = Check(form, known)
    with path.open(encoding=form.encoding, errors=form.errors, newline="") as file:
        lines = Lines(file)
        reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
        next(reader, None)
        while True:
            line = lines.first = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = f"not readable as CSV: {_explain(error)}"
                yield SpoiledRow(line, reason, text=lines.text(reader.line_num))
                continue
            if not "".join(cells).strip():
                continue
            if len(cells) > check.width and "".join(cells[check.width :]).strip():
                yield _too_long(line, cells, form, lines.text(reader.line_num))
                continue
            try:
                yield check.row(line, cells)
            except ValueError as error:
                yield SpoiledRow(line, str(error), tuple(cells))


def _explain(error: csv.Error) -> str:
    """Return what the reader says in words that help."""
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote that opens here is never closed; nothing behind it was read"
    if "expected after" in text:
        return 'text stands behind a closing quote; write a quote inside a cell as `""`'
    if "field larger" in text:
        return "a cell is longer than 131,072 characters; is a quote not closed?"
    return text


def _too_long(line: int, cells: list[str], form: Form, text: str) -> SpoiledRow:
    width = len(form.columns)
    reason = (
        f"{len(cells)} cells, but the first line names {width} columns; "
        "put cells that contain the delimiter in quotes"
    )
    return SpoiledRow(line, reason, tuple(cells[:width]), text)


class Check:
    """Makes rows of the cells of one file, or tells why it cannot."""

    def __init__(self, form: Form, known: Known) -> None:
        self.width = len(form.columns)
        self._columns = form.columns
        self._known = known
        self._dialect = form.dialect
        self._attributes = form.attributes
        #: Columns that say nothing of the person; of one that is left out the name is empty.
        self._taken_out = [name for name in ("", *QUARANTINE) if name in form.columns]

    def row(self, line: int, cells: Sequence[str], email: str | None = None) -> Row:
        """Return the row; raise ValueError with the reason if something in it cannot be used.

        Args:
            email: Its address, where that was found to be good before.
        """
        named = self._cleaned(cells)
        record = None
        attributes = {name: named.get(name, "") for name in self._attributes}
        if self._dialect is not None:
            named = self._dialect.translate(named)
            named.pop(RECORD, None)
            attributes = {name: cell for name, cell in named.items() if name not in KNOWN}
        elif told := named.pop(RECORD, ""):
            record = read_record(told)
        said = named.get
        gone = record.address if record is not None else ""
        if email is None:
            email = "" if gone and not said("email") else address(said("email", ""))
        status = said("status", "").casefold() or "confirmed"
        if status not in _STATUSES:
            raise ValueError(f"status `{status[:40]}` is not one of {', '.join(_STATUSES)}")
        return Row(  # by position, in the order above: by name takes more than twice as long
            line,
            email,
            email.casefold() or f"#{gone}",
            said("name", "")[:200],
            _zone(said("time_zone", "")),
            _words(said("tags", "")),
            status,
            said("consent_note", ""),
            _named(said("courses", ""), self._known.courses, "course"),
            _named(said("newsletters", ""), self._known.newsletters, "newsletter"),
            attributes,
            named,
            cells,
            record,
        )

    def _cleaned(self, cells: Sequence[str]) -> dict[str, str]:
        """Return the cells by column; raise ValueError for one that holds what is no text."""
        if _is_plain("".join(cells)):
            named = dict(zip(self._columns, map(str.strip, cells), strict=False))
        else:
            named = dict(zip(self._columns, map(clean, cells), strict=False))
            named.pop("", None)
            for name, cell in named.items():
                _refuse_no_text(name, cell)
        for name in self._taken_out:
            named.pop(name, None)
        return named


def _is_plain(text: str) -> bool:
    """Tell whether cells need no cleaning but of spaces at their ends.

    What is printable has no control characters, no invisible ones and no spaces but the usual one.
    """
    return (
        text.isprintable()
        and "'" not in text
        and (text.isascii() or ("\ufffd" not in text and unicodedata.is_normalized("NFC", text)))
    )


def _refuse_no_text(name: str, cell: str) -> None:
    if UNDECODED.search(cell):
        raise ValueError(
            f"the cell `{name}` is not UTF-8; save the file as UTF-8, or name its encoding"
        )
    if (_CONTROL_OR_BREAK if name in _ONE_LINE else _CONTROL).search(cell):
        raise ValueError(f"a line break or control character stands inside the cell `{name}`")


def address(text: str) -> str:
    """Return a usable address; a strict quick look first, the library for all others."""
    if not text:
        raise ValueError("the address is missing")
    if plain := plain_address(text):
        return plain
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(f"`{text[:80]}` is not a usable address: {error}") from error
    return checked.ascii_email or checked.normalized


@lru_cache(maxsize=2048)
def _zone(text: str) -> str:
    if not text or text in zone_names():
        return text
    zones = {name.casefold(): name for name in zone_names()}
    if text.casefold() in zones:
        return zones[text.casefold()]
    near = difflib.get_close_matches(text, zones.values(), n=1)
    hint = f"did you mean `{near[0]}`?" if near else "write a name such as `Europe/Berlin`"
    raise ValueError(f"time_zone `{text}` is not known; {hint}")


@lru_cache(maxsize=2048)
def _words(cell: str) -> tuple[str, ...]:
    return tuple(word for part in cell.split(";") if (word := part.strip()))


def _named(cell: str, known: frozenset[str], what: str) -> tuple[str, ...] | None:
    """Return the names in a cell; None where it is blank, nothing for the empty list ``;``."""
    if not cell:
        return None
    names = _words(cell)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known))}"
            raise ValueError(f"there is no {what} `{name}`; {hint}")
    return names
