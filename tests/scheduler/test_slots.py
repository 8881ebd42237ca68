"""Slots give what ``due_at`` gives, for every zone, at every change of clocks."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.cadence import AtOnce, Cadence, Days, TwiceAWeek, Weekdays, Weekly, due_at
from scheduler.slots import Slots, slots_by_clock
from scheduler.wall import instant_of, zone_names
from scheduler.window import Window
from tests.scheduler.transitions import ZONES, cadences, changes, changes_of_clocks, hours, windows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
ALWAYS = Window.always()
DAYTIME = Window(time(8), time(20), frozenset(range(5)))
#: Hours within what is skipped or repeated in most zones, and one that never is.
RHYTHMS = (
    (Days(1), time(2, 30), ALWAYS, None),
    (Weekdays(2), time(9), DAYTIME, None),
    (Weekly(6), time(), ALWAYS, None),
    (AtOnce(), time(0, 30), ALWAYS, date(2026, 3, 29)),
)

AIMED = settings(max_examples=400, derandomize=True, deadline=None, database=None)


def expect_the_same(
    cadence: Cadence,
    last: datetime,
    zone: ZoneInfo,
    hour: time,
    window: Window,
    not_before: date | None,
) -> None:
    told = {"zone": zone, "hour": hour, "window": window, "not_before": not_before}
    right = due_at(cadence, last=last, **told)
    slots = slots_by_clock(cadence, window, not_before)[zone, hour]
    found = slots.due(last)
    assert (found, found.tzinfo) == (right, UTC), (cadence, last, told)


def around(zone: ZoneInfo, change: datetime) -> Iterator[datetime]:
    """Yield the instants next to a change, and next to each local midnight near it."""
    yield from (change - MICROSECOND, change, change + MICROSECOND)
    day = change.astimezone(zone).date()
    for ahead in range(-1, 3):
        midnight = datetime.combine(day + ahead * DAY, time())
        first = instant_of(midnight, zone)
        for at in {first, instant_of(midnight, zone, after=first)}:
            yield from (at - MICROSECOND, at)


def test_every_zone_at_every_change_from_2024_to_2027_is_as_due_at_has_it() -> None:
    tried = 0
    for zone in map(ZoneInfo, sorted(zone_names())):
        for change in changes(zone, 2024, 2027):
            tried += 1
            for last in around(zone, change):
                for cadence, hour, window, not_before in RHYTHMS:
                    expect_the_same(cadence, last, zone, hour, window, not_before)
    assert tried > 1000


def test_every_zone_on_a_day_without_a_change_is_as_due_at_has_it() -> None:
    for zone in map(ZoneInfo, sorted(zone_names())):
        for last in around(zone, datetime(2026, 7, 8, 12, tzinfo=UTC)):
            expect_the_same(TwiceAWeek(), last, zone, time(9), DAYTIME, None)


@AIMED
@given(change=changes_of_clocks(), data=st.data())
def test_any_rhythm_near_a_change_is_as_due_at_has_it(change, data) -> None:
    zone, instant, near = change
    day = instant.astimezone(zone).date()
    shift = data.draw(st.none() | st.integers(-3, 3))
    expect_the_same(
        data.draw(cadences),
        instant + data.draw(st.integers(-3 * DAY // MICROSECOND, DAY // MICROSECOND)) * MICROSECOND,
        zone,
        data.draw(hours(near)),
        data.draw(windows(near, day)),
        None if shift is None else day + shift * DAY,
    )


@AIMED
@given(
    day=st.dates(date(1970, 1, 2), date(2100, 1, 1)),
    hour=st.times(timezones=st.sampled_from(ZONES)),
    cadence=cadences | st.just(TwiceAWeek()) | st.integers(5, 366).map(Days),
    data=st.data(),
)
def test_any_rhythm_in_any_year_is_as_due_at_has_it(day, hour, cadence, data) -> None:
    expect_the_same(
        cadence,
        datetime.combine(day, hour),
        hour.tzinfo,
        data.draw(hours(0)),
        data.draw(windows(0, day)),
        data.draw(st.none() | st.dates(date(1970, 1, 1), date(2100, 1, 1))),
    )


def test_who_was_done_before_clocks_went_back_across_midnight_waits_as_due_at_has_it() -> None:
    """In St John's 7 November 2010 began, ended after a minute and began again an hour later."""
    zone = ZoneInfo("America/St_Johns")
    first, second = (
        datetime(2010, 11, 7, 2, 30, tzinfo=UTC),
        datetime(2010, 11, 7, 3, 30, tzinfo=UTC),
    )
    slots = slots_by_clock(Days(1), ALWAYS)[zone, time()]
    for minute in range(-90, 150):
        expect_the_same(Days(1), first + timedelta(minutes=minute), zone, time(), ALWAYS, None)
    assert slots.due(first - MICROSECOND) == first
    assert slots.due(first + timedelta(minutes=1)) == second  # the evening before, again


def test_a_window_that_stays_shut_is_an_error_only_for_those_who_would_wait_for_it() -> None:
    """The two local dates of one day of UTC: before the window closes for good, and after."""
    zone, closes = ZoneInfo("Europe/Berlin"), date(2026, 5, 4)
    skip = frozenset(closes + ahead * DAY for ahead in range(1, 400))
    slots = Slots(Days(1), zone, time(9), Window(time(8), time(20), skip=skip))
    last = datetime(2026, 5, 3, 21, 59, tzinfo=UTC)
    assert slots.due(last) == datetime(2026, 5, 4, 7, tzinfo=UTC)
    with pytest.raises(ValueError, match="does not open in the 370 days from 2026-05-05"):
        slots.due(last + timedelta(minutes=1))


@pytest.mark.parametrize("cadence", [AtOnce(), Days(1)])
def test_an_instant_without_a_time_zone_is_refused(cadence: Cadence) -> None:
    slots = Slots(cadence, ZoneInfo("UTC"), time(9), ALWAYS)
    with pytest.raises(ValueError, match="has no time zone"):
        slots.due(datetime(2026, 5, 4))  # noqa: DTZ001


def test_everybody_who_asks_for_a_rhythm_and_a_clock_shares_its_slots() -> None:
    zone, hour = ZoneInfo("Asia/Kolkata"), time(9)
    slots = slots_by_clock(Weekly(1), DAYTIME)[zone, hour]
    assert slots_by_clock(Weekly(1), DAYTIME)[zone, hour] is slots
    assert slots_by_clock(Weekly(1), ALWAYS)[zone, hour] is not slots


def test_due_at_is_asked_once_for_a_local_date(monkeypatch) -> None:
    asked = []

    def count(cadence: Cadence, **told: object) -> datetime:
        asked.append(told["last"])
        return due_at(cadence, **told)

    monkeypatch.setattr("scheduler.slots.due_at", count)
    slots = Slots(Days(1), ZoneInfo("Asia/Tokyo"), time(9), ALWAYS)
    midnight = datetime(2026, 5, 4, tzinfo=UTC)
    dues = {slots.due(midnight + timedelta(minutes=minute)) for minute in range(24 * 60)}
    assert len(dues) == 2
    assert len(asked) == 4  # the first and the last instant of either date
