"""Lessons that do not always go out, and those that take their place meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bypost.delivery.due import Run
from bypost.delivery.foresee import ahead
from bypost.delivery.next_lesson import in_order, next_of
from bypost.delivery.shape import Shape, Step
from bypost.model.course import IfPast
from scheduler.cadence import AtOnce, Days
from scheduler.season import Season, parse_season
from scheduler.window import Window

BERLIN = ZoneInfo("Europe/Berlin")
AUCKLAND = ZoneInfo("Pacific/Auckland")
WINTER = parse_season("12-01 to 01-06")
LATE = timedelta(hours=24)


def step(name: str, **more: object) -> Step:
    base = Step(lesson=name, title=f"Title of {name}", content_hash=name, delay=Days(1))
    return replace(base, **more)  # type: ignore[arg-type]


def shape(*steps: Step) -> Shape:
    return Shape(
        course="letters",
        title="Letters",
        time_zone="UTC",
        hour=time(9),
        window=Window.always(),
        steps=(step("a", delay=AtOnce()), *steps, step("z")),
    )


def run_from(day: date, zone: ZoneInfo = BERLIN) -> Run:
    """Somebody who joins at ten in the morning."""
    at = datetime.combine(day, time(10), zone).astimezone(UTC)
    return Run(zone=zone, own_hour=None, started_at=at, hint=at, had={})


def coming(course: Shape, run: Run) -> list[tuple[str, date]]:
    until = run.started_at + timedelta(days=800)
    found = ahead(course, run, now=run.started_at, late=LATE, until=until)
    return [(one.step.lesson, one.at.astimezone(run.zone).date()) for one in found]


def names(course: Shape, run: Run) -> str:
    return "".join(name for name, _ in coming(course, run))


@pytest.mark.parametrize(
    ("text", "day", "within"),
    [
        ("12-01 to 01-06", date(2026, 11, 30), False),
        ("12-01 to 01-06", date(2026, 12, 1), True),
        ("12-01 to 01-06", date(2026, 12, 31), True),
        ("12-01 to 01-06", date(2027, 1, 1), True),
        ("12-01 to 01-06", date(2027, 1, 6), True),
        ("12-01 to 01-06", date(2027, 1, 7), False),
        ("06-21 to 09-22", date(2026, 6, 20), False),
        ("06-21 to 09-22", date(2026, 6, 21), True),
        ("06-21 to 09-22", date(2026, 9, 23), False),
        ("02-29 to 03-01", date(2028, 2, 29), True),
        ("02-29 to 03-01", date(2027, 2, 28), False),
        ("02-29 to 03-01", date(2027, 3, 1), True),
        ("02-01 to 02-29", date(2027, 2, 28), True),
        ("02-01 to 02-29", date(2027, 3, 1), False),
        ("07-04 to 07-04", date(2026, 7, 4), True),
        ("07-04 to 07-04", date(2026, 7, 5), False),
    ],
)
def test_both_days_of_a_season_are_within(text: str, day: date, within: bool) -> None:
    assert (day in parse_season(text)) is within


@pytest.mark.parametrize("text", ["", "12-01", "12-01 - 01-06", "13-01 to 01-06", "2-1 to 3-1"])
def test_a_season_that_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="12-01 to 01-06"):
        parse_season(text)


def test_a_day_that_no_year_has_is_no_season() -> None:
    with pytest.raises(ValueError, match="02-30 to 03-01"):
        parse_season("02-30 to 03-01")
    assert str(Season((2, 29), (3, 1))) == "02-29 to 03-01"


@pytest.mark.parametrize(
    ("joined", "expected"),
    [
        (date(2026, 11, 29), "az"),  # its day would be the 30th
        (date(2026, 11, 30), "asz"),  # the 1st
        (date(2026, 12, 31), "asz"),  # New Year's Day
        (date(2027, 1, 5), "asz"),  # the 6th
        (date(2027, 1, 6), "az"),
    ],
)
@pytest.mark.parametrize("zone", [BERLIN, AUCKLAND, ZoneInfo("America/Los_Angeles")], ids=str)
def test_a_season_is_of_the_persons_own_calendar(
    joined: date, expected: str, zone: ZoneInfo
) -> None:
    assert names(shape(step("s", season=WINTER)), run_from(joined, zone)) == expected


def test_a_lesson_out_of_season_costs_no_day() -> None:
    course = shape(step("s", season=WINTER))
    assert coming(course, run_from(date(2026, 7, 1))) == [
        ("a", date(2026, 7, 1)),
        ("z", date(2026, 7, 2)),
    ]


@pytest.mark.parametrize(
    ("joined", "expected"), [(date(2026, 7, 1), "anz"), (date(2026, 12, 1), "asz")]
)
@pytest.mark.parametrize("order", ["sn", "ns"])
def test_a_stand_in_takes_the_place_out_of_season(joined: date, expected: str, order: str) -> None:
    both = {"s": step("s", season=WINTER), "n": step("n", instead_of="s")}
    course = shape(*(both[name] for name in order))
    assert names(course, run_from(joined)) == expected


def test_nobody_gets_a_lesson_and_its_stand_in() -> None:
    course = shape(step("s", season=WINTER, delay=Days(3)), step("n", instead_of="s"))
    for day in range(1, 31):
        got = names(course, run_from(date(2026, 11, day)))
        assert got in {"asz", "anz"}


def test_an_expired_lesson_is_left_out_from_its_day_on() -> None:
    course = shape(step("e", expires=date(2026, 12, 24)))
    assert names(course, run_from(date(2026, 12, 22))) == "aez"  # its day is the 23rd
    assert names(course, run_from(date(2026, 12, 23))) == "az"


def test_an_expired_lesson_has_its_stand_in() -> None:
    course = shape(step("e", expires=date(2026, 12, 24)), step("n", instead_of="e"))
    assert names(course, run_from(date(2026, 12, 22))) == "aez"
    assert names(course, run_from(date(2026, 12, 23))) == "anz"


def test_a_lesson_that_begins_later_is_waited_for() -> None:
    course = shape(step("b", not_before=date(2026, 12, 24)))
    assert coming(course, run_from(date(2026, 12, 1)))[1:] == [
        ("b", date(2026, 12, 24)),
        ("z", date(2026, 12, 25)),
    ]


def test_a_lesson_with_a_stand_in_is_not_waited_for() -> None:
    course = shape(step("b", not_before=date(2026, 12, 24)), step("n", instead_of="b"))
    assert coming(course, run_from(date(2026, 12, 1)))[1:] == [
        ("n", date(2026, 12, 2)),
        ("z", date(2026, 12, 3)),
    ]
    assert names(course, run_from(date(2026, 12, 24))) == "abz"


def test_it_comes_in_its_season_to_those_who_passed_it_before_if_the_policy_says_so() -> None:
    run = run_from(date(2026, 11, 25))
    more = [step(name) for name in ("k", "l", "m", "o", "p", "q")]
    for policy, expected in (
        (None, "aklmopqz"),
        (IfPast.SKIP, "aklmopqz"),
        (IfPast.NEXT, "aklmopsqz"),
        (IfPast.AT_END, "aklmopqzs"),
    ):
        course = shape(step("s", season=WINTER, if_past=policy), *more)
        assert names(course, run) == expected


def test_a_season_of_one_day_in_a_leap_year() -> None:
    course = shape(step("s", season=parse_season("02-29 to 02-29")))
    assert names(course, run_from(date(2028, 2, 28))) == "asz"
    assert names(course, run_from(date(2027, 2, 27))) == "az"
    assert names(course, run_from(date(2027, 2, 28))) == "az"


@pytest.mark.parametrize(
    ("day", "title"), [(date(2026, 11, 29), "Title of z"), (date(2026, 11, 30), "Title of s")]
)
def test_a_mail_names_the_lesson_that_its_own_day_will_bring(day: date, title: str) -> None:
    course = shape(step("s", season=WINTER))
    run = run_from(day)
    told = next_of(course, "a", in_order(course, "a", run), run.started_at)
    assert told["title"] == title
    assert coming(course, run)[1][0] == title[-1]
