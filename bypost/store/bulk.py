"""Writing very many rows at once, for databases of invented people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, select, text

from bypost.store.engine import Connection, driver
from bypost.store.schema import metadata
from bypost.store.schema.base import Instant

#: Kibibytes of pages that SQLite keeps in memory meanwhile: indexes are written in any order.
_CACHE_KIB = 600_000
_MICROSECONDS = 1_000_000


def begin(connection: Connection) -> None:
    """Prepare the connection for many rows in one transaction."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA cache_size = -{_CACHE_KIB}"))


class Sheet:
    """Rows of one table, each a tuple in the order of ``columns``.

    Instants are whole seconds since 1970: making a datetime of each would take longer than
    writing it.

    Args:
        fixed: Columns that are the same in every row, as values of the database.
    """

    def __init__(
        self, table: str, columns: Sequence[str], fixed: Mapping[str, Any] | None = None
    ) -> None:
        self._table = metadata.tables[table]
        self._columns = tuple(columns)
        self._fixed = dict(fixed or {})
        self.rows: list[tuple[Any, ...]] = []

    def write(self, connection: Connection) -> None:
        """Insert the rows gathered so far, and forget them."""
        if not self.rows:
            return
        rows = list(zip(*self._by_column(connection), strict=True))
        if connection.dialect.name == "postgresql":
            self._copy(connection, rows)
        else:
            connection.exec_driver_sql(self._sql(connection), rows)
        self.rows.clear()

    def _copy(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Stream rows to PostgreSQL; who comes later is numbered behind them."""
        given = {*self._columns, *self._fixed}
        names = ", ".join(
            f'"{column.name}"' for column in self._table.columns if column.name in given
        )
        with (
            driver(connection)
            .cursor()
            .copy(f"COPY {self._table.name} ({names}) FROM STDIN") as stream
        ):
            for row in rows:
                stream.write_row(row)
        if "id" in self._columns:
            last = select(func.max(self._table.c.id)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(self._table.name, "id")
            connection.execute(select(func.setval(sequence, last)))

    def _sql(self, connection: Connection) -> str:
        names = [*self._columns, *self._fixed]
        return str(insert(self._table).compile(dialect=connection.dialect, column_keys=names))

    def _by_column(self, connection: Connection) -> list[Sequence[Any]]:
        """Return the values column by column, in the order of the table."""
        given = dict(zip(self._columns, zip(*self.rows, strict=True), strict=True))
        found: list[Sequence[Any]] = []
        for column in self._table.columns:
            if column.name in given:
                change = _change(column.type, connection)
                values = given[column.name]
                found.append([change(value) for value in values] if change else values)
            elif column.name in self._fixed:
                found.append([self._fixed[column.name]] * len(self.rows))
        return found


def _change(kind: Any, connection: Connection) -> Callable[[Any], Any] | None:
    """Return what makes a value of the database of one of ours; None where they are the same."""
    if isinstance(kind, Instant):
        return _instant
    change: Callable[[Any], Any] | None = kind.dialect_impl(connection.dialect).bind_processor(
        connection.dialect
    )
    return change


def _instant(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * _MICROSECONDS
