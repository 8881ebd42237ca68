"""Very many rows at once: values go to the driver as they are kept, by a statement made once.

SQLAlchemy looks at each value of each row, which takes longer than writing it (measured 2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import JSON, Integer, LargeBinary
from sqlalchemy.types import TypeEngine

from bypost.store.engine import Connection
from bypost.store.schema import metadata
from bypost.store.schema.base import Instant

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """How rows of a table are given: JSON by :func:`as_json`, instants in microseconds.

    Attributes:
        given: Columns of a row, in its order.
        fixed: Columns that are the same in each new row, as SQL says them.
        twice: What becomes of a row that is there already, as SQL says it; empty: an error.
    """

    table: str
    given: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    twice: str = ""

    def insert(self, connection: Connection, rows: Rows) -> None:
        """Insert rows."""
        names = ", ".join([*self.given, *self.fixed])
        into = f"INSERT INTO {self.table} ({names})"
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            chosen = ", ".join([*self._typed(), *self.fixed.values()])
            statement = f"{into} SELECT {chosen} FROM {self._arrays()} {self.twice}"  # noqa: S608 - names of our own schema
            connection.exec_driver_sql(statement, self._columns(rows))
        else:
            marks = ", ".join([*("?" * len(self.given)), *self.fixed.values()])
            connection.exec_driver_sql(f"{into} VALUES ({marks}) {self.twice}", list(rows))

    def update(self, connection: Connection, rows: Rows) -> None:
        """Change the given columns of rows that are there; the last one is their number."""
        *names, key = self.given
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            typed = zip(names, self._typed(), strict=False)
            changes = ", ".join(f"{name} = given.{value}" for name, value in typed)
            change = f"{self.table} SET {changes}"
            same = f"{self.table}.{key} = given.{key}"
            statement = f"UPDATE {change} FROM {self._arrays()} WHERE {same}"
            connection.exec_driver_sql(statement, self._columns(rows))
        else:
            changes = ", ".join(f"{name} = ?" for name in names)
            statement = f"UPDATE {self.table} SET {changes} WHERE {key} = ?"  # noqa: S608 - likewise
            connection.exec_driver_sql(statement, list(rows))

    def _kinds(self) -> list[str]:
        """Return the types of the columns on PostgreSQL."""
        columns = metadata.tables[self.table].c
        return [_kind(columns[name].type) for name in self.given]

    def _typed(self) -> list[str]:
        return [f"{name}::{kind}" for name, kind in zip(self.given, self._kinds(), strict=True)]

    def _arrays(self) -> str:
        # JSON comes as text: the driver would put it in quotes once more.
        arrays = ", ".join(f"%s::{kind.replace('json', 'text')}[]" for kind in self._kinds())
        return f"unnest({arrays}) AS given ({', '.join(self.given)})"

    def _columns(self, rows: Rows) -> tuple[list[Any], ...]:
        """Return the values column by column, without NUL: PostgreSQL refuses it."""
        from bypost.store.postgres_values import to_json, without_nul  # psycopg, not for SQLite

        def whole(text: str | None) -> str | None:
            return to_json(json.loads(text)) if text and "\\u0000" in text else text

        change: Mapping[str, Callable[[Any], Any]] = {"text": without_nul, "json": whole}
        return tuple(
            [change[kind](value) for value in column] if kind in change else list(column)
            for kind, column in zip(self._kinds(), zip(*rows, strict=True), strict=True)
        )


def _kind(type_: TypeEngine[Any]) -> str:
    match type_:
        case JSON():
            return "json"
        case LargeBinary():
            return "bytea"
        case Instant() | Integer():
            return "bigint"
    return "text"


def as_json(value: object) -> str:
    """Return a value as a column of JSON keeps it."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a surrogate pair, from JSON in a cell, cannot be written as UTF-8
        return json.dumps(value)


def among(connection: Connection, query: str, values: Sequence[Any]) -> Sequence[Any]:
    """Return the rows of a query whose last column is one of some thousand values.

    Args:
        query: Ends with that column; it may hold values of nobody.
    """
    if not values:
        return []
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql(f"{query} = ANY(%s)", (list(values),)).all()
    marks = ", ".join("?" * len(values))
    return connection.exec_driver_sql(f"{query} IN ({marks})", tuple(values)).all()
