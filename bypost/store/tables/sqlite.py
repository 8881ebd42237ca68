"""The tables of a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, Column, Table

from bypost.errors import StoreError
from bypost.store.tables.base import Plain, Tables, Unfit, at_a_time, in_order, names, numbered


class SqliteTables(Tables):
    """Reads and writes over one connection.

    Args:
        connection: For writing one of its own, to a file that nobody else knows of: what fails
            half-way is thrown away with the file.
        name: Where it is, for people.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._aside: list[str] = []

    def rows(self, table: Table) -> Generator[list[Plain]]:
        """Yield the rows by primary key."""
        chosen = ", ".join(_plainly(column) for column in table.c)
        cursor = self._connection.execute(
            f"SELECT {chosen} FROM {table.name} ORDER BY {names(table.primary_key)}"  # noqa: S608 - names of our own schema
        )
        try:
            while found := cursor.fetchmany(at_a_time(table)):
                yield found
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):
                raise
            raise Unfit(table) from None  # its words hold the text
        finally:
            cursor.close()

    def raw_rows(self, table: Table) -> Generator[list[Plain]]:
        """Yield the rows with texts as bytes: also such as are no texts at all."""
        decoding = self._connection.text_factory
        self._connection.text_factory = bytes
        try:
            yield from self.rows(table)
        finally:
            self._connection.text_factory = decoding

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        return self._one(f"SELECT count(*) FROM {table.name}")  # noqa: S608 - a table of our schema

    def last_numbers(self) -> Mapping[str, int]:
        """Return the highest numbers; of most tables only that of a row that is still there."""
        found = {
            table.name: self._one(f"SELECT coalesce(max(rowid), 0) FROM {table.name}")  # noqa: S608 - a table of our schema
            for table in in_order()
            if numbered(table)
        }
        for name, number in self._connection.execute("SELECT name, seq FROM sqlite_sequence"):
            if name in found:
                found[name] = max(found[name], number)
        return found

    def open_up(self) -> None:
        """Empty all tables; lay indexes and triggers aside, and wait for no disk."""
        for setting in ("foreign_keys = OFF", "journal_mode = OFF", "synchronous = OFF"):
            self._connection.execute(f"PRAGMA {setting}")
        for table in in_order():
            self._connection.execute(f"DELETE FROM {table.name}")  # noqa: S608 - a table of our schema
        query = (
            "SELECT type, name, sql FROM sqlite_master "
            "WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type"
        )
        for kind, name, sql in self._connection.execute(query).fetchall():
            self._connection.execute(f'DROP {kind} "{name}"')
            self._aside.append(sql)

    def add(self, table: Table, rows: Iterable[Plain]) -> None:
        """Write rows."""
        places = ", ".join("?" * len(table.c))
        self._connection.executemany(
            f"INSERT INTO {table.name} ({names(table.c)}) VALUES ({places})",  # noqa: S608 - names of our schema
            rows,
        )

    def close_up(self, last_numbers: Mapping[str, int]) -> None:
        """Build the indexes, then look whether every reference leads somewhere."""
        for sql in self._aside:
            self._connection.execute(sql)
        self._aside.clear()
        known = dict(self._connection.execute("SELECT name, seq FROM sqlite_sequence"))
        for table in in_order():
            if table.dialect_options["sqlite"]["autoincrement"]:
                self._number_on(table.name, known.get(table.name), last_numbers.get(table.name, 0))
        broken = self._connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise StoreError(
                f"{self._name}: a row of `{broken[0]}` names one of `{broken[2]}` that is not "
                "there\n    run `bypost db check` on the database it came from"
            )
        self._connection.commit()

    def _number_on(self, name: str, known: int | None, last: int) -> None:
        """Let the next row of a table get a number that none ever had."""
        if known is None:
            sql = "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)"
        else:
            sql = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
        self._connection.execute(sql, (max(known or 0, last), name))

    def _one(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])


def _plainly(column: Column[Any]) -> str:
    """Return how a column is read: SQLite makes a number of JSON that is nothing else."""
    name = f'"{column.name}"'
    return f"CAST({name} AS TEXT)" if isinstance(column.type, JSON) else name
