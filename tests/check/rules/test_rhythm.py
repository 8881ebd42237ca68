"""When the lessons of a course go out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

WORDS = ("Some words.",) * 3


@pytest.mark.parametrize(
    ("delay", "says"),
    [
        ({1: "at once"}, "goes out in the same moment as `l0`"),
        ({1: "15 days"}, "comes at least 15 days after `l0`"),
        ({1: "3 weeks"}, "comes at least 21 days after `l0`"),
        ({1: "11 weekdays"}, "comes at least 15 days after `l0`"),
        ({1: "weekly on saturday"}, "goes out at a weekend whenever somebody began"),
    ],
)
def test_two_mails_at_once_a_long_wait_and_a_lone_weekend_are_warnings(
    lessons: Lessons, look: Look, delay: dict[int, str], says: str
) -> None:
    lessons(*WORDS, delay=delay)
    (found,) = look("cadence")
    assert (found.level, found.path, found.line) == (
        Level.WARNING,
        "lessons/baking/01-step.md",
        5,
    )
    assert found.message.startswith(says)


@pytest.mark.parametrize(
    "delay",
    [
        {},
        {0: "2 days"},
        {1: "14 days"},
        {1: "10 weekdays"},
        {1: "1 day", 2: "1 day"},
        {1: "twice a week"},
        {1: "weekly on saturday", 2: "weekly on sunday"},
    ],
)
def test_a_welcome_at_once_two_weeks_and_a_course_of_weekends_pass(
    lessons: Lessons, look: Look, delay: dict[int, str]
) -> None:
    lessons(*WORDS, delay=delay)
    assert look("cadence") == []


def test_a_first_mail_weeks_after_somebody_began_is_a_warning(lessons: Lessons, look: Look) -> None:
    lessons(*WORDS, delay={0: "20 days"})
    (found,) = look("cadence")
    assert found.message == "comes at least 20 days after somebody began"


def test_a_window_makes_a_long_wait_and_its_skipped_dates_do_not(
    lessons: Lessons, look: Look
) -> None:
    days = ", ".join(f"2026-12-{day:02d}" for day in range(1, 29))
    lessons(*WORDS, toml=f'[window]\ndays = "weekdays"\nskip = [{days}]\n')
    assert look("cadence") == []
    lessons(*WORDS, toml='[window]\ndays = ["mon"]\n', delay={1: "14 days", 2: "8 days"})
    assert [it.path for it in look("cadence")] == []
    lessons(*WORDS, toml='[window]\ndays = ["mon"]\n', delay={1: "1 day", 2: "15 days"})
    (found,) = look("cadence")
    assert found.message == "comes at least 21 days after `l1`"


def test_a_lesson_that_waits_for_a_date_passes(lessons: Lessons, look: Look) -> None:
    lessons(*WORDS, not_before={1: "2027-03-01"})
    assert look("cadence") == []
