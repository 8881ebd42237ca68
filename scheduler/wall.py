"""The clock on the wall: from a local reading to the instant at which it is first shown.

Two rules, used everywhere: a reading that is skipped when clocks go forward stands for the first
instant after the skip; one that occurs twice when they go back stands for the first of the two.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil, floor
from zoneinfo import ZoneInfo, available_timezones

_DAY = timedelta(days=1)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return the IANA name of every zone there is; looking for them takes 30 ms, so it is kept."""
    return frozenset(available_timezones())


def to_utc(instant: datetime) -> datetime:
    """Return ``instant`` in UTC.

    Raises:
        ValueError: It carries no time zone, so it names no instant.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; give an aware datetime")
    return instant.astimezone(UTC)


def instant_of(reading: datetime, zone: ZoneInfo, *, after: datetime | None = None) -> datetime:
    """Return the first instant at which clocks in ``zone`` show ``reading`` or later, in UTC.

    Args:
        reading: Local date and time, without a time zone.
        zone: Whose clocks.
        after: If the first of two occurrences is not later than this, take the second. Matters
            where clocks go back across midnight, as in St John's until 2011.
    """
    first = reading.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = reading.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first > second:  # PEP 495: only so inside a skip
        return _end_of_skip(reading, zone, second, first)
    return second if after is not None and first <= after else first


def happens(day: date, zone: ZoneInfo) -> bool:
    """Return whether clocks in ``zone`` ever show ``day``.

    Some days never came: Samoa went from 29 to 31 December 2011.
    """
    midnight = datetime.combine(day, time())
    return instant_of(midnight, zone) < instant_of(midnight + _DAY, zone)


def _end_of_skip(reading: datetime, zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Return the instant of the change that skips ``reading``; it lies after early, up to late.

    zoneinfo does not publish its changes, so this looks for the one whole second at which the
    local clock passes ``reading``.
    """
    seconds = range(floor(early.timestamp()), ceil(late.timestamp()) + 1)

    def shown(second: int) -> datetime:
        return datetime.fromtimestamp(second, zone).replace(tzinfo=None)

    return datetime.fromtimestamp(seconds[bisect_left(seconds, reading, key=shown)], UTC)
