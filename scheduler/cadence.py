"""Cadences: how long after one step the next one falls due.

A cadence is kept in local terms ("2 weekdays", "weekly on tuesday") and becomes an instant only
together with someone's time zone, hour and window.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.wall import happens, instant_of, to_utc
from scheduler.window import HORIZON_DAYS, WEEKDAY_NAMES, Window, never_opens, parse_weekday

MOST_DAYS = 366

_COUNTED = re.compile(r"([0-9]{1,99}) ?(day|weekday|week)s?")
_WEEKLY = re.compile(r"weekly on (\w+)")
_UNITS = ("day", "days", "weekday", "weekdays", "week", "weeks")
#: Monday and Thursday.
_TWICE = (0, 3)
_NEAR = {
    "daily": "1 day",
    "every day": "1 day",
    "tomorrow": "1 day",
    "weekdays": "1 weekday",
    "every weekday": "1 weekday",
    "weekly": "weekly on monday",
    "now": "at once",
    "immediately": "at once",
}


@dataclass(frozen=True, slots=True)
class AtOnce:
    """The next step follows immediately."""

    def __str__(self) -> str:
        return "at once"


@dataclass(frozen=True, slots=True)
class Days:
    """So many local calendar dates later.

    Raises:
        ValueError: ``count`` is not between 1 and 366.
    """

    count: int

    def __post_init__(self) -> None:
        _check_count(self.count, str(self))

    def __str__(self) -> str:
        return _in_words(self.count, "day")


@dataclass(frozen=True, slots=True)
class Weekdays:
    """So many local dates from Monday to Friday later.

    Raises:
        ValueError: ``count`` is not between 1 and 366.
    """

    count: int

    def __post_init__(self) -> None:
        _check_count(self.count, str(self))

    def __str__(self) -> str:
        return _in_words(self.count, "weekday")


@dataclass(frozen=True, slots=True)
class Weekly:
    """The first such weekday (Monday 0) strictly after.

    Raises:
        ValueError: ``weekday`` is not between 0 and 6.
    """

    weekday: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError("weekdays are numbered from 0 (Monday) to 6 (Sunday)")

    def __str__(self) -> str:
        return f"weekly on {WEEKDAY_NAMES[self.weekday]}"


@dataclass(frozen=True, slots=True)
class TwiceAWeek:
    """The first Monday or Thursday strictly after."""

    def __str__(self) -> str:
        return "twice a week"


Cadence = AtOnce | Days | Weekdays | Weekly | TwiceAWeek


def parse_cadence(text: str) -> Cadence:
    """Return the cadence that ``text`` describes, in any case and spacing.

    Understood are ``at once``, ``2 days``, ``1 weekday``, ``2 weeks`` (14 days), ``twice a week``
    and ``weekly on tuesday``. ``str()`` of the result gives back the usual spelling.

    Raises:
        ValueError: What is wrong and how to write it.
    """
    words = " ".join(text.lower().split())
    if words == "at once":
        return AtOnce()
    if words == "twice a week":
        return TwiceAWeek()
    if weekly := _WEEKLY.fullmatch(words):
        return Weekly(parse_weekday(weekly[1]))
    counted = _COUNTED.fullmatch(words)
    if counted is None:
        raise ValueError(_not_a_delay(text.strip(), words))
    count, unit = int(counted[1]), counted[2]
    _check_count(count * 7 if unit == "week" else count, words)
    if unit == "weekday":
        return Weekdays(count)
    return Days(count * 7 if unit == "week" else count)


def target_date(cadence: Cadence, last: date) -> date:
    """Return the local date from which the next step may be done.

    Args:
        cadence: The rule.
        last: The local date of the step before; returned unchanged by :class:`AtOnce`.
    """
    match cadence:
        case AtOnce():
            return last
        case Days(count):
            return last + timedelta(days=count)
        case Weekdays(count):
            return _add_weekdays(last, count)
        case Weekly(weekday):
            return _next(last, weekday)
        case TwiceAWeek():
            return min(_next(last, weekday) for weekday in _TWICE)


def _next(last: date, weekday: int) -> date:
    """Return the first such weekday strictly after ``last``."""
    return last + timedelta(days=(weekday - last.weekday() - 1) % 7 + 1)


def due_at(
    cadence: Cadence,
    *,
    last: datetime,
    zone: ZoneInfo,
    hour: time,
    window: Window,
    not_before: date | None = None,
) -> datetime:
    """Return the instant at which the next step falls due, in UTC.

    Dates are counted from the local date of ``last``, whatever its hour. From that date on, the
    result is the first opening of the window at or after the person's hour: the hour itself if it
    lies inside the window, the start if it comes before it. If the hour comes after the end, that
    date has no such opening; on the dates after it the same is asked again, except that an hour
    which the window never covers no longer counts there, and the start is taken. Skip dates move
    the result and do not change the count. A date that never came is passed over.

    ``AtOnce`` gives ``last`` itself and ignores the window, unless ``not_before`` is later: then
    the first opening on or after that date, as above.

    Answers are remembered by window, zone, hour and date, so asking for many people is cheap.

    Args:
        cadence: The rule.
        last: When the step before was done, aware.
        zone: The person's zone.
        hour: The person's hour, without a time zone.
        window: When work may be done.
        not_before: The earliest local date.

    Returns:
        An instant not before ``last``; strictly after it for every cadence but ``AtOnce``.

    Raises:
        ValueError: The window does not open within 370 days, or ``last`` carries no time zone.
    """
    done = to_utc(last)
    today = done.astimezone(zone).date()
    target = target_date(cadence, today)
    if isinstance(cadence, AtOnce) and (not_before is None or not_before <= today):
        return done
    if not_before is not None and not_before > target:
        target = not_before
    due = _first_opening(window, zone, hour, target, None)
    if due > done:
        return due
    # Clocks went back across midnight, so the target's first minutes came before ``last`` did.
    return _first_opening(window, zone, hour, target, done)


@lru_cache(maxsize=65_536)
def _first_opening(
    window: Window, zone: ZoneInfo, hour: time, target: date, after: datetime | None
) -> datetime:
    for ahead in range(HORIZON_DAYS):
        day = target + timedelta(days=ahead)
        aim = window.start if ahead and not window.covers(hour) else hour
        due = _opening_on(day, aim, window, zone, after)
        if due is not None:
            return due
    raise ValueError(never_opens(target))


def _opening_on(
    day: date, aim: time, window: Window, zone: ZoneInfo, after: datetime | None
) -> datetime | None:
    if not happens(day, zone):
        return None
    earliest = instant_of(datetime.combine(day, aim), zone, after=after)
    if window.is_open(earliest, zone):
        return earliest
    span = window.span_on(day, zone)
    return span.opens if span is not None and span.opens >= earliest else None


def _add_weekdays(day: date, count: int) -> date:
    # From a weekend, counting starts as if it were still Friday.
    day -= timedelta(days=max(0, day.weekday() - 4))
    weeks, rest = divmod(count, 5)
    over_weekend = 2 if day.weekday() + rest > 4 else 0
    return day + timedelta(days=weeks * 7 + rest + over_weekend)


def _in_words(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _check_count(count: int, text: str) -> None:
    if count < 1:
        raise ValueError(f"`{text}` is not a delay; write `at once`")
    if count > MOST_DAYS:
        raise ValueError(f"`{text}` is too long; a delay is at most {MOST_DAYS} days")


def _not_a_delay(text: str, words: str) -> str:
    nearest = _nearest(words)
    if nearest is not None:
        return f"`{text}` is not a delay; did you mean `{nearest}`?"
    return f"`{text}` is not a delay; write `at once`, `2 days`, `1 weekday` or `weekly on tuesday`"


def _nearest(words: str) -> str | None:
    if words in _NEAR:
        return _NEAR[words]
    count, _, unit = words.partition(" ")
    if count.isdecimal() and len(count) <= 3:
        near = get_close_matches(unit, _UNITS, 1)
        return _in_words(int(count), near[0].removesuffix("s")) if near else None
    names = ["at once", "twice a week", *(f"weekly on {name}" for name in WEEKDAY_NAMES)]
    return next(iter(get_close_matches(words, names, 1, 0.7)), None)
