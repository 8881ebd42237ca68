"""What an edit changes in the structure of a course, and what is left where it stood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from bypost.delivery.edit import changes, merged, with_texts_of
from bypost.delivery.shape import Place, Shape, Step
from bypost.delivery.shape_file import dump, load
from bypost.model.course import IfPast
from scheduler.cadence import Days
from scheduler.season import parse_season
from scheduler.window import Window

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = NOW.date()


def step(name: str, **more: object) -> Step:
    base = Step(lesson=name, title=name.upper(), content_hash=f"hash of {name}", delay=Days(1))
    return replace(base, **more)  # type: ignore[arg-type]


def shape(names: str, **more: object) -> Shape:
    base = Shape(
        course="letters",
        title="Letters",
        time_zone="UTC",
        hour=time(9),
        window=Window.always(),
        steps=tuple(step(name) for name in names),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def told(before: Shape, wish: Shape) -> list[tuple[str, str, str]]:
    return [(one.what, one.lesson, one.detail) for one in changes(before, wish)]


def following(course: Shape, had: str, **more: object) -> str:
    place = Place(had=dict.fromkeys(had, NOW), **more)  # type: ignore[arg-type]
    found = course.next_step(place, TODAY)
    return found.lesson if found else ""


def test_the_same_structure_has_no_changes() -> None:
    assert changes(shape("abc"), shape("abc")) == []


def test_a_text_is_no_change_of_structure() -> None:
    new = shape("abc", steps=(step("a"), step("b", title="New", content_hash="new"), step("c")))
    assert changes(shape("abc"), new) == []
    taken = with_texts_of(shape("abc"), new)
    assert (taken.steps[1].title, taken.steps[1].content_hash) == ("New", "new")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("ab", "axb", [("insert", "x", "after “A”")]),
        ("ab", "xab", [("insert", "x", "at the beginning")]),
        ("abc", "ac", [("remove", "b", "")]),
        ("abcd", "bcda", [("move", "a", "place 1 -> 4")]),
        ("abcd", "dabc", [("move", "d", "place 4 -> 1")]),
        ("ab", "xy", [("insert", x, d) for x, d in (("x", "at the beginning"), ("y", "after “X”"))]
         + [("remove", "a", ""), ("remove", "b", "")]),
    ],
)  # fmt: skip
def test_order_is_compared_with_the_fewest_moves(
    before: str, after: str, expected: list[tuple[str, str, str]]
) -> None:
    assert told(shape(before), shape(after)) == expected


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"delay": Days(3)}, "delay: 1 day -> 3 days"),
        ({"not_before": date(2026, 12, 24)}, "not_before: none -> 2026-12-24"),
        ({"expires": date(2026, 12, 24)}, "expires: none -> 2026-12-24"),
        ({"season": parse_season("12-01 to 01-06")}, "season: none -> 12-01 to 01-06"),
        ({"instead_of": "a"}, "instead_of: none -> a"),
        ({"window": Window(time(8), time(20))}, "window: none -> 08:00 to 20:00"),
        (
            {"window": Window(time(8), time(20), frozenset({0, 2}), frozenset({TODAY}))},
            "window: none -> 08:00 to 20:00 on mon, wed, without 1 date",
        ),
    ],
)
def test_when_a_lesson_comes_is_structure(values: dict[str, object], detail: str) -> None:
    new = shape("ab", steps=(step("a"), step("b", **values)))
    assert told(shape("ab"), new) == [("retime", "b", detail)]


def test_a_policy_is_structure() -> None:
    new = shape("ab", steps=(step("a"), step("b", if_past=IfPast.NEXT)))
    assert told(shape("ab"), new) == [("policy", "b", "if_past: none -> next")]


def test_the_clock_of_the_course_is_structure() -> None:
    new = shape("ab", hour=time(7), time_zone="Europe/Berlin", window=Window(time(8), time(20)))
    assert told(shape("ab"), new) == [
        ("clock", "", "hour: 09:00 -> 07:00"),
        ("clock", "", "time_zone: UTC -> Europe/Berlin"),
        ("clock", "", "window: 00:00 to 24:00 -> 08:00 to 20:00"),
    ]


def test_dates_of_a_window_that_change_are_seen() -> None:
    days = [date(2026, 12, day) for day in (24, 25)]
    old, new = (replace(Window.always(), skip=frozenset({day})) for day in days)
    assert len(changes(shape("a", window=old), shape("a", window=new))) == 1


def test_a_removed_lesson_keeps_its_place_for_those_who_had_it() -> None:
    after = merged(shape("abc"), shape("ac"), now=NOW)
    assert [(one.lesson, one.retired) for one in after.steps] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]
    assert following(after, "ab") == "c"
    assert following(after, "a") == "c"  # who was waiting for it goes on


def test_a_removed_lesson_that_comes_back_is_an_insertion_and_nobody_gets_it_twice() -> None:
    gone = merged(shape("abc"), shape("ac"), now=NOW)
    assert told(gone, shape("abc")) == [("insert", "b", "after “A”")]
    back = merged(gone, shape("abc"), now=NOW)
    assert [one.lesson for one in back.live] == ["a", "b", "c"]
    assert following(back, "ab") == "c"
    assert following(back, "a") == "b"


@pytest.mark.parametrize(
    ("policy", "order"),
    [(None, "d"), (IfPast.SKIP, "d"), (IfPast.NEXT, "xd"), (IfPast.AT_END, "dx")],
)
def test_the_policy_says_what_becomes_of_those_who_are_past(
    policy: IfPast | None, order: str
) -> None:
    steps = tuple(step(n, if_past=policy if n == "x" else None) for n in "axbcd")
    after = merged(shape("abcd"), shape("", steps=steps), now=NOW)
    had, came = "abc", ""
    while nearest := following(after, had):
        had, came = had + nearest, came + nearest
    assert came == order


@pytest.mark.parametrize(
    ("policy", "comes"), [(None, ""), (IfPast.SKIP, ""), (IfPast.NEXT, "x"), (IfPast.AT_END, "x")]
)
def test_finishers_hear_nothing_new_unless_the_policy_says_so(
    policy: IfPast | None, comes: str
) -> None:
    for names in ("axb", "abx"):
        steps = tuple(step(n, if_past=policy if n == "x" else None) for n in names)
        after = merged(shape("ab"), shape("", steps=steps), now=NOW)
        assert following(after, "ab", finished=True) == comes


def test_a_shape_survives_the_database() -> None:
    steps = (
        step("a", if_past=IfPast.AT_END, season=parse_season("12-01 to 01-06")),
        step("b", instead_of="a", expires=TODAY, not_before=TODAY, retired=True),
    )
    whole = shape("", steps=steps, reset_at=NOW)
    assert load(dump(whole)) == whole
    moved = merged(shape("abc"), shape("cab"), now=NOW)
    assert load(dump(moved)) == moved
