"""Carrying all rows of one database into another, and proving that they arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass

import orjson
from sqlalchemy import Table

from bypost.errors import StoreError
from bypost.store.tables.base import Plain, Tables, in_order

#: Called with a step, and rows done and in all.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """How many rows a table has, and a hash over all their values by primary key."""

    rows: int
    digest: str


def carry(source: Tables, target: Tables, name: str, on_progress: Progress) -> Mapping[str, Proof]:
    """Make the rows of ``target`` those of ``source``; return table -> proof.

    Args:
        name: The target, for people.

    Raises:
        StoreError: The rows break a rule of the schema, or what arrived is not what left.
    """
    show = _Shown(on_progress, sum(source.count(table) for table in in_order()))
    target.open_up()
    left: dict[str, Proof] = {}
    for table in in_order():
        tally = _Tally()
        passing = _passing(source.rows(table), tally, show.step("copying"))
        with closing(passing):  # whoever stops half-way must not leave a question open
            target.add(table, passing)
        left[str(table.name)] = tally.proof()
    on_progress("indexing", show.total, show.total)
    target.close_up(source.last_numbers())
    show.done = 0
    for table in in_order():
        arrived = prove(target, table, show.step("checking"))
        if arrived != left[table.name]:
            raise StoreError(
                f"{name}: {arrived.rows:,} rows of `{table.name}` arrived, and they are not the "
                f"{left[table.name].rows:,} that left\n    nothing was moved: this is a mistake of "
                "ours or of a disk; please report it"
            )
    return left


def prove(tables: Tables, table: Table, step: Callable[[int], None] = lambda _rows: None) -> Proof:
    """Return the proof of a table."""
    tally = _Tally()
    for rows in tables.rows(table):
        tally.add(rows)
        step(len(rows))
    return tally.proof()


def _passing(
    rows: Generator[list[Plain]], tally: _Tally, step: Callable[[int], None]
) -> Generator[Plain]:
    """Yield row by row what comes by, and count it."""
    with closing(rows):
        for some in rows:
            tally.add(some)
            step(len(some))
            yield from some


class _Tally:
    """Counts and hashes rows; how many come at a time makes no difference."""

    def __init__(self) -> None:
        self._rows = 0
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, rows: list[Plain]) -> None:
        """Take some more rows."""
        self._rows += len(rows)
        self._hash.update(orjson.dumps(rows, default=bytes.hex)[1:-1])
        self._hash.update(b",")

    def proof(self) -> Proof:
        """Return what came so far."""
        return Proof(self._rows, self._hash.hexdigest())


class _Shown:
    """Counts rows for a progress bar."""

    def __init__(self, on_progress: Progress, total: int) -> None:
        self._on_progress = on_progress
        self.total = total
        self.done = 0

    def step(self, what: str) -> Callable[[int], None]:
        """Return what is told of more rows."""

        def step(rows: int) -> None:
            self.done += rows
            self._on_progress(what, self.done, self.total)

        return step
