"""When the next step falls due: the rules by name, and each oddity of the calendar once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.cadence import (
    AtOnce,
    Cadence,
    Days,
    TwiceAWeek,
    Weekdays,
    Weekly,
    due_at,
    parse_cadence,
    target_date,
)
from scheduler.window import Window

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
CASABLANCA = ZoneInfo("Africa/Casablanca")
APIA = ZoneInfo("Pacific/Apia")
ST_JOHNS = ZoneInfo("America/St_Johns")
NUUK = ZoneInfo("America/Nuuk")

ALWAYS = Window.always()
OFFICE = Window(time(8), time(20), frozenset(range(5)))
DAYTIME = Window(time(8), time(20))
NIGHT = Window(time(22), time(4))


HOW_TO_WRITE = "write `at once`, `2 days`, `1 weekday` or `weekly on tuesday`"


def local(text: str, zone: ZoneInfo, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def due(
    cadence: str, last: datetime, hour: str = "09:00", window: Window = ALWAYS, **more: date
) -> str:
    """Return the due instant as the person's own clock shows it, with its offset."""
    zone = last.tzinfo
    assert isinstance(zone, ZoneInfo)
    found = due_at(
        parse_cadence(cadence),
        last=last,
        zone=zone,
        hour=time.fromisoformat(hour),
        window=window,
        **more,
    )
    return found.astimezone(zone).isoformat(timespec="minutes")


# --- writing and reading ---


