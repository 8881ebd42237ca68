"""Windows: the local hours and weekdays in which work may be done."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.wall import happens, instant_of, to_utc

WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = frozenset(range(7))
#: As the end of a window: midnight at the end of the day, 24:00. As an instant it is never used.
END_OF_DAY = time.max
#: A window that does not open within so many days is taken to be one that never opens.
HORIZON_DAYS = 370

_GROUPS = {"daily": EVERY_DAY, "weekdays": frozenset(range(5)), "weekends": frozenset({5, 6})}
_HOUR = re.compile(r"([0-9]{1,2}):([0-9]{2})")


class Span(NamedTuple):
    """One opening of a window: open from ``opens`` until just before ``closes``, in UTC."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """The hours ``[start, end)`` on some weekdays, as read from a local clock.

    On each of its days the window opens once, when the local clock first shows ``start``, and
    closes when it first shows ``end``. If ``end`` is earlier than ``start`` the window runs
    across midnight and belongs to the day on which it opens; ``weekdays`` and ``skip`` speak of
    that day. If clocks go forward over the whole of it, it opens at the instant of the change and
    stays open for its usual length. A day that never came (Samoa, 30 December 2011) has none.

    Attributes:
        start: First reading at which it is open.
        end: First reading at which it is closed again; ``END_OF_DAY`` stands for 24:00.
        weekdays: Days on which it opens, Monday 0 to Sunday 6.
        skip: Dates on which it does not open.

    Raises:
        ValueError: ``start`` equals ``end``, a reading carries a time zone, or the weekdays are
            empty or not between 0 and 6.
    """

    start: time
    end: time
    weekdays: frozenset[int] = EVERY_DAY
    skip: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("a window is kept in local hours; leave the time zone out")
        if self.start == self.end:
            raise ValueError(
                f"the window would open and close at {self.start:%H:%M}; write a different end, "
                "or 00:00 to 24:00 for the whole day"
            )
        if not self.weekdays:
            raise ValueError("the window has no weekday on which to open; name at least one")
        if not self.weekdays <= EVERY_DAY:
            raise ValueError("weekdays are numbered from 0 (Monday) to 6 (Sunday)")

    @classmethod
    def always(cls) -> "Window":
        """Return the window that is never closed."""
        return cls(time(), END_OF_DAY)

    def covers(self, hour: time) -> bool:
        """Return whether ``hour`` lies between start and end on an ordinary day."""
        if self.end == END_OF_DAY:
            return self.start <= hour
        if self._crosses_midnight:
            return self.start <= hour or hour < self.end
        return self.start <= hour < self.end

    def is_open(self, instant: datetime, zone: ZoneInfo) -> bool:
        """Return whether work may be done at ``instant`` for someone in ``zone``.

        Raises:
            ValueError: ``instant`` carries no time zone; so for the methods below.
        """
        return self.span_at(instant, zone) is not None

    def next_open(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """Return ``instant`` if the window is open then, else its next opening; in UTC.

        Raises:
            ValueError: It does not open within ``HORIZON_DAYS``, because of its skip dates.
        """
        if self.span_at(instant, zone) is not None:
            return to_utc(instant)
        today = to_utc(instant).astimezone(zone).date()
        for ahead in range(-1, HORIZON_DAYS):
            span = self.span_on(today + timedelta(days=ahead), zone)
            if span is not None and span.opens >= instant:
                return span.opens
        raise ValueError(never_opens(today))

    def span_at(self, instant: datetime, zone: ZoneInfo) -> Span | None:
        """Return the opening that ``instant`` lies in, or None while the window is closed."""
        now = to_utc(instant)
        today = now.astimezone(zone).date()
        # Yesterday's may run across midnight. Tomorrow's may have begun already: clocks that go
        # back at 00:01 show the old date once more.
        for ahead in (-1, 0, 1):
            span = self.span_on(today + timedelta(days=ahead), zone)
            if span is not None and span.opens <= now < span.closes:
                return span
        return None

    def span_on(self, day: date, zone: ZoneInfo) -> Span | None:
        """Return the opening that belongs to ``day``, or None if it does not open that day."""
        return _span_on(self, day, zone)

    @property
    def _crosses_midnight(self) -> bool:
        return self.end < self.start


@lru_cache(maxsize=16_384)
def _span_on(window: Window, day: date, zone: ZoneInfo) -> Span | None:
    if day.weekday() not in window.weekdays or day in window.skip or not happens(day, zone):
        return None
    first, last = _readings(window, day)
    opens, closes = instant_of(first, zone), instant_of(last, zone)
    # Equal only if clocks go forward over all of it. Open for an instant would be as good as
    # never, since work starts a moment later.
    return Span(opens, closes if opens < closes else opens + (last - first))


def _readings(window: Window, day: date) -> tuple[datetime, datetime]:
    first = datetime.combine(day, window.start)
    if window.end == END_OF_DAY:
        return first, datetime.combine(day + timedelta(days=1), time())
    last = datetime.combine(day, window.end)
    return first, last if first < last else last + timedelta(days=1)


def never_opens(day: date) -> str:
    """Return the text that says a window stays shut after ``day``."""
    return (
        f"the window does not open in the {HORIZON_DAYS} days from {day.isoformat()}; "
        "remove some of its skip dates"
    )


def parse_hour(text: str | int) -> time:
    """Return the hour written as ``09:00`` (or ``9:00``).

    Args:
        text: Hours and minutes from 00:00 to 23:59. A whole number is refused with advice: YAML
            reads an unquoted ``20:00`` as 1200 (YAML 1.1, sexagesimal integers).

    Raises:
        ValueError: What is wrong and how to write it.
    """
    match = _HOUR.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"`{text}` is not an hour; write {_how_to_write(text)}")
    hour, minute = int(match[1]), int(match[2])
    if hour > 23 or minute > 59:
        raise ValueError(f"`{text}` is not an hour; write one from `00:00` to `23:59`")
    return time(hour, minute)


def _how_to_write(text: str | int) -> str:
    if isinstance(text, str):
        return "hours and minutes, like `09:00`"
    hour, minute = divmod(text, 60)
    return (
        f'it in quotes, like "{hour:02d}:{minute:02d}"' if 0 <= hour <= 24 else 'one like "09:00"'
    )


def parse_weekday(text: str) -> int:
    """Return the weekday named by ``text`` (``tuesday`` or ``tue``, any case), Monday 0.

    Raises:
        ValueError: What is wrong, with the nearest name if there is one.
    """
    word = text.strip().lower()
    for number, name in enumerate(WEEKDAY_NAMES):
        if word in {name, name[:3]}:
            return number
    nearest = get_close_matches(word, WEEKDAY_NAMES, 1)
    advice = f"did you mean `{nearest[0]}`?" if nearest else "write one like `monday` or `mon`"
    raise ValueError(f"`{text}` is not a weekday; {advice}")


def parse_window(
    start: str | int, end: str | int, days: Iterable[str] | str, skip: Iterable[date]
) -> Window:
    """Return the window written as people write it.

    Args:
        start: ``08:00``.
        end: ``20:00``; ``24:00`` is the end of the day; earlier than ``start`` is the next day.
        days: ``daily``, ``weekdays``, ``weekends``, or names such as ``["mon", "tue"]``.
        skip: Dates on which it does not open.

    Raises:
        ValueError: What is wrong and how to write it.
    """
    closes = END_OF_DAY if str(end).strip() == "24:00" else parse_hour(end)
    return Window(parse_hour(start), closes, _parse_days(days), _parse_skip(skip))


def _parse_days(days: Iterable[str] | str) -> frozenset[int]:
    if not isinstance(days, str):
        return frozenset(parse_weekday(name) for name in days)
    group = _GROUPS.get(days.strip().lower())
    return group if group is not None else frozenset({parse_weekday(days)})


def _parse_skip(skip: Iterable[date]) -> frozenset[date]:
    dates = frozenset(skip)
    for day in dates:
        if type(day) is not date:  # a datetime is a date too, but never equal to one
            raise ValueError(f"`{day}` is not a date to skip; write one like 2026-12-24")
    return dates
