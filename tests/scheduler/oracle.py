"""A second opinion on due instants, by counting minutes.

Written from the rules alone. It shares no code with scheduler/: it reads the fields of a cadence
and a window and nothing else. Its trick is the dullest one: list what local clocks show at each
minute of UTC, and look for the first minute that fits. Instants are whole minutes since 1970;
readings are local minutes since 1970, so ``reading // 1440`` is a local date.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY = 1440
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DATE = date(1970, 1, 1)


def minute(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(minutes=1)


def instant(at: int) -> datetime:
    return EPOCH + timedelta(minutes=at)


def number(day: date) -> int:
    return (day - EPOCH_DATE).days


def minutes_of(hour: time) -> int:
    return DAY if hour == time.max else hour.hour * 60 + hour.minute


@cache
def shown(zone: ZoneInfo, utc_day: int) -> range | list[int]:
    """Return what the local clock shows at each minute of one day of UTC."""

    def offset(at: int) -> int:
        local = instant(at).astimezone(zone).utcoffset()
        assert local is not None
        return local // timedelta(minutes=1)

    start = utc_day * DAY
    marks = [offset(at) for at in range(start, start + DAY + 1, 60)]
    if len(set(marks)) == 1:
        return range(start + marks[0], start + marks[0] + DAY)
    found: list[int] = []
    for hour in range(24):
        minutes = range(start + hour * 60, start + hour * 60 + 60)
        quiet = marks[hour] == marks[hour + 1]  # no zone changes twice within an hour
        found += [at + (marks[hour] if quiet else offset(at)) for at in minutes]
    return found


def reading(zone: ZoneInfo, at: int) -> int:
    return shown(zone, at // DAY)[at % DAY]


@cache
def first_showing(zone: ZoneInfo, wanted: int, after: int | None = None) -> int:
    """Return the first minute whose reading is ``wanted`` or later.

    No zone is further than 14 hours from UTC, so 16 hours earlier it was certainly not yet shown.
    With ``after``, minutes up to and including it are not looked at.
    """
    at = wanted - 16 * 60 if after is None else after + 1
    while True:
        for later, seen in enumerate(shown(zone, at // DAY)[at % DAY :], at):
            if seen >= wanted:
                return later
        at = (at // DAY + 1) * DAY


def comes(zone: ZoneInfo, day: int) -> bool:
    """Return whether any minute shows this local date."""
    return reading(zone, first_showing(zone, day * DAY)) // DAY == day


def open_minutes(window: object, zone: ZoneInfo, day: int) -> range:
    """Return the minutes at which the opening that belongs to ``day`` is open."""
    the_date = EPOCH_DATE + timedelta(days=day)
    if the_date.weekday() not in window.weekdays or the_date in window.skip:
        return range(0)
    if not comes(zone, day):
        return range(0)
    start, end = minutes_of(window.start), minutes_of(window.end)
    length = end - start if end > start else end - start + DAY
    opens = first_showing(zone, day * DAY + start)
    closes = first_showing(zone, day * DAY + start + length)
    return range(opens, closes) if closes > opens else range(opens, opens + length)


def is_open(window: object, zone: ZoneInfo, at: int) -> bool:
    day = reading(zone, at) // DAY
    return any(at in open_minutes(window, zone, near) for near in range(day - 3, day + 4))


def next_open(window: object, zone: ZoneInfo, at: int) -> int:
    """Return the first open minute from ``at`` on, looking at most a month ahead."""
    day = reading(zone, at) // DAY
    spans = [open_minutes(window, zone, near) for near in range(day - 3, day + 32)]
    return min(max(at, span.start) for span in spans if span and span[-1] >= at)


def usually_open(window: object, hour: time) -> bool:
    """Return whether the window covers ``hour`` on a day without a change, by trying two days."""
    start, end = minutes_of(window.start), minutes_of(window.end)
    length = end - start if end > start else end - start + DAY
    tried = minutes_of(hour)
    return tried in range(start, start + length) or tried + DAY in range(start, start + length)


def target(cadence: object, day: int) -> int:
    """Return the local date on which the next step may be done, one date at a time."""
    kind = type(cadence).__name__
    if kind == "AtOnce":
        return day
    left = 1 if kind == "Weekly" else cadence.count
    while left:
        day += 1
        weekday = (EPOCH_DATE + timedelta(days=day)).weekday()
        if kind == "Days" or (kind == "Weekdays" and weekday < 5):
            left -= 1
        elif kind == "Weekly" and weekday == cadence.weekday:
            left = 0
    return day


def due(
    cadence: object,
    last: datetime,
    zone: ZoneInfo,
    hour: time,
    window: object,
    not_before: date | None = None,
) -> datetime:
    """Return when the next step falls due."""
    done = minute(last)
    today = reading(zone, done) // DAY
    wish = number(not_before) if not_before else today
    if type(cadence).__name__ == "AtOnce" and wish <= today:
        return last
    goal = max(target(cadence, today), wish)
    for day in range(goal, goal + 60):
        at = on_day(day, done, zone, window, hour if day == goal else later_hour(window, hour))
        if at is not None:
            return instant(at)
    raise AssertionError("no opening in 60 days; make the example smaller")


def later_hour(window: object, hour: time) -> time:
    return hour if usually_open(window, hour) else window.start


def on_day(day: int, done: int, zone: ZoneInfo, window: object, hour: time) -> int | None:
    """Return the first open minute of this date at or after the hour, later than ``done``."""
    if not comes(zone, day):
        return None
    at = first_showing(zone, day * DAY + minutes_of(hour))
    if at <= done:
        at = first_showing(zone, day * DAY + minutes_of(hour), done)
    if is_open(window, zone, at):
        return at
    span = open_minutes(window, zone, day)
    return span.start if span and span.start >= at else None
