"""Where everyone stands, week by week of their start, as it was counted last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery import figures
from bypost.delivery.cohorts import Standing, standing
from bypost.delivery.context import Context
from bypost.delivery.shape import Shape
from tests.conftest import MONDAY
from tests.delivery.shapes import shape_of
from tests.store.runs import add_run

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
SHAPE = shape_of("one", "two", "three")


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    return open_context(empty_project)


def add(context: Context, *had: str, weeks: int = 0, many: int = 1, **more: Any) -> None:
    began = MONDAY - weeks * WEEK
    with context.store.write() as connection:
        for _ in range(many):
            add_run(connection, *had, started_at=began, **more)


def finished(context: Context, days: int, *, weeks: int = 0, many: int = 1) -> None:
    end = MONDAY - weeks * WEEK + days * DAY
    values = {"status": "finished", "finished_at": end, "next_due": None}
    add(context, "one", "two", "three", weeks=weeks, many=many, **values)


def stands(context: Context, shape: Shape = SHAPE) -> Standing:
    assert figures.refresh(context, patience=None)
    with context.store.read() as connection:
        return standing(connection, shape)


def test_before_the_first_count_nothing_is_claimed(context: Context) -> None:
    add(context)
    with context.store.read() as connection:
        found = standing(connection, SHAPE)
    assert (found.at, found.all, found.in_it, found.median) == (None, 0, 0, None)
    assert found.cohorts == []


def test_everyone_in_the_course_stands_behind_their_last_lesson(context: Context) -> None:
    add(context, many=2)
    add(context, "one", many=3)
    add(context, "one", paused_until=MONDAY + DAY)
    add(context, "one", "two", status="left")
    add(context, "one", next_due=None)
    finished(context, 3)
    found = stands(context)
    assert [(place.lesson, place.people, place.paused) for place in found.places] == [
        ("", 2, 0),
        ("one", 4, 1),
        ("two", 0, 0),
        ("three", 0, 0),
    ]
    assert (found.in_it, found.all) == (6, 9)
    assert found.fates == {"active": 5, "paused": 1, "left": 1, "stopped": 1, "finished": 1}
    assert found.at == MONDAY


def test_a_removed_lesson_is_a_place_while_somebody_stands_there(context: Context) -> None:
    add(context, "one", "two")
    gone = tuple(replace(step, retired=step.lesson != "one") for step in SHAPE.steps)
    found = stands(context, replace(SHAPE, steps=gone))
    assert [place.lesson for place in found.places] == ["", "one", "two"]


def test_weeks_are_newest_first_and_reach_counts_later_lessons_too(context: Context) -> None:
    add(context, weeks=1)
    add(context, "one", weeks=1, many=2)
    add(context, "one", "two", weeks=1, status="left")
    add(context, "one", "two", "three", weeks=1, next_due=None)
    finished(context, 5, weeks=1)
    add(context, "one")
    newest, before = stands(context).cohorts
    assert (newest.week, newest.started, newest.reached) == (MONDAY.date(), 1, [1, 0, 0])
    assert before.week == (MONDAY - WEEK).date()
    assert before.reached == [5, 3, 2]
    assert (before.started, before.finished, before.left, before.stopped) == (6, 1, 1, 1)


def test_who_had_a_lesson_that_is_gone_for_good_counts_as_begun(context: Context) -> None:
    add(context, "unheard-of")
    found = stands(context)
    (cohort,) = found.cohorts
    assert (cohort.started, cohort.reached) == (1, [0, 0, 0])
    assert found.in_it == 1


@pytest.mark.parametrize(
    ("days", "median"),
    [((7,), 7), ((7, 9), 7), ((7, 9, 30), 9), ((5, 5, 5, 90), 5), ((90, 1, 2, 3), 2)],
)
def test_half_of_those_who_finished_did_in_the_median(
    context: Context, days: tuple[int, ...], median: int
) -> None:
    for number in days:
        finished(context, number)
    add(context, "one")
    assert stands(context).median == median * DAY


def test_other_courses_stay_out(context: Context) -> None:
    add(context, "one", course="other")
    found = stands(context)
    assert (found.all, found.median) == (0, None)
