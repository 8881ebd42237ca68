"""Reading the rows of a CSV file one by one: each is a person, or a reason why not."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from email_validator import EmailNotValidError, validate_email

from bypost.people.columns import KNOWN, UNDECODED, Form, clean
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
_STATUSES = ("confirmed", "unconfirmed", "left")


@dataclass(frozen=True, slots=True)
class Row:
    """One usable row.

    Attributes:
        line: Line of the file on which it begins, counting from 1.
        key: Case-folded address: who is the same person.
        cells: Cleaned cells by column, as they are compared at the next sync.
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


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that was left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a row may name."""

    courses: frozenset[str]
    newsletters: frozenset[str]


def read_rows(path: Path, form: Form, known: Known) -> Iterator[Row | BadRow]:
    """Yield every row of a file in order; memory does not grow with it.

    Quotes are read strictly: one that is never closed would swallow the rows behind it unseen.
    """
    with path.open(encoding=form.encoding, errors=form.errors, newline="") as file:
        reader = csv.reader(file, delimiter=form.delimiter, strict=True)
        next(reader, None)
        line = reader.line_num + 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line, f"not readable as CSV: {_explain(error)}")
                line = reader.line_num + 1
                continue
            if any(cell.strip() for cell in cells):
                yield _row(line, cells, form, known)
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


def _row(line: int, cells: list[str], form: Form, known: Known) -> Row | BadRow:
    if len(cells) > len(form.columns) and any(cell.strip() for cell in cells[len(form.columns) :]):
        return BadRow(
            line,
            f"{len(cells)} cells, but the first line names {len(form.columns)} columns; "
            "put cells that contain the delimiter in quotes",
        )
    named = {name: clean(cell) for name, cell in zip(form.columns, cells, strict=False) if name}
    try:
        return _checked(line, named, form, known)
    except ValueError as error:
        return BadRow(line, str(error))


def _checked(line: int, named: dict[str, str], form: Form, known: Known) -> Row:
    """Return the row; raise ValueError with the reason if something in it cannot be used."""
    for name, cell in named.items():
        if UNDECODED.search(cell):
            raise ValueError(f"the cell `{name}` is not UTF-8; save the file as UTF-8")
        if (_CONTROL_OR_BREAK if name in _ONE_LINE else _CONTROL).search(cell):
            raise ValueError(f"a line break or control character stands inside the cell `{name}`")
    email = address(named.get("email", ""))
    status = named.get("status", "").casefold() or "confirmed"
    if status not in _STATUSES:
        raise ValueError(f"status `{status[:40]}` is not one of {', '.join(_STATUSES)}")
    return Row(
        line=line,
        email=email,
        key=email.casefold(),
        name=named.get("name", "")[:200],
        time_zone=_zone(named.get("time_zone", "")),
        tags=_words(named.get("tags", "")),
        status=status,
        consent_note=named.get("consent_note", ""),
        courses=_named(named.get("courses", ""), known.courses, "course"),
        newsletters=_named(named.get("newsletters", ""), known.newsletters, "newsletter"),
        attributes={name: named.get(name, "") for name in form.attributes},
        cells=named,
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
