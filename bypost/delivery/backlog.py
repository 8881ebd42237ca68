"""Mails against what a provider allows: hour by hour, what leaves and what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from scheduler.pacing import Rate

HOUR = timedelta(hours=1)
#: Days after the last one looked at that a backlog is followed.
_LONGEST = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of UTC.

    Attributes:
        due: Mails that fall due in it.
        leaves: Mails that can leave in it, those of before among them.
        waiting: Mails that are due and cannot leave by its end.
    """

    at: datetime
    due: int
    leaves: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the provider of new batches allows.

    Attributes:
        used_today: Mails of this UTC day that have left.
        batch: Mails in one request.
    """

    rate: Rate
    used_today: int
    batch: int

    def on(self, day: date, today: date) -> int | None:
        """Return how many mails may still leave on a day; None for any number."""
        limit = self.rate.limit_on(day)
        if limit is None:
            return None
        return max(0, limit - (self.used_today if day == today else 0))

    @property
    def an_hour(self) -> int | None:
        """Return how many mails requests of full size carry in an hour; None for any number."""
        if self.rate.per_second is None:
            return None
        return max(1, int(self.rate.per_second * HOUR.total_seconds() * self.batch))


def hours(
    due: Mapping[datetime, int], allowed: Allowed, *, now: datetime, until: datetime
) -> Iterator[Hour]:
    """Yield every hour from the present one to ``until``, and on while a backlog lasts.

    Args:
        due: Beginning of an hour -> mails that fall due in it.
    """
    today, at = now.astimezone(UTC).date(), floor(now)
    waiting, left_on, left = 0, today, allowed.on(today, today)
    end = until + timedelta(days=_LONGEST)
    while at < until or (waiting and at < end):
        if at.date() != left_on:
            left_on = at.date()
            left = allowed.on(left_on, today)
        number = due.get(at, 0)
        room = min((most for most in (allowed.an_hour, left) if most is not None), default=None)
        leaves = waiting + number if room is None else min(waiting + number, room)
        left = None if left is None else left - leaves
        waiting += number - leaves
        yield Hour(at=at, due=number, leaves=leaves, waiting=waiting)
        at += HOUR


def floor(at: datetime) -> datetime:
    """Return the beginning of an hour of UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
