"""A tick among many enrollments: what it costs must follow those who are due, not everybody."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.table import Table
from sqlalchemy import event

from bypost.delivery.context import Context
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import Publisher
from bypost.delivery.run import Pass
from bypost.store import Connection, enrollments
from tests.bench.enrolled import DUE, Enrolled
from tests.bench.sink import sink
from tests.postgres.cluster import Cluster

_ROUNDS = 5


def measure(
    table: Table, many: int, few: int = 10_000, cluster: Cluster | None = None
) -> list[str]:
    """Measure ticks among many and among few; return the queries' plans."""
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name, sink() as url:
        both = [Enrolled(_folder(Path(name), count), count, url, cluster) for count in (many, few)]
        for what, task, due in (
            (f"the query for {DUE:,} who are due", _look, True),
            (f"owing {DUE:,}", _owe, True),
            (f"a tick: owe, send, record {DUE:,}", _tick, True),
            ("a tick with nothing due", _idle, False),
        ):
            slow, fast = _medians(both, task, due=due)
            table.add_row(f"{what}, among {few:,}", f"{1000 * fast:.1f} ms", "1.0")
            table.add_row(f"{what}, among {many:,}", f"{1000 * slow:.1f} ms", f"{slow / fast:.1f}")
        table.add_row("  database", f"{both[0].size / 1e6:.0f} MB", "")
        with both[0].fresh(due=True) as context:
            return _plans(context)


def _folder(parent: Path, count: int) -> Path:
    folder = parent / str(count)
    folder.mkdir()
    return folder


def _medians(
    both: list[Enrolled], task: Callable[[Context], float], *, due: bool
) -> Iterator[float]:
    """Return the median seconds of a task for each, taken in turns on fresh copies."""
    seconds: list[list[float]] = [[] for _ in both]
    for _ in range(_ROUNDS):
        for one, list_ in zip(both, seconds, strict=True):
            with one.fresh(due=due) as context:
                list_.append(task(context))
    return map(statistics.median, seconds)


def _look(context: Context) -> float:
    now = context.clock.now()
    with context.store.read() as connection:
        start = time.perf_counter()
        found = enrollments.due(connection, ["letters"], now=now, after_id=0, limit=DUE)
        assert len(found) == DUE
        return time.perf_counter() - start


def _owe(context: Context) -> float:
    shapes = Publisher(context).take_over(patient=False).shapes
    start = time.perf_counter()
    owed = owe_lessons(context, shapes)
    assert owed == DUE
    return time.perf_counter() - start


def _tick(context: Context) -> float:
    one = Pass(context)
    one.status()  # compiles the content, once for a process that goes on
    start = time.perf_counter()
    report = one.run()
    assert report.this_pass.accepted == DUE
    return time.perf_counter() - start


def _idle(context: Context) -> float:
    one = Pass(context)
    one.run()
    start = time.perf_counter()
    report = one.run()
    assert not report.this_pass.owed
    return time.perf_counter() - start


def _plans(context: Context) -> list[str]:
    """Return the queries of a tick over enrollments, each with the database's plan for it."""
    now = context.clock.now()
    with context.store.read() as connection:
        with _statements(connection) as seen:
            enrollments.due(connection, ["letters"], now=now, after_id=0, limit=DUE)
            enrollments.next_hint(connection, ["letters"])
        return [
            f"{' '.join(sql.split())}\n{_plan(connection, sql, values)}"
            for sql, values in seen
            if sql.startswith("SELECT")
        ]


@contextmanager
def _statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Gather the queries that are asked within the block, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, sql: str, parameters: Any, *___: Any) -> None:
        seen.append((sql, parameters))

    event.listen(connection.engine, "before_cursor_execute", note)
    yield seen
    event.remove(connection.engine, "before_cursor_execute", note)


def _plan(connection: Connection, sql: str, parameters: Any) -> str:
    if connection.dialect.name == "postgresql":
        rows = connection.exec_driver_sql(f"EXPLAIN {sql}", parameters)
        return "\n".join(f"  {row[0]}" for row in rows)
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return "\n".join(f"  {row[3]}" for row in rows)
