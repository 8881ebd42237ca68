"""When work may be done: the rules of a window by name."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.window import (
    END_OF_DAY,
    EVERY_DAY,
    Window,
    parse_hour,
    parse_weekday,
    parse_window,
)

BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")
HAVANA = ZoneInfo("America/Havana")
ST_JOHNS = ZoneInfo("America/St_Johns")

DAYTIME = Window(time(8), time(20))
NIGHT = Window(time(22), time(4))


def local(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("07:59:59.999999", False), ("08:00", True), ("19:59:59.999999", True), ("20:00", False)],
)
def test_the_start_is_inside_and_the_end_is_outside(shown: str, expected: bool) -> None:
    assert DAYTIME.is_open(local(f"2026-02-10T{shown}"), BERLIN) is expected


def test_an_open_window_opens_now_to_the_microsecond() -> None:
    now = local("2026-02-10T12:34:56.789012")
    assert DAYTIME.next_open(now, BERLIN) == now


def test_a_closed_window_opens_at_its_next_start() -> None:
    assert DAYTIME.next_open(local("2026-02-10T05:00"), BERLIN) == local("2026-02-10T08:00")
    assert DAYTIME.next_open(local("2026-02-10T20:00"), BERLIN) == local("2026-02-11T08:00")


def test_weekdays_and_skip_dates_are_those_of_the_day_on_which_it_opens() -> None:
    window = Window(time(22), time(4), frozenset(range(5)), frozenset({date(2026, 2, 12)}))
    assert window.is_open(local("2026-02-14T03:59"), BERLIN)  # Saturday, Friday's night
    assert not window.is_open(local("2026-02-14T22:30"), BERLIN)  # Saturday's own
    assert not window.is_open(local("2026-02-16T01:00"), BERLIN)  # Monday, Sunday's night
    assert window.is_open(local("2026-02-12T01:00"), BERLIN)  # skipped date, the night before
    assert not window.is_open(local("2026-02-13T01:00"), BERLIN)  # its own night
    assert window.next_open(local("2026-02-12T04:00"), BERLIN) == local("2026-02-13T22:00")


def test_the_whole_day_ends_at_midnight_and_not_a_microsecond_before() -> None:
    evening = Window(time(20), END_OF_DAY, frozenset({1}))
    assert evening.is_open(local("2026-02-10T23:59:59.999999"), BERLIN)
    assert not evening.is_open(local("2026-02-11T00:00"), BERLIN)


def test_an_end_at_midnight_is_the_midnight_after_the_start() -> None:
    to_midnight = Window(time(20), time(0))
    to_24 = Window(time(20), END_OF_DAY)
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)):
        assert to_midnight.span_on(day, BERLIN) == to_24.span_on(day, BERLIN)


def test_two_people_in_one_opening_are_given_the_same_span() -> None:
    span = NIGHT.span_at(local("2026-02-11T03:00"), BERLIN)
    assert span == NIGHT.span_at(local("2026-02-10T22:00"), BERLIN)
    assert span == (local("2026-02-10T22:00"), local("2026-02-11T04:00"))
    assert NIGHT.span_at(local("2026-02-11T04:00"), BERLIN) is None


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (DAYTIME, ["08:00", "19:59"], ["07:59", "20:00"]),
        (NIGHT, ["22:00", "00:00", "03:59"], ["21:59", "04:00", "12:00"]),
        (Window(time(20), END_OF_DAY), ["20:00", "23:59"], ["19:59", "00:00"]),
    ],
)
def test_an_hour_is_covered_from_the_start_until_before_the_end(window, inside, outside) -> None:
    hours = {hour: window.covers(time.fromisoformat(hour)) for hour in inside + outside}
    assert hours == dict.fromkeys(inside, True) | dict.fromkeys(outside, False)


# --- changes of clocks ---


def test_a_window_inside_the_skipped_hour_opens_at_the_change_for_its_usual_length() -> None:
    window = Window(time(2, 15), time(2, 45))
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert window.next_open(local("2026-03-28T12:00"), BERLIN) == change
    assert window.span_on(date(2026, 3, 29), BERLIN) == (change, change + timedelta(minutes=30))
    assert window.is_open(change, BERLIN)
    assert not window.is_open(change - timedelta(microseconds=1), BERLIN)
    assert not window.is_open(change + timedelta(minutes=30), BERLIN)


def test_a_window_that_is_exactly_the_skipped_hour_opens_at_the_change() -> None:
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    span = Window(time(2), time(3)).span_on(date(2026, 3, 29), BERLIN)
    assert span == (change, change + timedelta(hours=1))


@pytest.mark.parametrize(
    ("start", "end", "opens", "closes"),
    [
        ("01:30", "02:30", "00:30", "01:00"),  # ends in the skip: closes at the change
        ("02:30", "03:30", "01:00", "01:30"),  # starts in the skip: opens at the change
        ("01:30", "03:30", "00:30", "01:30"),  # an hour shorter
    ],
)
def test_a_window_that_meets_a_skip_loses_what_was_skipped(
    start: str, end: str, opens: str, closes: str
) -> None:
    window = Window(time.fromisoformat(start), time.fromisoformat(end))
    assert window.span_on(date(2026, 3, 29), BERLIN) == (
        datetime.combine(date(2026, 3, 29), time.fromisoformat(opens), UTC),
        datetime.combine(date(2026, 3, 29), time.fromisoformat(closes), UTC),
    )


def test_a_window_in_the_repeated_hour_opens_once() -> None:
    window = Window(time(2, 15), time(2, 45))
    assert window.is_open(local("2026-10-25T02:30"), BERLIN)
    assert not window.is_open(local("2026-10-25T02:30", fold=1), BERLIN)
    after = window.next_open(local("2026-10-25T02:30", fold=1), BERLIN)
    assert after == local("2026-10-26T02:15")


def test_a_window_that_starts_in_the_repeated_hour_stays_open_through_it() -> None:
    window = Window(time(2, 30), time(3, 30))
    assert window.span_on(date(2026, 10, 25), BERLIN) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    )


def test_a_repeated_midnight_does_not_open_a_day_twice() -> None:
    # Havana went from 01:00 back to 00:00 on 3 November 2019.
    window = Window(time(0), time(0, 30))
    assert window.is_open(local("2019-11-03T00:10", HAVANA), HAVANA)
    assert not window.is_open(local("2019-11-03T00:10", HAVANA, fold=1), HAVANA)


def test_a_day_that_has_begun_stays_open_when_clocks_go_back_to_the_day_before() -> None:
    # St John's went from Sunday 00:01 back to Saturday 23:01 on 7 November 2010.
    sundays = Window(time(0), time(8), frozenset({6}))
    assert not sundays.is_open(local("2010-11-06T23:30", ST_JOHNS), ST_JOHNS)
    assert sundays.is_open(local("2010-11-07T00:00", ST_JOHNS), ST_JOHNS)
    assert sundays.is_open(local("2010-11-06T23:30", ST_JOHNS, fold=1), ST_JOHNS)
    assert sundays.is_open(local("2010-11-07T00:00", ST_JOHNS, fold=1), ST_JOHNS)


def test_a_day_that_never_came_has_no_window() -> None:
    assert DAYTIME.span_on(date(2011, 12, 30), APIA) is None
    assert NIGHT.span_on(date(2011, 12, 30), APIA) is None
    # The night of the 29th ends with its day: midnight on the 31st follows.
    assert NIGHT.span_at(local("2011-12-31T00:00", APIA), APIA) is None
    after = DAYTIME.next_open(local("2011-12-29T20:00", APIA), APIA)
    assert after == local("2011-12-31T08:00", APIA)


# --- what cannot be ---


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Window(time(8), time(8)), "open and close at 08:00"),
        (lambda: Window(time(8), time(20), frozenset()), "no weekday"),
        (lambda: Window(time(8), time(20), frozenset({7})), "from 0 .Monday. to 6"),
        (lambda: Window(time(8, tzinfo=UTC), time(20)), "local hours"),
    ],
)
def test_a_window_that_makes_no_sense_cannot_be_made(make, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make()


def test_a_window_skipped_for_ever_is_said_so() -> None:
    day = date(2026, 2, 10)
    shut = Window(time(8), time(20), skip=frozenset(day + timedelta(days=n) for n in range(400)))
    with pytest.raises(ValueError, match="remove some of its skip dates"):
        shut.next_open(local("2026-02-10T05:00"), BERLIN)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        DAYTIME.is_open(datetime(2026, 2, 10), BERLIN)  # noqa: DTZ001 - the mistake under test


# --- writing and reading ---


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("daily", EVERY_DAY),
        ("Weekdays", frozenset(range(5))),
        ("weekends", frozenset({5, 6})),
        ("tue", frozenset({1})),
        (["mon", "Tuesday"], frozenset({0, 1})),
    ],
)
def test_days_read_as_people_write_them(days, expected: frozenset[int]) -> None:
    assert parse_window("08:00", "20:00", days, []).weekdays == expected


def test_a_window_reads_as_people_write_it() -> None:
    skip = [date(2026, 12, 24)]
    assert parse_window("8:00", " 20:30 ", "daily", skip) == Window(
        time(8), time(20, 30), EVERY_DAY, frozenset(skip)
    )
    assert parse_window("00:00", "24:00", "daily", []) == Window.always()
    assert parse_window("22:00", "04:00", "daily", []) == NIGHT


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("9", "`9` is not an hour; write hours and minutes, like `09:00`"),
        ("9am", "`9am` is not an hour; write hours and minutes, like `09:00`"),
        ("24:00", "`24:00` is not an hour; write one from `00:00` to `23:59`"),
        ("12:60", "`12:60` is not an hour; write one from `00:00` to `23:59`"),
        (1200, '`1200` is not an hour; write it in quotes, like "20:00"'),
        (9000, '`9000` is not an hour; write one like "09:00"'),
    ],
)
def test_a_mistake_in_an_hour_is_answered_with_how_to_write_it(text, advice: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_hour(text)
    assert str(error.value) == advice


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("08:00", "08:00", "daily", []), "open and close at 08:00"),
        (("08:00", "20:00", [], []), "no weekday"),
        (("08:00", "20:00", ["mon", "thusday"], []), "did you mean `thursday`"),
        (("08:00", "20:00", "whenever", []), "write one like `monday` or `mon`"),
        (("08:00", 1440, "daily", []), 'in quotes, like "24:00"'),
        (("08:00", "20:00", "daily", ["soon"]), "`soon` is not a date to skip"),
        (("08:00", "20:00", "daily", [datetime(2026, 1, 1, tzinfo=UTC)]), "2026-12-24"),
    ],
)
def test_a_mistake_in_a_window_is_answered_with_how_to_write_it(arguments, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        parse_window(*arguments)


def test_a_weekday_is_numbered_from_monday() -> None:
    assert [parse_weekday(name) for name in ("monday", "Sun", " WED ")] == [0, 6, 2]