@pytest.mark.parametrize(
    ("text", "cadence"),
    [
        ("at once", AtOnce()),
        ("  At   ONCE ", AtOnce()),
        ("1 day", Days(1)),
        ("2 days", Days(2)),
        ("2days", Days(2)),
        ("366 days", Days(366)),
        ("1 weekday", Weekdays(1)),
        ("2 Weekdays", Weekdays(2)),
        ("1 week", Days(7)),
        ("2 weeks", Days(14)),
        ("weekly on tuesday", Weekly(1)),
        ("Twice  a week", TwiceAWeek()),
        ("Weekly on Sun", Weekly(6)),
    ],
)
def test_a_cadence_reads_as_people_write_it(text: str, cadence: Cadence) -> None:
    assert parse_cadence(text) == cadence


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "2 fortnights",
            f"`2 fortnights` is not a delay; {HOW_TO_WRITE}",
        ),
        ("2 dayz", "`2 dayz` is not a delay; did you mean `2 days`?"),
        ("3 Weekday's", "`3 Weekday's` is not a delay; did you mean `3 weekdays`?"),
        ("daily", "`daily` is not a delay; did you mean `1 day`?"),
        ("weekly", "`weekly` is not a delay; did you mean `weekly on monday`?"),
        ("at onse", "`at onse` is not a delay; did you mean `at once`?"),
        ("every tuesday", "`every tuesday` is not a delay; did you mean `weekly on tuesday`?"),
        ("weekly on tusday", "`tusday` is not a weekday; did you mean `tuesday`?"),
        ("0 days", "`0 days` is not a delay; write `at once`"),
        ("0 weekdays", "`0 weekdays` is not a delay; write `at once`"),
        ("367 days", "`367 days` is too long; a delay is at most 366 days"),
        ("53 weeks", "`53 weeks` is too long; a delay is at most 366 days"),
        ("9" * 40 + " days", f"`{'9' * 40} days` is too long; a delay is at most 366 days"),
        ("1 dya", "`1 dya` is not a delay; did you mean `1 day`?"),
        ("", f"`` is not a delay; {HOW_TO_WRITE}"),
    ],
)
def test_a_mistake_in_a_cadence_is_answered_with_how_to_write_it(text: str, advice: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_cadence(text)
    assert str(error.value) == advice


@pytest.mark.parametrize("make", [lambda: Days(0), lambda: Weekdays(367), lambda: Weekly(7)])
def test_a_cadence_out_of_range_cannot_be_made(make) -> None:
    with pytest.raises(ValueError):
        make()


COUNTS = st.integers(1, 366)
CADENCES = st.one_of(
    st.just(AtOnce()), COUNTS.map(Days), COUNTS.map(Weekdays), st.integers(0, 6).map(Weekly)
)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(CADENCES)
def test_the_text_of_a_cadence_reads_back_as_itself(cadence: Cadence) -> None:
    assert parse_cadence(str(cadence)) == cadence


# --- counting dates ---


@pytest.mark.parametrize(
    ("cadence", "last", "target"),
    [
        ("at once", "2026-03-05", "2026-03-05"),
        ("1 day", "2028-02-28", "2028-02-29"),  # a leap day counts
        ("1 day", "2026-02-28", "2026-03-01"),
        ("366 days", "2028-02-29", "2029-03-01"),
        ("1 weekday", "2026-03-05", "2026-03-06"),  # Thursday to Friday
        ("1 weekday", "2026-03-06", "2026-03-09"),  # over the weekend
        ("1 weekday", "2026-03-07", "2026-03-09"),  # from Saturday
        ("1 weekday", "2026-03-08", "2026-03-09"),  # from Sunday
        ("5 weekdays", "2026-03-07", "2026-03-13"),
        ("6 weekdays", "2026-03-06", "2026-03-16"),
        ("1 week", "2026-12-28", "2027-01-04"),
        ("weekly on tuesday", "2026-03-02", "2026-03-03"),
        ("weekly on tuesday", "2026-03-03", "2026-03-10"),  # strictly after
    ],
)
def test_dates_are_counted_on_the_calendar(cadence: str, last: str, target: str) -> None:
    found = target_date(parse_cadence(cadence), date.fromisoformat(last))
    assert found == date.fromisoformat(target)


def test_weekdays_counted_one_by_one_give_the_same_date() -> None:
    for start in range(14):
        first = day = date(2026, 3, 1) + timedelta(days=start)
        for count in range(1, 30):
            day += timedelta(days=1)
            while day.weekday() > 4:
                day += timedelta(days=1)
            assert target_date(Weekdays(count), first) == day


def test_dates_are_counted_from_the_persons_own_date() -> None:
    # 04:30 UTC on the 10th is still the 9th in New York.
    last = datetime(2026, 2, 10, 4, 30, tzinfo=UTC).astimezone(NEW_YORK)
    assert due("1 day", last) == "2026-02-10T09:00-05:00"


def test_the_hour_of_the_last_step_does_not_matter() -> None:
    assert due("1 day", local("2026-02-10T00:01", BERLIN)) == "2026-02-11T09:00+01:00"
    assert due("1 day", local("2026-02-10T23:59", BERLIN)) == "2026-02-11T09:00+01:00"


# --- hour and window ---


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        ("09:00", "2026-02-11T09:00+01:00"),  # inside the window
        ("08:00", "2026-02-11T08:00+01:00"),  # the first reading inside
        ("06:30", "2026-02-11T08:00+01:00"),  # before it: the start
        ("19:59", "2026-02-11T19:59+01:00"),
        ("20:00", "2026-02-12T08:00+01:00"),  # the end is outside: the next opening
        ("22:00", "2026-02-12T08:00+01:00"),
    ],
)
def test_due_is_the_first_opening_at_or_after_the_hour(hour: str, expected: str) -> None:
    assert due("1 day", local("2026-02-10T10:00", BERLIN), hour, DAYTIME) == expected


def test_on_a_later_day_the_hour_still_counts() -> None:
    # Friday + 1 day is Saturday, closed; Monday at the person's hour, not at the start.
    assert due("1 day", local("2026-02-13T10:00", BERLIN), "10:30", OFFICE) == (
        "2026-02-16T10:30+01:00"
    )


def test_an_hour_the_window_never_covers_becomes_its_start_on_a_later_day() -> None:
    assert due("1 day", local("2026-02-13T10:00", BERLIN), "21:00", OFFICE) == (
        "2026-02-16T08:00+01:00"
    )


