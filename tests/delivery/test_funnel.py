"""The funnel and the losses of a course are its daily counts, lesson by lesson."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.delivery.funnel import Funnel, Loss, funnel
from bypost.delivery.shape import Shape
from bypost.store import daily
from bypost.store.daily import Count, Kind
from tests.conftest import MONDAY
from tests.delivery.shapes import shape_of

DAY = MONDAY.date()
LETTERS = daily.course("letters")


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    return open_context(empty_project)


def count(
    context: Context,
    kind: Kind,
    number: int,
    item: str = "",
    *,
    day: date = DAY,
    collection: str = LETTERS,
) -> None:
    one = Count(day=day, kind=kind, collection=collection, item=item, number=number)
    with context.store.write() as connection:
        daily.add_all(connection, [one])


def of(context: Context, shape: Shape, **days: date) -> Funnel:
    with context.store.read() as connection:
        return funnel(connection, shape, **days)


def steps(found: Funnel) -> list[tuple[str, int, int | None]]:
    return [(step.lesson or step.words, step.people, step.before) for step in found.steps]


def test_each_step_stands_beside_the_one_before(context: Context) -> None:
    numbers = {
        Kind.VISIT: 1000,
        Kind.BOT_VISIT: 70,
        Kind.SIGNUP: 200,
        Kind.CONFIRMED: 150,
        Kind.JOINED: 180,
        Kind.FINISHED: 60,
    }
    for kind, number in numbers.items():
        count(context, kind, number)
    for lesson, number in (("one", 179), ("two", 100), ("three", 61)):
        count(context, Kind.ACCEPTED, number, lesson)
    found = of(context, shape_of("one", "two", "three"))
    assert steps(found) == [
        ("Visits of the page", 1000, None),
        ("Asked for it", 200, 1000),
        ("Confirmed", 150, 200),
        ("Joined, imports included", 180, None),
        ("one", 179, 180),
        ("two", 100, 179),
        ("three", 61, 100),
        ("Finished", 60, 61),
    ]
    assert found.machines == 70


def test_what_is_lost_after_a_lesson_is_told_by_its_kind(context: Context) -> None:
    count(context, Kind.ACCEPTED, 90, "two")
    for kind, number in ((Kind.LEFT, 5), (Kind.BOUNCED, 3), (Kind.COMPLAINED, 1)):
        count(context, kind, number, "two")
    first, second = of(context, shape_of("one", "two")).losses
    assert (first.had, first.lost) == (0, 0)
    assert second == Loss(lesson="two", title=second.title, had=90, left=5, bounced=3, complained=1)
    assert second.lost == 9


def test_a_removed_lesson_is_shown_only_where_somebody_was_lost(context: Context) -> None:
    shape = shape_of("one", "two", "three")
    gone = tuple(replace(step, retired=step.lesson != "one") for step in shape.steps)
    shape = replace(shape, steps=gone)
    count(context, Kind.ACCEPTED, 10, "two")
    count(context, Kind.ACCEPTED, 10, "three")
    count(context, Kind.LEFT, 1, "three")
    found = of(context, shape)
    assert [loss.lesson for loss in found.losses] == ["one", "three"]
    assert [step.lesson for step in found.steps if step.lesson] == ["one"]


def test_both_days_are_included_and_no_others(context: Context) -> None:
    for days in range(5):
        count(context, Kind.JOINED, 10**days, day=DAY + timedelta(days=days))
    found = of(
        context, shape_of("one"), since=DAY + timedelta(days=1), until=DAY + timedelta(days=3)
    )
    assert found.steps[3].people == 1110


def test_other_collections_stay_out(context: Context) -> None:
    count(context, Kind.ACCEPTED, 7, "one", collection=daily.course("other"))
    count(context, Kind.JOINED, 7, collection=daily.newsletter("letters"))
    assert {people for _, people, _ in steps(of(context, shape_of("one")))} == {0}
