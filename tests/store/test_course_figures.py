"""Where runs of courses stand: counted in parts, and shown only as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery import figures
from bypost.delivery.context import Context
from bypost.store import Connection, course_figures, enrollments
from bypost.store.schema import course_figures as table
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY
from tests.contracts.rows import add_people, lessons, owe, statements

_RUNS = 11
_WEEK = timedelta(days=7)


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    found = open_context(empty_project)
    with found.store.write() as connection:
        _add_runs(connection)
    return found


def _add_runs(connection: Connection) -> None:
    """Add runs of every fate, in two weeks, with none, one or two lessons owed."""
    ids = add_people(connection, _RUNS)
    for number, run_id in enumerate(ids):
        started = MONDAY - _WEEK * (number % 2)
        run: dict[str, Any] = {
            "course": "letters" if number < 9 else "others",
            "started_at": started,
            "next_due": MONDAY + timedelta(days=1),
        }
        match number:
            case 2:
                run |= {"status": "finished", "finished_at": started + timedelta(days=5, hours=3)}
            case 3:
                run |= {"status": "left", "left_at": MONDAY}
            case 4:
                run |= {"next_due": None}
            case 5:
                run |= {"paused_until": MONDAY + timedelta(hours=2)}
            case 6:
                run |= {"paused_until": MONDAY - timedelta(hours=2)}
        enrollments.change(connection, run_id, run)
    owe(connection, lessons(connection, ids[1:]), "one")
    owe(connection, lessons(connection, ids[2:4]), "two")


def _shown(context: Context, course: str = "letters") -> Counter[tuple[Any, ...]]:
    """Return what a page shows: (week, fate, lesson, days) -> how many."""
    with context.store.read() as connection:
        age = figures.age(connection)
        rows = course_figures.read(connection, age.number, course)
    names = ("week", "fate", "lesson", "days")
    return Counter({tuple(row[name] for name in names): row["number"] for row in rows})


def _fates(context: Context) -> dict[str, int]:
    with context.store.read() as connection:
        found = course_figures.by_fate(connection, figures.age(connection).number)
    return found.get("letters", {})


def test_each_run_counts_once_where_it_stands(context: Context) -> None:
    assert figures.refresh(context)
    this, before = MONDAY.date(), (MONDAY - _WEEK).date()
    assert _shown(context) == {
        (this, "active", "", 0): 1,
        (this, "finished", "two", 5): 1,
        (before, "left", "two", 0): 1,
        (this, "stopped", "one", 0): 1,
        (before, "paused", "one", 0): 1,
        (this, "active", "one", 0): 2,
        (before, "active", "one", 0): 2,
    }
    assert sum(_shown(context, "others").values()) == 2


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5, 11, 12, 1000])
def test_counting_in_parts_finds_what_counting_at_once_finds(
    context: Context, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    figures.refresh(context)
    at_once = _shown(context)
    monkeypatch.setattr(figures, "_CHUNK", chunk)
    assert figures.refresh(context, patience=None)
    with context.store.read() as connection:
        assert figures.age(connection).number == 2
    assert _shown(context) == at_once


def test_a_count_that_is_not_through_is_not_shown(
    context: Context, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures.refresh(context)
    before = _shown(context)
    clock.advance(timedelta(hours=1))
    monkeypatch.setattr(figures, "_CHUNK", 3)
    with context.store.write() as connection:
        enrollments.leave(connection, 1, clock.now())
    assert figures.refresh(context, patience=0.0) is False
    assert _shown(context) == before
    while not figures.refresh(context, patience=0.0):
        assert _shown(context) == before
    assert _shown(context) != before
    assert _fates(context)["left"] == 2


def test_nothing_is_left_of_the_count_before(context: Context, clock: SimulatedClock) -> None:
    for _ in range(3):
        figures.refresh(context)
        clock.advance(timedelta(hours=1))
    with context.store.read() as connection:
        counts = connection.exec_driver_sql(f"SELECT DISTINCT count FROM {table.name}").scalars()
        assert list(counts) == [3]


def test_figures_are_counted_again_only_once_they_are_old(
    context: Context, clock: SimulatedClock
) -> None:
    figures.refresh(context)
    clock.advance(timedelta(seconds=30))
    figures.refresh(context)
    assert _at(context) == MONDAY
    clock.advance(timedelta(seconds=31))
    figures.refresh(context)
    assert _at(context) == clock.now()


def test_what_took_long_to_count_is_counted_less_often(
    context: Context, clock: SimulatedClock
) -> None:
    figures.refresh(context)
    with context.store.write() as connection:
        slow = course_figures.Progress(shown=1, at=MONDAY, took=timedelta(seconds=10))
        course_figures.note(connection, slow)
    clock.advance(timedelta(minutes=9))
    figures.refresh(context)
    assert _at(context) == MONDAY
    clock.advance(timedelta(minutes=2))
    figures.refresh(context)
    assert _at(context) == clock.now()


@pytest.mark.parametrize("overtaken_at", [0, 4, 8])
def test_two_who_count_at_once_count_nobody_twice(
    context: Context, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch, overtaken_at: int
) -> None:
    figures.refresh(context)
    alone = _shown(context)
    clock.advance(timedelta(hours=1))
    monkeypatch.setattr(figures, "_CHUNK", 4)
    real = course_figures.count

    def overtaken(connection: Connection, *, after: int, **options: Any) -> Any:
        rows = real(connection, after=after, **options)
        if after == overtaken_at:  # another process does the same part in between
            monkeypatch.setattr(course_figures, "count", real)
            figures.refresh(context, patience=0.0)
        return rows

    monkeypatch.setattr(course_figures, "count", overtaken)
    while not figures.refresh(context, patience=0.0):
        pass
    while not figures.refresh(context, patience=0.0):
        pass
    assert _shown(context) == alone


def test_a_count_that_was_stopped_goes_on_where_it_was(
    context: Context, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_CHUNK", 5)
    assert figures.refresh(context, patience=0.0) is False
    with context.store.read() as connection:
        assert course_figures.progress(connection).after == 5
    clock.advance(timedelta(days=3))  # whoever counted has died meanwhile
    while not figures.refresh(context, patience=0.0):
        pass
    assert sum(_shown(context).values()) == 9


def test_without_anybody_there_is_a_count_of_nobody(
    empty_project: Path, open_context: Callable[..., Context]
) -> None:
    empty = open_context(empty_project)
    assert figures.refresh(empty)
    assert _shown(empty) == {}
    assert _at(empty) == MONDAY


@pytest.mark.sqlite
def test_the_newest_lessons_are_found_without_a_look_at_the_deliveries(context: Context) -> None:
    with context.store.read() as connection:
        with statements(connection) as seen:
            course_figures.count(connection, after=0, last=_RUNS, now=MONDAY)
        sql, parameters = seen[-1]
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
    plan = "\n".join(str(row[3]) for row in rows)
    assert "SEARCH deliveries USING COVERING INDEX" in plan
    assert "SCAN deliveries" not in plan
    assert "SCAN enrollments" not in plan


def _at(context: Context) -> datetime | None:
    with context.store.read() as connection:
        return figures.age(connection).at
