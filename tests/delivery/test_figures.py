"""Counting some runs at a time: nobody twice, nobody left out, and never for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery import figures
from bypost.delivery.context import Context
from bypost.store import course_figures, daily
from bypost.store.daily import Kind
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY
from tests.store.runs import add_run, change_run

_RUNS, _CHUNK = 23, 5


class Dies(Exception):
    """The process ends here."""


class Slow(SimulatedClock):
    """A clock on which everything takes half a second."""

    def elapsed(self) -> float:
        self.advance(timedelta(seconds=0.5))
        return super().elapsed()


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "_CHUNK", _CHUNK)


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    opened = open_context(empty_project)
    add(opened, _RUNS)
    return opened


def add(context: Context, many: int) -> None:
    with context.store.write() as connection:
        for number in range(many):
            add_run(connection, *("one", "two")[: number % 3])


def shown(context: Context) -> dict[str, int]:
    """Return what a page shows: how many runs stand behind which lesson."""
    with context.store.read() as connection:
        rows = course_figures.read(connection, figures.age(connection).number)
    return {row["lesson"]: row["number"] for row in rows}


def fates(context: Context) -> dict[str, int]:
    """Return what a page shows: how many runs have which fate."""
    with context.store.read() as connection:
        by_course = course_figures.by_fate(connection, figures.age(connection).number)
    (found,) = by_course.values()
    return found


WHOLE = {"": 8, "one": 8, "two": 7}


def test_a_whole_count_has_everybody_once(context: Context) -> None:
    assert shown(context) == {}
    assert figures.refresh(context, patience=None)
    assert shown(context) == WHOLE
    assert figures.refresh(context, patience=None)
    assert shown(context) == WHOLE
    with context.store.read() as connection:
        assert figures.age(connection) == figures.Age(2, MONDAY)


@pytest.mark.parametrize("step", ["add", "note", "count"])
@pytest.mark.parametrize("nth", [1, 2, 4])
def test_stopped_anywhere_it_goes_on(
    context: Context, monkeypatch: pytest.MonkeyPatch, step: str, nth: int
) -> None:
    real, calls = getattr(course_figures, step), 0

    def dying(*words: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise Dies
        return real(*words, **named)

    monkeypatch.setattr(course_figures, step, dying)
    with pytest.raises(Dies):
        figures.refresh(context, patience=None)
    assert shown(context) == {}, "half a count is shown to nobody"
    assert figures.refresh(context)
    assert shown(context) == WHOLE
    parts = -(-_RUNS // _CHUNK)
    again = 1  # the part in which it died
    assert calls == parts + again + (step == "note"), "what was counted is not counted again"


@pytest.mark.parametrize("nth", [1, 2, 5])
def test_two_at_once_count_nobody_twice(
    context: Context, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    real, calls = course_figures.count, 0

    def interrupted(*words: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            assert figures.refresh(context, patience=None), "another process, through at once"
        return real(*words, **named)

    monkeypatch.setattr(course_figures, "count", interrupted)
    assert figures.refresh(context, patience=None)
    assert shown(context) == WHOLE
    with context.store.read() as connection:
        ((rows,),) = connection.exec_driver_sql("SELECT sum(number) FROM course_figures")
    assert rows == _RUNS


def test_a_pass_counts_for_a_moment_and_the_next_one_goes_on(context: Context) -> None:
    slow = replace(context, clock=Slow(MONDAY))
    passes = 0
    while not figures.refresh(slow, patience=2):
        assert shown(context) == {}
        passes += 1
    assert 1 <= passes < _RUNS
    assert shown(context) == WHOLE


def test_without_any_patience_one_part_is_counted_all_the_same(context: Context) -> None:
    for _ in range(-(-_RUNS // _CHUNK)):
        assert not figures.refresh(context, patience=0.0)
    assert figures.refresh(context, patience=0.0)
    assert shown(context) == WHOLE


def test_a_count_that_took_long_is_kept_longer(context: Context) -> None:
    slow = replace(context, clock=Slow(MONDAY))
    assert figures.refresh(slow, patience=None)
    with context.store.read() as connection:
        took = course_figures.progress(connection).took
    assert took >= timedelta(seconds=2.5)
    add(context, 1)
    slow.clock.sleep(took.total_seconds() * 60 - 10)
    assert figures.refresh(slow)
    assert shown(context) == WHOLE
    slow.clock.sleep(10)
    assert figures.refresh(slow, patience=3600)
    assert sum(shown(context).values()) == _RUNS + 1


def test_while_nobody_moves_a_count_that_took_long_is_kept_ten_times_as_long(
    context: Context,
) -> None:
    slow = replace(context, clock=Slow(MONDAY))
    assert figures.refresh(slow, patience=None)
    with context.store.read() as connection:
        took = course_figures.progress(connection).took
    with context.store.write() as connection:
        change_run(connection, 1, paused_until=MONDAY + timedelta(days=9), next_due=MONDAY)
    slow.clock.sleep(took.total_seconds() * 600 - 10)
    assert figures.refresh(slow, patience=3600)
    assert fates(context) == {"active": _RUNS}
    slow.clock.sleep(10)
    assert figures.refresh(slow, patience=3600)
    assert fates(context) == {"active": _RUNS - 1, "paused": 1}


@pytest.mark.parametrize("kind", [Kind.LEFT, Kind.RETURNED, Kind.FINISHED, Kind.BOUNCED])
def test_who_leaves_comes_back_or_finishes_is_counted_as_soon_as_ever(
    context: Context, kind: Kind
) -> None:
    slow = replace(context, clock=Slow(MONDAY))
    assert figures.refresh(slow, patience=None)
    with context.store.write() as connection:
        change_run(connection, 1, status="left")
        daily.add(connection, slow.clock.now(), kind, "course:letters")
        took = course_figures.progress(connection).took
    slow.clock.sleep(took.total_seconds() * 60)
    assert figures.refresh(slow, patience=3600)
    assert fates(context) == {"active": _RUNS - 1, "left": 1}


def test_who_leaves_while_it_counts_is_counted_as_soon_as_ever(context: Context) -> None:
    slow = replace(context, clock=Slow(MONDAY))
    assert not figures.refresh(slow, patience=0.0)
    with context.store.write() as connection:
        change_run(connection, 1, status="left")
        daily.add(connection, slow.clock.now(), Kind.LEFT, "course:letters")
    assert figures.refresh(slow, patience=3600)
    assert fates(context) == {"active": _RUNS}
    with context.store.read() as connection:
        took = course_figures.progress(connection).took
    slow.clock.sleep(took.total_seconds() * 60)
    assert figures.refresh(slow, patience=3600)
    assert fates(context) == {"active": _RUNS - 1, "left": 1}


def test_who_begins_while_it_counts_is_in_this_count_or_the_next(context: Context) -> None:
    assert not figures.refresh(context, patience=0.0)
    add(context, 2)
    with context.store.write() as connection:
        change_run(connection, 1, status="left")
    assert figures.refresh(context, patience=3600)
    assert sum(shown(context).values()) == _RUNS + 2
