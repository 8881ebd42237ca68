"""When people come: on weekdays more than on Sundays, at noon more than at night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from bypost.testing.fill.odds import DAY, WEEK

_HOUR = 3600
#: How much more people come on the last day than on the first.
_GROWTH = 0.6


def arrivals(count: int, days: int, now: datetime, chance: Random) -> Sequence[int]:
    """Return ``count`` instants within the last ``days`` days, in order, as seconds since 1970."""
    start = now - timedelta(days=days)
    hours = [start + timedelta(hours=hour) for hour in range(24 * days)]
    weights = [_weight(hour, at, days, chance) for hour, at in enumerate(hours)]
    begins = [int(at.astimezone(UTC).timestamp()) for at in hours]
    drawn = chance.choices(begins, weights, k=count)
    return sorted(begin + int(chance.random() * _HOUR) for begin in drawn)


def _weight(hour: int, at: datetime, days: int, chance: Random) -> float:
    """Return how many come in one hour, compared with others."""
    utc = at.astimezone(UTC)
    grown = 1 + _GROWTH * hour / (24 * days)
    return DAY[utc.hour] * WEEK[utc.weekday()] * grown * chance.uniform(0.85, 1.15)
