"""Where clocks change: the instants at which time rules go wrong, and inputs that aim at them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from scheduler.cadence import AtOnce, Cadence, Days, Weekdays, Weekly
from scheduler.window import END_OF_DAY, Window

#: Chosen for their oddities: changes of 30 minutes, 20 minutes, 2 and 3 hours and whole days;
#: changes at midnight, at 00:01 and at 23:30; summer time by the moon; the edges of the day.
ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun", "America/Asuncion",
        "America/Caracas", "America/Havana", "America/Los_Angeles", "America/New_York",
        "America/Nuuk", "America/Santiago", "America/Sao_Paulo", "America/Scoresbysund",
        "America/St_Johns", "Antarctica/Casey", "Antarctica/Troll", "Asia/Amman", "Asia/Beirut",
        "Asia/Gaza", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang", "Asia/Tehran",
        "Atlantic/Azores", "Australia/Lord_Howe", "Australia/Sydney", "Europe/Berlin",
        "Europe/Dublin", "Europe/London", "Europe/Moscow", "Pacific/Apia", "Pacific/Auckland",
        "Pacific/Bougainville", "Pacific/Chatham", "Pacific/Easter", "Pacific/Kiritimati",
        "Pacific/Kwajalein", "Pacific/Norfolk", "UTC",
    )
)  # fmt: skip

FIRST_YEAR, LAST_YEAR = 1990, 2037
_STRIDE = timedelta(days=9)


def changes(zone: ZoneInfo, first: int = FIRST_YEAR, last: int = LAST_YEAR) -> Iterator[datetime]:
    """Yield the instants in these years at which the offset of ``zone`` changes."""
    here = datetime(first, 1, 1, tzinfo=UTC)
    end = datetime(last + 1, 1, 1, tzinfo=UTC)
    while here < end:
        there = here + _STRIDE
        if offset(here, zone) != offset(there, zone):
            yield halve(here, there, zone)
        here = there


def offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    return found


def halve(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the first minute in (low, high] with the offset that ``high`` has."""
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) // timedelta(minutes=2) * timedelta(minutes=1)
        if offset(middle, zone) == offset(high, zone):
            high = middle
        else:
            low = middle
    return high


@cache
def all_changes() -> tuple[tuple[ZoneInfo, datetime], ...]:
    return tuple((zone, instant) for zone in ZONES for instant in changes(zone))


def hours(near: int) -> st.SearchStrategy[time]:
    """Return local hours, most of them within two hours of the minute of the day ``near``."""
    around = st.integers(-120, 120).map(lambda shift: (near + shift) % 1440)
    return st.one_of(around, around, st.integers(0, 1439)).map(lambda m: time(m // 60, m % 60))


@st.composite
def windows(draw: st.DrawFn, near: int, day: date) -> Window:
    start, end = draw(hours(near)), draw(st.one_of(hours(near), st.just(END_OF_DAY)))
    if start == end:
        end = END_OF_DAY
    weekdays = draw(st.frozensets(st.integers(0, 6), min_size=1))
    shifts = draw(st.frozensets(st.integers(-2, 5), max_size=3))
    return Window(start, end, weekdays, frozenset(day + timedelta(days=s) for s in shifts))


cadences: st.SearchStrategy[Cadence] = st.one_of(
    st.just(AtOnce()),
    st.integers(1, 4).map(Days),
    st.integers(1, 4).map(Weekdays),
    st.integers(0, 6).map(Weekly),
)


@st.composite
def changes_of_clocks(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, int]:
    """Draw a zone, one of its changes, and the local minute of the day at which it happens."""
    zone, instant = draw(st.sampled_from(all_changes()))
    local = (instant - timedelta(minutes=1)).astimezone(zone)
    return zone, instant, (local.hour * 60 + local.minute + 1) % 1440