def test_skip_dates_move_the_result_and_do_not_change_the_count() -> None:
    holidays = Window(time(8), time(20), skip=frozenset({date(2026, 12, 25), date(2026, 12, 26)}))
    # Two days after the 24th is the 26th, whatever is skipped on the way; then on to the 27th.
    assert due("2 days", local("2026-12-24T09:00", BERLIN), window=holidays) == (
        "2026-12-27T09:00+01:00"
    )
    assert due("2 weekdays", local("2026-12-24T09:00", BERLIN), window=holidays) == (
        "2026-12-28T09:00+01:00"
    )


def test_not_before_is_the_earliest_local_date() -> None:
    last = local("2026-02-10T10:00", BERLIN)
    assert due("1 day", last, not_before=date(2026, 3, 2)) == "2026-03-02T09:00+01:00"
    assert due("3 days", last, not_before=date(2026, 2, 11)) == "2026-02-13T09:00+01:00"


def test_at_once_is_the_last_instant_itself_whatever_the_window() -> None:
    last = local("2026-02-14T03:12:45.123456", BERLIN)
    found = due_at(AtOnce(), last=last, zone=BERLIN, hour=time(9), window=OFFICE)
    assert (found, found.tzinfo) == (last, UTC)
    today = date(2026, 2, 14)
    assert found == due_at(
        AtOnce(), last=last, zone=BERLIN, hour=time(9), window=OFFICE, not_before=today
    )


def test_at_once_waits_for_not_before_and_then_for_the_window() -> None:
    last = local("2026-02-10T03:12", BERLIN)
    assert due("at once", last, "09:00", OFFICE, not_before=date(2026, 2, 14)) == (
        "2026-02-16T09:00+01:00"
    )


def test_a_window_across_midnight_takes_an_early_hour_on_the_date_asked_for() -> None:
    last = local("2026-02-10T23:00", BERLIN)
    assert due("1 day", last, "01:00", NIGHT) == "2026-02-11T01:00+01:00"
    assert due("1 day", last, "12:00", NIGHT) == "2026-02-11T22:00+01:00"
    assert due("1 day", last, "23:30", NIGHT) == "2026-02-11T23:30+01:00"


def test_a_window_across_midnight_belongs_to_the_day_it_opens() -> None:
    weekday_nights = Window(time(22), time(4), frozenset(range(5)))
    # Saturday 01:00 is Friday's night; Monday 01:00 would be Sunday's, so Monday's own opening.
    assert due("1 day", local("2026-02-13T12:00", BERLIN), "01:00", weekday_nights) == (
        "2026-02-14T01:00+01:00"
    )
    assert due("1 day", local("2026-02-15T12:00", BERLIN), "01:00", weekday_nights) == (
        "2026-02-16T22:00+01:00"
    )


def test_a_window_that_never_opens_is_said_so() -> None:
    start = date(2026, 1, 1)
    shut = Window(
        time(8), time(20), frozenset({0}), frozenset(start + timedelta(days=n) for n in range(800))
    )
    with pytest.raises(ValueError, match="does not open in the 370 days from 2026-02-11"):
        due("1 day", local("2026-02-10T10:00", BERLIN), window=shut)


def test_a_naive_instant_is_refused() -> None:
    naive = datetime(2026, 2, 10)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="no time zone"):
        due_at(Days(1), last=naive, zone=BERLIN, hour=time(9), window=ALWAYS)


# --- changes of clocks ---


