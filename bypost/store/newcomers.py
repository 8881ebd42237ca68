"""Very many people at once, with what they begin: rows go to the driver as they are kept.

SQLAlchemy looks at each value of each row, which takes longer than writing it (measured 2026-11).
Here a statement is made once, and what is alike in all rows stands in it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import JSON, Integer, LargeBinary
from sqlalchemy.types import TypeEngine

from bypost.store import daily
from bypost.store.engine import Connection
from bypost.store.schema import metadata
from bypost.store.schema.base import Instant
from bypost.store.schema.base import microseconds as microseconds

#: Who comes: number, address, case-folded address, name, zone, status, tags, attributes, cells by
#: file, when they came, when they confirmed. JSON by :func:`as_json`, instants in microseconds.
Person = tuple[int, str, str, str, str, str, str, str, str, int, int | None]
#: A run that begins: whose, course, since when, its hint, link id, first lesson.
Run = tuple[int, str, int, int, bytes, str]
#: A subscription that begins: whose, newsletter, since when, link id.
Letter = tuple[int, str, int, bytes]
#: Consent: whose, to what, the wording, when it was asked for, when confirmed.
Consent = tuple[int, str, str, int, int]
#: What stands against an address: its hash, the reason, since when.
Stop = tuple[bytes, str, int]

#: How consent came here, and who says that nothing is to be sent.
SOURCE = "csv"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """How rows of a table are given.

    Attributes:
        given: Columns of a row, in its order.
        fixed: Columns that are the same in each row, as SQL says them.
        twice: What becomes of a row that is there already, as SQL says it; empty: an error.
    """

    table: str
    given: tuple[str, ...]
    fixed: Mapping[str, str]
    twice: str = ""

    @property
    def kinds(self) -> list[str]:
        """Return the types of the columns on PostgreSQL."""
        columns = metadata.tables[self.table].c
        return [_kind(columns[name].type) for name in self.given]

    def on_sqlite(self) -> str:
        """Return the statement for one row."""
        marks = ", ".join([*("?" * len(self.given)), *self.fixed.values()])
        return f"{self._into} VALUES ({marks}) {self.twice}"

    def on_postgresql(self) -> str:
        """Return the statement for all rows, which are given column by column."""
        # JSON comes as text: the driver would put it in quotes once more.
        comes = [kind.replace("json", "text") for kind in self.kinds]
        arrays = ", ".join(f"%s::{kind}[]" for kind in comes)
        found = [f"{name}::{kind}" for name, kind in zip(self.given, self.kinds, strict=True)]
        chosen = ", ".join([*found, *self.fixed.values()])
        rows = f"FROM unnest({arrays}) AS given ({', '.join(self.given)})"
        return f"{self._into} SELECT {chosen} {rows} {self.twice}"

    @property
    def _into(self) -> str:
        names = ", ".join([*self.given, *self.fixed])
        return f"INSERT INTO {self.table} ({names})"


def _kind(type_: TypeEngine[Any]) -> str:
    match type_:
        case JSON():
            return "json"
        case LargeBinary():
            return "bytea"
        case Instant() | Integer():
            return "bigint"
    return "text"


_PEOPLE = _Sheet(
    "subscribers",
    (
        *("id", "email", "email_key", "name", "time_zone", "status"),
        *("tags", "attributes", "csv_cells", "created_at", "confirmed_at"),
    ),
    {"hour": "''", "own_choice": "'[]'"},
)
_RUNS = _Sheet(
    "enrollments",
    ("subscriber_id", "course", "started_at", "next_due", "link_id", "begins_with"),
    {"run": "1", "status": "'active'", "pace": "''"},
)
_LETTERS = _Sheet(
    "subscriptions",
    ("subscriber_id", "newsletter", "started_at", "link_id"),
    {"status": "'active'"},
)
_CONSENTS = _Sheet(
    "consents",
    ("subscriber_id", "purpose", "note", "requested_at", "confirmed_at"),
    {"source": f"'{SOURCE}'", "network": "''", "withdrawn_by": "''"},
)
_STOPS = _Sheet(
    "suppressions",
    ("address_hash", "reason", "created_at"),
    {"scope": "'all'", "detail": f"'{SOURCE}'"},
    "ON CONFLICT DO NOTHING",
)


def add_people(connection: Connection, rows: Sequence[Person]) -> None:
    """Insert people."""
    _add(connection, _PEOPLE, rows)


def add_runs(connection: Connection, rows: Sequence[Run], now: datetime) -> None:
    """Insert first runs, and count them on the day of ``now``."""
    _add(connection, _RUNS, rows)
    _count(connection, now, Counter(daily.course(row[1]) for row in rows))


def add_letters(connection: Connection, rows: Sequence[Letter], now: datetime) -> None:
    """Insert subscriptions, and count them on the day of ``now``."""
    _add(connection, _LETTERS, rows)
    _count(connection, now, Counter(daily.newsletter(row[1]) for row in rows))


def add_consents(connection: Connection, rows: Sequence[Consent]) -> None:
    """Insert evidence of consent."""
    _add(connection, _CONSENTS, rows)


def add_stops(connection: Connection, rows: Sequence[Stop]) -> None:
    """Suppress addresses for everything; a second time for the same reason changes nothing."""
    _add(connection, _STOPS, rows)


def as_json(value: object) -> str:
    """Return a value as a column of JSON keeps it."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a surrogate pair, from JSON in a cell, cannot be written as UTF-8
        return json.dumps(value)


def _count(connection: Connection, now: datetime, began: Counter[str]) -> None:
    day, joined = daily.day_of(now), daily.Kind.JOINED
    daily.add_all(
        connection,
        (
            daily.Count(day=day, kind=joined, collection=where, number=number)
            for where, number in began.items()
        ),
    )


def _add(connection: Connection, sheet: _Sheet, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(sheet.on_postgresql(), _columns(sheet, rows))
    else:
        connection.exec_driver_sql(sheet.on_sqlite(), list(rows))


def _columns(sheet: _Sheet, rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    """Return the values column by column, without NUL: PostgreSQL refuses it."""
    from bypost.store.postgres_values import to_json, without_nul  # psycopg, not for SQLite

    change: Mapping[str, Callable[[Any], Any]] = {
        "text": without_nul,
        "json": lambda text: to_json(json.loads(text)) if "\\u0000" in text else text,
    }
    return tuple(
        [change[kind](value) for value in column] if kind in change else list(column)
        for kind, column in zip(sheet.kinds, zip(*rows, strict=True), strict=True)
    )
