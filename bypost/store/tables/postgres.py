"""The tables of a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import JSON, Boolean, Column, Date, Float, LargeBinary, String, Table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from bypost.store.engine import driver
from bypost.store.tables.base import Plain, Tables, Unfit, at_a_time, in_order, names, numbered

#: What the sorts behind an index may take of the server's memory.
_MEMORY = "256MB"


class PostgresTables(Tables):
    """Reads and writes within the transaction of a connection; streams by ``COPY``."""

    def __init__(self, connection: Connection) -> None:
        self._connection: psycopg.Connection[Any] = driver(connection)
        self._aside: list[str] = []
        # Whoever holds this transaction waits for the other database meanwhile.
        self._run("SET LOCAL idle_in_transaction_session_timeout = 0")
        self._run("SET LOCAL statement_timeout = 0")

    def rows(self, table: Table) -> Generator[list[Plain]]:
        """Yield the rows by primary key."""
        chosen, kinds = zip(*(_plainly(column) for column in table.c), strict=True)
        key = ", ".join(_by_code_points(column) for column in table.primary_key)
        query = f"SELECT {', '.join(chosen)} FROM {table.name} ORDER BY {key}"  # noqa: S608 - names of our own schema
        with (
            _errors(),
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as stream,
        ):
            stream.set_types(kinds)
            rows = stream.rows()
            while found := list(islice(rows, at_a_time(table))):
                yield found

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        return int(self._run(f"SELECT count(*) FROM {table.name}")[0][0])  # noqa: S608 - a table of our schema

    def last_numbers(self) -> Mapping[str, int]:
        """Return the highest number that each sequence gave out."""
        return {
            table.name: int(
                self._run(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")[  # noqa: S608 - the server's own word for it
                    0
                ][0]
            )
            for table, sequence in self._sequences()
        }

    def open_up(self) -> None:
        """Empty all tables; lay indexes, references and our triggers aside."""
        self._run(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'")
        ours = [table.name for table in in_order()]
        self._run(f"TRUNCATE {', '.join(ours)}")
        for table, name, definition in self._run(
            "SELECT k.relname, quote_ident(c.conname), pg_get_constraintdef(c.oid) "
            "FROM pg_constraint c JOIN pg_class k ON k.oid = c.conrelid WHERE c.contype = 'f' "
            "AND k.relnamespace = current_schema()::regnamespace AND k.relname = ANY(%s) "
            "ORDER BY 1, 2",
            ours,
        ):
            self._run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            self._aside.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for name, definition in self._run(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) "
            "FROM pg_index i JOIN pg_class k ON k.oid = i.indrelid "
            "WHERE k.relnamespace = current_schema()::regnamespace AND k.relname = ANY(%s) "
            "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid) ORDER BY 1",
            ours,
        ):
            self._run(f"DROP INDEX {name}")
            self._aside.insert(0, definition)  # before the references, which may use them
        for table in ours:
            self._run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            self._aside.append(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def add(self, table: Table, rows: Iterable[Plain]) -> None:
        """Write rows."""
        try:
            with (
                _errors(),
                self._connection.cursor() as cursor,
                cursor.copy(f"COPY {table.name} ({names(table.c)}) FROM STDIN") as stream,
            ):
                for row in rows:
                    stream.write_row(row)
            # As plain text PostgreSQL keeps any JSON; what it cannot look into would fail later.
            for column in table.c:
                if isinstance(column.type, JSON):
                    self._run(f'SELECT count("{column.name}"::jsonb) FROM {table.name}')  # noqa: S608 - names of our own schema
        except psycopg.DataError:
            raise Unfit(table) from None  # its words hold the value

    def close_up(self, last_numbers: Mapping[str, int]) -> None:
        """Number on, build the indexes, check all references at once, and count the values."""
        for table, sequence in self._sequences():
            last = last_numbers.get(table.name, 0)
            self._run("SELECT setval(%s, %s, %s)", sequence, max(last, 1), last > 0)
        for sql in self._aside:
            self._run(sql)
        self._aside.clear()
        self._run(f"ANALYZE {', '.join(table.name for table in in_order())}")

    def _sequences(self) -> Iterator[tuple[Table, str]]:
        """Yield each table that numbers its rows, and the sequence it takes them from."""
        for table in in_order():
            if column := numbered(table):
                sql = "SELECT pg_get_serial_sequence(%s, %s)"
                name = self._run(sql, table.name, column)[0][0]
                if name is not None:
                    yield table, name

    def _run(self, sql: str, *values: object) -> list[Plain]:
        """Run a statement; return its rows."""
        with _errors(), self._connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []


def _plainly(column: Column[Any]) -> tuple[str, str]:
    """Return how a column is read so that its values are plain, and the type they then have."""
    name, kind = f'"{column.name}"', column.type
    if isinstance(kind, LargeBinary):
        return name, "bytea"
    if isinstance(kind, Float):
        return f"{name}::float8", "float8"
    if isinstance(kind, Boolean):
        return f"{name}::int::int8", "int8"
    if isinstance(kind, String | JSON | Date):
        return f"{name}::text", "text"
    return f"{name}::int8", "int8"


def _by_code_points(column: Column[Any]) -> str:
    """Return how a column of a key is ordered: texts as SQLite does it."""
    return f'"{column.name}"' + (' COLLATE "C"' if isinstance(column.type, String) else "")


@contextmanager
def _errors() -> Iterator[None]:
    """Raise what went wrong with the server as SQLAlchemy does, so that it is put in words."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise OperationalError(None, None, error, hide_parameters=True) from error
    except psycopg.InterfaceError as error:
        raise InterfaceError(None, None, error, hide_parameters=True) from error
