"""A lesson that is moved takes nobody along: what the random walk found, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bypost.delivery.concerned import Subject
from bypost.delivery.due import Run
from bypost.delivery.edit import changes, merged
from bypost.delivery.outlook import Outlook
from bypost.delivery.shape import Place, Shape, Step
from bypost.delivery.shape_file import dump, load
from bypost.model.course import IfPast
from scheduler.cadence import AtOnce, Days
from scheduler.window import Window

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)
TODAY = date(2026, 11, 23)
WINDOW = Window(time(7), time(21))


def shape(names: str) -> Shape:
    """Return a course with a lesson for each letter."""
    steps = tuple(
        Step(lesson=name, title=name.upper(), content_hash=name, delay=Days(1)) for name in names
    )
    return Shape(course="c", title="C", time_zone="UTC", hour=time(9), window=WINDOW, steps=steps)


def edited(before: str, after: str) -> Shape:
    return load(dump(merged(shape(before), shape(after), now=NOW)))


def to_come(course: Shape, had: str, at: datetime = BEFORE, **place: object) -> str:
    """Return the letters that still come for somebody who had these."""
    known = dict.fromkeys(had, at)
    found = ""
    where = Place(had=known, **place)  # type: ignore[arg-type]
    while step := course.next_step(where, TODAY):
        found += step.lesson
        known[step.lesson] = AFTER
    return found


def moved(before: str, after: str) -> Sequence[str]:
    return [one.lesson for one in changes(shape(before), shape(after)) if one.what == "move"]


def test_the_welcome_may_move_to_the_end_and_everybody_gets_the_rest() -> None:
    course = edited("abcd", "bcda")
    assert to_come(course, "a") == "bcd"
    assert to_come(course, "ab") == "cd"
    assert to_come(course, "") == "bcda"


def test_of_two_neighbours_that_change_places_nobody_misses_one() -> None:
    assert moved("abcd", "acbd") == ["b"]
    course = edited("abcd", "acbd")
    assert to_come(course, "ab") == "cd"
    assert to_come(course, "a") == "cbd"
    assert to_come(course, "abc") == "d"


def test_a_lesson_that_moves_ahead_leaves_those_who_had_it_where_they_were() -> None:
    course = edited("abcd", "dabc")
    assert to_come(course, "abcd") == ""
    assert to_come(course, "d", begins_with="d") == ""
    assert to_come(course, "ab") == "c"


def test_what_was_owed_after_the_move_stands_at_the_new_place() -> None:
    assert to_come(edited("abcd", "bcda"), "bcda", AFTER) == ""
    later = merged(edited("abcd", "bcda"), shape("bcdxa"), now=AFTER)
    assert to_come(later, "bcda", NOW + timedelta(hours=1)) == ""
    assert to_come(later, "bcd", NOW + timedelta(hours=1)) == "xa"


def test_a_plan_knows_that_what_is_owed_before_the_edit_stands_at_the_old_place() -> None:
    """The first lesson is owed by the old rules and moved in the same edit."""
    zone = ZoneInfo("UTC")
    run = Run(zone=zone, own_hour=None, started_at=BEFORE, hint=BEFORE, had={})
    late = timedelta(hours=24)
    subject = Subject(enrollment_id=1, email="", status="active", run=run)
    then, owed = subject.owed_first(shape("abcd"), now=NOW, late=late)
    assert owed is not None
    assert owed.step.lesson == "a"
    look = Outlook(edited("abcd", "bcda"), now=NOW, late=late)
    assert [one.step.lesson for one in look.coming(then.run)] == ["b", "c", "d"]


def test_a_plan_knows_that_what_follows_at_once_stands_at_the_new_place() -> None:
    late = timedelta(hours=24)
    run = Run(zone=ZoneInfo("UTC"), own_hour=None, started_at=BEFORE, hint=BEFORE, had={})
    subject = Subject(enrollment_id=1, email="", status="active", run=run)
    then, _ = subject.owed_first(shape("abcd"), now=NOW, late=late)
    after = shape("adbc")
    at_once = [replace(one, delay=AtOnce()) if one.lesson == "d" else one for one in after.steps]
    course = merged(shape("abcd"), replace(after, steps=tuple(at_once)), now=NOW)
    woken = replace(then.run, hint=BEFORE)
    come = Outlook(course, now=NOW, late=late).coming(woken)
    assert [one.step.lesson for one in come] == ["d", "b", "c"]
    assert come[0].at == NOW


def test_a_lesson_that_was_taken_out_and_comes_back_elsewhere_takes_nobody_along() -> None:
    without = edited("abcd", "bcd")
    again = merged(without, shape("bcda"), now=NOW)
    assert to_come(again, "a") == "bcd"
    assert to_come(again, "abcd") == ""


def test_a_removed_lesson_does_not_follow_a_moved_one() -> None:
    """Its place was behind the one that went to the end."""
    assert to_come(edited("abcd", "cda"), "ab") == "cd"


def test_a_lesson_can_move_again_and_again() -> None:
    course = shape("abcd")
    for number, order in enumerate(("bcda", "bacd", "bcda", "abcd")):
        course = merged(course, shape(order), now=NOW + timedelta(minutes=number))
    assert to_come(course, "a") == "bcd"
    assert to_come(course, "abc") == "d"


def test_a_finisher_gets_a_moved_lesson_only_by_its_policy() -> None:
    after = shape("acdb")
    assert to_come(merged(shape("abcd"), after, now=NOW), "acd", finished=True) == ""
    at_end = [
        replace(one, if_past=IfPast.AT_END) if one.lesson == "b" else one for one in after.steps
    ]
    course = merged(shape("abcd"), replace(after, steps=tuple(at_end)), now=NOW)
    assert to_come(course, "acd", finished=True) == "b"
