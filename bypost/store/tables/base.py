"""What is asked of a database whose rows are read or written as a whole.

Rows are plain values that look the same on every database: numbers, texts, bytes and None. An
instant is a number, a date and JSON are their text, true is 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping
from typing import Any

from sqlalchemy import Column, LargeBinary, Table

from bypost.errors import StoreError
from bypost.store.schema import metadata

Plain = tuple[Any, ...]

#: Rows that are read at a time: many where they are small, few where a row may hold a megabyte.
_SMALL, _LARGE = 1000, 40


class Unfit(StoreError):
    """A value cannot be read as what its column holds, or the other database refuses it."""

    def __init__(self, table: Table) -> None:
        super().__init__(f"a row of `{table.name}` holds what cannot be carried over")
        self.table = table


class Tables(ABC):
    """The tables of one database, within a transaction of the caller's."""

    @abstractmethod
    def rows(self, table: Table) -> Generator[list[Plain]]:
        """Yield the rows by primary key, texts by their code points, some at a time.

        Raises:
            Unfit: A text is none.
        """

    @abstractmethod
    def count(self, table: Table) -> int:
        """Return how many rows there are."""

    @abstractmethod
    def last_numbers(self) -> Mapping[str, int]:
        """Return table -> the highest number that it ever gave to a row, where that is known."""

    @abstractmethod
    def open_up(self) -> None:
        """Empty all tables, and lay aside what would check or index each row on its own."""

    @abstractmethod
    def add(self, table: Table, rows: Iterable[Plain]) -> None:
        """Write rows; raise Unfit for what the database refuses."""

    @abstractmethod
    def close_up(self, last_numbers: Mapping[str, int]) -> None:
        """Put back what :meth:`open_up` laid aside, over all rows, and number on from there.

        Raises:
            StoreError: The rows break a rule of the schema.
        """


def in_order() -> list[Table]:
    """Return all tables, each behind those that it names."""
    return list(metadata.sorted_tables)


def names(columns: Iterable[Column[Any]]) -> str:
    """Return the columns as SQL takes them, in their order."""
    return ", ".join(f'"{column.name}"' for column in columns)


def at_a_time(table: Table) -> int:
    """Return how many rows are read at once, so that they fit into some megabytes."""
    large = any(isinstance(column.type, LargeBinary) for column in table.c)
    return _LARGE if large else _SMALL


def numbered(table: Table) -> str:
    """Return the column that the database counts up; empty if it counts none."""
    column = table.autoincrement_column
    return "" if column is None else str(column.name)
