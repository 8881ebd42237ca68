"""Reading the rows of a CSV file one by one: each is a person, or a reason why not."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Self

from email_validator import EmailNotValidError, validate_email

from bypost.people.columns import KNOWN, QUARANTINE, RECORD, UNDECODED, Form, clean
from bypost.people.record import Record, read_record
from scheduler.wall import zone_names

#: A plain address that needs no library to be known as good; everything else goes through it.
_PLAIN = re.compile(
    r"[a-z0-9](?:[a-z0-9_+-]*[a-z0-9_+])?(?:\.[a-z0-9_+-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9]|-(?!-)){0,40}[a-z0-9]\.){1,3}(?:com|org|net|de|io|eu|uk|edu|fr)",
    re.ASCII,
)
_LONGEST_PLAIN = 100
#: Control characters; no database keeps NUL. Only free texts may have several lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_OR_BREAK = re.compile(r"[\x00-\x1f\x7f]")
_ONE_LINE = frozenset(KNOWN) - {"consent_note"}
#: What a row may say of somebody; of the last three nobody comes back by another row.
_STATUSES = ("confirmed", "unconfirmed", "left", "bounced", "complained")
#: Characters of a row that could not be read which are kept for mending it.
_LONGEST_TEXT = 10_000
_MOST_LINES = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One usable row.

    Attributes:
        line: Line of the file on which it begins, counting from 1.
        key: Case-folded address: who is the same person. Of somebody who was erased elsewhere
            there is no address: the key is one that nobody has.
        cells: Cleaned cells by column, as they are compared at the next sync.
        record: All that a complete export says of them; None in any other file.
        stood: The cells as they stand, in the order of the columns.
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
    record: Record | None = None
    stood: tuple[str, ...] = field(default=(), repr=False, compare=False)


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


class _Lines:
    """Hands out lines, and remembers those of the row that is being read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._kept: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if len(self._kept) < _MOST_LINES:
            self._kept.append(line)
        return line

    def taken(self) -> str:
        """Return what was handed out since the last time."""
        text, self._kept = "".join(self._kept), []
        return text[:_LONGEST_TEXT]

    def forget(self) -> None:
        """Let go of what was handed out."""
        self._kept.clear()


def read_rows(path: Path, form: Form, known: Known) -> Iterator[Row | SpoiledRow]:
    """Yield every row of a file in order; memory does not grow with it.

    Quotes are read strictly: one that is never closed would swallow the rows behind it unseen.
    """
    with path.open(encoding=form.encoding, errors=form.errors, newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
        next(reader, None)
        line = reader.line_num + 1
        while True:
            lines.forget()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = f"not readable as CSV: {_explain(error)}"
                yield SpoiledRow(line, reason, text=lines.taken())
                line = reader.line_num + 1
                continue
            if any(cell.strip() for cell in cells):
                yield _row(line, cells, form, known, lines)
            line = reader.line_num + 1


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


def _row(line: int, cells: list[str], form: Form, known: Known, lines: _Lines) -> Row | SpoiledRow:
    if len(cells) > len(form.columns) and any(cell.strip() for cell in cells[len(form.columns) :]):
        reason = (
            f"{len(cells)} cells, but the first line names {len(form.columns)} columns; "
            "put cells that contain the delimiter in quotes"
        )
        return SpoiledRow(line, reason, tuple(cells[: len(form.columns)]), lines.taken())
    named = {name: clean(cell) for name, cell in zip(form.columns, cells, strict=False) if name}
    try:
        return _checked(line, named, tuple(cells), form, known)
    except ValueError as error:
        return SpoiledRow(line, str(error), tuple(cells))


def _checked(
    line: int, named: dict[str, str], stood: tuple[str, ...], form: Form, known: Known
) -> Row:
    """Return the row; raise ValueError with the reason if something in it cannot be used."""
    for name, cell in named.items():
        if UNDECODED.search(cell):
            raise ValueError(
                f"the cell `{name}` is not UTF-8; save the file as UTF-8, or name its encoding"
            )
        if (_CONTROL_OR_BREAK if name in _ONE_LINE else _CONTROL).search(cell):
            raise ValueError(f"a line break or control character stands inside the cell `{name}`")
    for name in QUARANTINE:
        named.pop(name, None)
    record = None
    attributes = {name: named.get(name, "") for name in form.attributes}
    if form.dialect is not None:
        named = form.dialect.translate(named)
        named.pop(RECORD, None)
        attributes = {name: cell for name, cell in named.items() if name not in KNOWN}
    elif told := named.pop(RECORD, ""):
        record = read_record(told)
    gone = record.address if record is not None else ""
    email = "" if gone and not named.get("email") else address(named.get("email", ""))
    status = named.get("status", "").casefold() or "confirmed"
    if status not in _STATUSES:
        raise ValueError(f"status `{status[:40]}` is not one of {', '.join(_STATUSES)}")
    return Row(
        line=line,
        email=email,
        key=email.casefold() or f"#{gone}",
        name=named.get("name", "")[:200],
        time_zone=_zone(named.get("time_zone", "")),
        tags=_words(named.get("tags", "")),
        status=status,
        consent_note=named.get("consent_note", ""),
        courses=_named(named.get("courses", ""), known.courses, "course"),
        newsletters=_named(named.get("newsletters", ""), known.newsletters, "newsletter"),
        attributes=attributes,
        cells=named,
        record=record,
        stood=stood,
    )


def address(text: str) -> str:
    """Return a usable address; a strict quick look first, the library for all others."""
    if not text:
        raise ValueError("the address is missing")
    if len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text):
        return text
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


def _words(cell: str) -> tuple[str, ...]:
    return tuple(word for part in cell.split(";") if (word := part.strip()))


def _named(cell: str, known: frozenset[str], what: str) -> tuple[str, ...] | None:
    """Return the names in a cell; None where it is blank, nothing for the empty list ``;``."""
    names = _words(cell)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known))}"
            raise ValueError(f"there is no {what} `{name}`; {hint}")
    return names if cell else None
