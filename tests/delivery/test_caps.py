"""Collision rules: which day has room, for lessons and for issues."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypost.delivery import caps
from bypost.delivery.caps import Diary, Filed, Held, Outlet
from bypost.delivery.due import Run
from bypost.delivery.schedule import Schedule, parse_schedule
from bypost.delivery.shape import Shape, Step
from bypost.settings.model import Caps
from scheduler.cadence import AtOnce
from scheduler.window import Window, parse_window

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)  # a Monday
MONDAY = date(2026, 11, 23)
DAY = timedelta(days=1)
LATE = timedelta(days=1)


def diary(limits: Caps, *days: int, zone: ZoneInfo = BERLIN) -> Diary:
    """A diary with one mail on each of these days of November 2026."""
    found = Diary(limits, zone)
    for day in days:
        found.take(datetime(2026, 11, 1, 12, tzinfo=zone) + DAY * (day - 1))
    return found


def outlet(**values: object) -> Outlet:
    return Outlet(**{"since": NOON, "hour": time(9), "home": BERLIN, **values})  # type: ignore[arg-type]


def shape(window: Window) -> Shape:
    step = Step(lesson="one", title="One", content_hash="a", delay=AtOnce())
    return Shape(course="c", title="C", time_zone="UTC", hour=time(8), window=window, steps=(step,))


def run(*, asked: bool = False) -> Run:
    return Run(zone=BERLIN, own_hour=None, started_at=NOON, hint=NOON, had={}, asked=asked)


@given(
    mails=st.lists(st.integers(0, 20), max_size=12),
    day=st.integers(0, 20),
    most=st.integers(1, 4),
    more=st.integers(1, 2),
)
def test_a_day_is_full_where_some_seven_days_would_hold_too_many(
    mails: list[int], day: int, most: int, more: int
) -> None:
    found = Diary(Caps(per_week=most), BERLIN)
    for number in mails:
        found.take(NOON + DAY * number)
    after = [*mails, *[day] * more]
    weeks = [sum(start <= n < start + 7 for n in after) for start in range(day - 6, day + 1)]
    assert bool(found.full(MONDAY + DAY * day, more)) == (max(weeks) > most)


def test_a_day_is_the_local_one() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert Diary(Caps(per_day=1), BERLIN).day(late) == MONDAY + DAY
    assert Diary(Caps(per_day=1), ZoneInfo("UTC")).day(late) == MONDAY


def test_what_is_full_says_by_which_cap() -> None:
    assert diary(Caps(per_day=1), 23).full(MONDAY) == "at most 1 mail a day"
    assert diary(Caps(per_week=2), 20, 21).full(MONDAY) == "at most 2 mails in 7 days"
    assert diary(Caps(), 23, 23).full(MONDAY) == ""


def test_a_lesson_waits_for_a_day_with_room_on_which_its_window_opens() -> None:
    weekend = parse_window("08:00", "20:00", "weekends", ())
    held = caps.lesson(diary(Caps(per_day=1), 23, 28), shape(weekend), run(), at=NOON, late=LATE)
    assert held == Held(datetime(2026, 11, 29, 7, tzinfo=UTC), "at most 1 mail a day")


def test_a_lesson_that_was_asked_for_never_waits() -> None:
    full = diary(Caps(per_day=1), 23)
    always = shape(Window.always())
    assert caps.lesson(full, always, run(asked=True), at=NOON, late=LATE) is None
    assert caps.lesson(full, always, run(), at=NOON, late=LATE) is not None


def test_an_issue_goes_now_where_there_is_room() -> None:
    assert caps.issue(diary(Caps(per_day=1)), outlet(), now=NOON) is None


def test_an_issue_waits_for_its_hour_on_the_first_day_with_room() -> None:
    held = caps.issue(diary(Caps(per_day=1), 23, 24), outlet(), now=NOON)
    assert held == Held(datetime(2026, 11, 25, 8, tzinfo=UTC), "at most 1 mail a day")


def test_an_hour_that_clocks_skip_is_the_first_instant_after() -> None:
    since = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    full = Diary(Caps(per_day=1), BERLIN)
    full.take(since)
    held = caps.issue(full, outlet(since=since, hour=time(2, 30)), now=since)
    assert held == Held(datetime(2026, 3, 29, 1, tzinfo=UTC), "at most 1 mail a day")


def test_an_issue_that_finds_no_day_is_looked_at_once_more_on_the_last_one() -> None:
    full = diary(Caps(per_day=1), *range(20, 32))
    last = datetime(2026, 11, 30, 8, tzinfo=UTC)
    held = caps.issue(full, outlet(), now=NOON)
    assert held == Held(last, "at most 1 mail a day")
    assert caps.issue(full, outlet(), now=last) == Filed(caps.NO_ROOM)
    assert caps.issue(diary(Caps(per_day=1)), outlet(), now=last) is None


def test_an_issue_whose_hour_is_over_goes_on_another_day_or_never() -> None:
    free = diary(Caps(per_day=1))
    after = NOON + 2 * DAY
    assert caps.issue(free, outlet(), now=after, too_late=True) == Held(
        datetime(2026, 11, 26, 8, tzinfo=UTC), "nothing was sent at its hour"
    )
    after = NOON + 9 * DAY
    assert caps.issue(free, outlet(), now=after, too_late=True) == Filed(caps.NO_ROOM)


def test_an_issue_waits_for_the_first_days_of_a_course_and_then_a_week_for_room() -> None:
    limits = Caps(per_day=1, newsletters_wait_days=9)
    new = diary(limits)
    begun = caps.course_is_new_until(new, [NOON - DAY, NOON])
    assert begun == date(2026, 12, 2)
    found = caps.issue(new, outlet(not_before=begun), now=NOON)
    words = "newsletters wait for the first 9 days of a course"
    assert found == Held(datetime(2026, 12, 2, 8, tzinfo=UTC), words)
    then = datetime(2026, 12, 2, 8, tzinfo=UTC)
    new.take(then)
    found = caps.issue(new, outlet(not_before=begun), now=then)
    assert found == Held(then + DAY, "at most 1 mail a day")


def test_an_issue_does_not_overtake_an_earlier_one_that_waits() -> None:
    found = caps.issue(diary(Caps(per_day=2)), outlet(after=MONDAY + 2 * DAY), now=NOON)
    assert found == Held(datetime(2026, 11, 25, 8, tzinfo=UTC), "an earlier issue waits as well")


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(instant=NOON),
        Schedule(day=MONDAY, hour=time(9, 30), zone="Europe/Berlin"),
    ],
)
def test_a_schedule_is_read_as_it_was_written(schedule: Schedule) -> None:
    assert parse_schedule(str(schedule)) == schedule


@pytest.mark.parametrize("text", ["", "2026-11-23 None", "2026-11-23 09:00", "soon"])
def test_a_schedule_of_before_says_nothing(text: str) -> None:
    assert parse_schedule(text) is None
