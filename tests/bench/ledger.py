"""The ledger: a pass to a provider that accepts at once, beside bare inserts of the same rows."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bypost.store import Store
from tests.bench.crowd import BEGIN, crowd
from tests.bench.figure import Figure
from tests.bench.one_pass import INSTANT, one_pass, settings_of
from tests.bench.rounds import ROUNDS, compared, measured

METHOD = """\
The first lesson of the shipped course is owed to everybody, claimed, personalised, handed to a
provider in the same process that accepts at once and looks at nothing, and recorded: a pass
without HTTP and without bodies (SQLite, `synchronous=FULL`, batches of 1,000). The product has no
way to do less. The floor inserts the very rows that the pass left in `batches` and `deliveries`
into a copy of the database from before, by the driver's bare `executemany`, 1,000 deliveries in a
transaction, with the same settings of the file and all indexes."""

_ROWS = 1000
_MANY = 200_000


def figures(people: int = 100_000) -> list[Figure]:
    """Return the cost of the ledger for one person; five rounds, or one of very many people."""
    rounds = 1 if people > _MANY else ROUNDS
    environ = {**settings_of(INSTANT, ""), "BYPOST_SENDING__BATCH_WITHOUT_KEY": "1000"}
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        root = crowd(Path(name), people)
        sent = root / "sent.db"
        ours, bare, cpu = [], [], []
        for _ in range(rounds):
            took = one_pass(root, environ, keep=sent)
            ours.append(took.rate)
            cpu.append(1e6 * took.cpu / people)
            bare.append(people / _bare(root, sent))
    words = "bare executemany of the rows"
    return [
        compared("ledger.rate", "owed, claimed and recorded", "people/s", ours, bare, words),
        measured("ledger.cpu", "the same, of the processor", "µs a person", cpu, at_most=True),
    ]


def _bare(root: Path, sent: Path) -> float:
    """Return the seconds for inserting what a pass left."""
    shutil.copy(root / BEGIN, root / "var" / "bare.db")
    left = Store(f"sqlite:///{sent}", root=root)
    bare = Store("sqlite:///var/bare.db", root=root)
    with left.read() as connection:
        batches, insert_batch = _rows(connection, "batches")
        rows, insert = _rows(connection, "deliveries")
    per = -(-len(batches) * _ROWS // len(rows))  # no delivery comes before its batch
    began = time.perf_counter()
    for part, first in enumerate(range(0, len(rows), _ROWS)):
        with bare.write() as connection:
            if some := batches[part * per : (part + 1) * per]:
                connection.exec_driver_sql(insert_batch, some)
            connection.exec_driver_sql(insert, rows[first : first + _ROWS])
    seconds = time.perf_counter() - began
    for store in (left, bare):
        store.close()
    (root / "var" / "bare.db").unlink()
    return seconds


def _rows(connection: Any, table: str) -> tuple[list[tuple[Any, ...]], str]:
    """Return all rows of a table, and the statement that inserts one."""
    found = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY id")
    names = tuple(found.keys())
    marks = ", ".join("?" * len(names))
    return [tuple(row) for row in found], f"INSERT INTO {table} VALUES ({marks})"
