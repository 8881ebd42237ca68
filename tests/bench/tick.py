"""A tick among many enrollments: what it costs must follow those who are due, not everybody."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bypost.delivery.context import Context
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import Publisher
from bypost.delivery.run import Pass
from bypost.store import Connection, enrollments
from tests.bench.asked import Tell, silent
from tests.bench.enrolled import DUE, Enrolled
from tests.bench.fast_sink import fast_sink
from tests.bench.figure import Figure
from tests.bench.rounds import compared, measured, taken_in_turns
from tests.postgres.cluster import Cluster

METHOD = """\
People who had the first lesson yesterday, and a thousand among them who joined just now: what a
tick costs must follow those who are due and not everybody. Each time on a fresh copy of the
database, the many and the few in turns. *with nothing due, that looks*: the second tick of a
process, nobody being due. *with nothing due*: the fifth. After a tick that found nothing the next
ones see that nothing has changed and look no further, for half a minute at most; then one looks
again."""

_FEW = 10_000
#: What a tick with nothing due may take, in milliseconds.
_IDLE_MS = 5.0


def figures(
    many: int = 1_000_000, few: int = _FEW, *, database: str = "sqlite", tell: Tell = silent
) -> list[Figure]:
    """Return what ticks take among many, beside the same among few.

    Args:
        database: ``sqlite`` or ``postgresql``.
        tell: Is told the plans of the queries.
    """
    cluster = None if database == "sqlite" else Cluster(durable=True)
    try:
        return _figures(many, few, cluster, tell)
    finally:
        if cluster is not None:
            cluster.stop()


def _figures(many: int, few: int, cluster: Cluster | None, tell: Tell) -> list[Figure]:
    found = []
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name, fast_sink("resend") as url:
        both = [Enrolled(_folder(Path(name), count), count, url, cluster) for count in (many, few)]
        for key, what, task, due in (
            ("look", f"the query for {DUE:,} who are due", _look, True),
            ("owe", f"owing {DUE:,}", _owe, True),
            ("tick", f"a tick: owe, send, record {DUE:,}", _tick, True),
            ("idle", "a tick with nothing due, that looks", _idle, False),
            ("rest", "a tick with nothing due", _rest, False),
        ):
            slow, fast = taken_in_turns([_fresh(one, task, due=due) for one in both])
            found.append(
                compared(
                    f"tick.{key}", what, "ms", slow, fast, f"{few:,} enrollments", at_most=True
                )
            )
            if key == "rest":
                found.append(_goal(what, slow))
        size = both[0].size
        found.append(measured("tick.database", "database", "MB", [size / 1e6], at_most=True))
        with both[0].fresh(due=True) as context:
            for plan in _plans(context):
                tell(plan)
    return found


def _goal(what: str, times: Sequence[float]) -> Figure:
    return measured("tick.rest.ms", what, "ms", times, goal=_IDLE_MS, at_most=True)


def _folder(parent: Path, count: int) -> Path:
    folder = parent / str(count)
    folder.mkdir()
    return folder


def _fresh(one: Enrolled, task: Callable[[Context], float], *, due: bool) -> Callable[[], float]:
    """Return what measures a task on a fresh copy, in milliseconds."""

    def milliseconds() -> float:
        with one.fresh(due=due) as context:
            return 1000 * task(context)

    return milliseconds


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
    return _after(context, 1)


def _rest(context: Context) -> float:
    return _after(context, 4)


def _after(context: Context, before: int) -> float:
    """Return the seconds of a tick with nothing due, after so many before it."""
    one = Pass(context)
    for _ in range(before):
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