@pytest.mark.parametrize(
    ("last", "hour", "expected"),
    [
        # Berlin skips 02:00 to 03:00 on 29 March 2026 ...
        (local("2026-03-28T12:00", BERLIN), "02:30", "2026-03-29T03:00+02:00"),
        (local("2026-03-28T12:00", BERLIN), "02:00", "2026-03-29T03:00+02:00"),
        (local("2026-03-28T12:00", BERLIN), "01:59", "2026-03-29T01:59+01:00"),
        (local("2026-03-28T12:00", BERLIN), "09:00", "2026-03-29T09:00+02:00"),
        # ... and shows 02:00 to 03:00 twice on 25 October.
        (local("2026-10-24T12:00", BERLIN), "02:30", "2026-10-25T02:30+02:00"),
        (local("2026-10-24T12:00", BERLIN), "03:00", "2026-10-25T03:00+01:00"),
        (local("2026-03-07T12:00", NEW_YORK), "02:30", "2026-03-08T03:00-04:00"),
        (local("2026-10-31T12:00", NEW_YORK), "01:30", "2026-11-01T01:30-04:00"),
        # Lord Howe changes by 30 minutes.
        (local("2026-10-03T12:00", LORD_HOWE), "02:15", "2026-10-04T02:30+11:00"),
        (local("2026-04-04T12:00", LORD_HOWE), "01:45", "2026-04-05T01:45+11:00"),
        # Casablanca leaves summer time for Ramadan: in 2026 back on 15 February, on on 22 March.
        (local("2026-02-14T12:00", CASABLANCA), "02:30", "2026-02-15T02:30+01:00"),
        (local("2026-02-15T12:00", CASABLANCA), "02:30", "2026-02-16T02:30+00:00"),
        (local("2026-03-21T12:00", CASABLANCA), "02:30", "2026-03-22T03:00+01:00"),
        # Nuuk went forward at 22:00 in 2023, and at 23:00 in 2024, into the next date.
        (local("2024-03-29T12:00", NUUK), "23:30", "2024-03-31T00:00-01:00"),
    ],
)
def test_a_skipped_hour_gives_the_first_valid_instant_and_a_repeated_one_the_first(
    last: datetime, hour: str, expected: str
) -> None:
    assert due("1 day", last, hour) == expected


@pytest.mark.parametrize("cadence", ["1 day", "2 days"])
@pytest.mark.parametrize("window", [ALWAYS, DAYTIME])
def test_a_day_that_never_came_is_passed_over(cadence: str, window: Window) -> None:
    # Samoa went from Thursday 29 to Saturday 31 December 2011.
    last = local("2011-12-29T12:00", APIA)
    assert due(cadence, last, "09:00", window) == "2011-12-31T09:00+14:00"


def test_a_leap_day_has_its_step() -> None:
    assert due("1 day", local("2028-02-28T09:00", BERLIN)) == "2028-02-29T09:00+01:00"
    assert due("1 day", local("2028-02-29T09:00", BERLIN)) == "2028-03-01T09:00+01:00"


def test_a_window_inside_the_skipped_hour_opens_at_the_change() -> None:
    narrow = Window(time(2, 15), time(2, 45))
    for hour in ("00:00", "02:15", "02:30"):
        assert due("1 day", local("2026-03-28T12:00", BERLIN), hour, narrow) == (
            "2026-03-29T03:00+02:00"
        )


def test_clocks_that_go_back_across_midnight_never_give_an_instant_before_the_last() -> None:
    # St John's went from Sunday 00:01 back to Saturday 23:01 on 7 November 2010. The last step was
    # done in the second Saturday 23:30, when Sunday 00:00 had already been shown once.
    last = local("2010-11-06T23:30", ST_JOHNS, fold=1)
    found = due_at(Days(1), last=last, zone=ST_JOHNS, hour=time(0), window=ALWAYS)
    assert found == datetime(2010, 11, 7, 3, 30, tzinfo=UTC)
    assert found > last.astimezone(UTC)


@pytest.mark.parametrize(("day", "next_day"), [(23, 26), (24, 26), (25, 26), (26, 30), (29, 30)])
def test_twice_a_week_is_the_next_monday_or_thursday(day: int, next_day: int) -> None:
    assert target_date(TwiceAWeek(), date(2026, 11, day)) == date(2026, 11, next_day)
