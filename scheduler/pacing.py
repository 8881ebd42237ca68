"""Pacing: so many calls a second and items a day, as "when is the next slot".

Pure arithmetic on a small value. Whoever shares a limit between workers keeps the
:class:`Budget` in one place and replaces it in the same transaction as the work it allows.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import ceil, floor, inf, log

from scheduler.wall import to_utc

#: Clocks of machines that share a budget may differ by so much. A budget from further ahead was
#: written before a clock stepped back.
SKEW = timedelta(minutes=1)

#: A longer pause is taken for the mark of a clock that was ahead; it is cut to the other.
LONGEST_PAUSE, PAUSE_AGAIN = timedelta(hours=24), timedelta(hours=1)

#: A ramp that grows more slowly is taken for a mistake: at 1 % a day, 50 become 100 in ten weeks.
SLOWEST_GROWTH = 1.01

#: A ramp that allows more than this in a day limits nothing any more.
_OVER = 1_000_000_000
_NO_WAIT = timedelta(0)
#: Filling a bucket adds many small floats; so much less than a whole token is still a token.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A daily limit that grows: ``growth`` times as many items each day, beginning with ``first``.

    Attributes:
        start: The first UTC day; before it, ``first`` is the limit too.
        first: Items on that day.
        growth: At least :data:`SLOWEST_GROWTH`.

    Raises:
        ValueError: It would never allow anything, or never grow.
    """

    start: date
    first: int
    growth: float

    def __post_init__(self) -> None:
        if self.first < 1:
            raise ValueError(f"a ramp from {self.first}; write a whole number above 0")
        if not SLOWEST_GROWTH <= self.growth < inf:
            raise ValueError(f"a ramp by {self.growth}; write a number from {SLOWEST_GROWTH}")

    def limit_on(self, day: date) -> int | None:
        """Return the items allowed on a UTC day, or None once the ramp is over."""
        days = max(0, (day - self.start).days)
        if days * log(self.growth) > log(_OVER / self.first):
            return None
        return floor(self.first * self.growth**days)


@dataclass(frozen=True, slots=True)
class Rate:
    """What the other side allows; None is no limit.

    Attributes:
        per_second: Calls in a second; 0.5 is one every two seconds.
        per_day: Items in a UTC day.
        ramp: A daily limit that grows; the lower of the two counts.

    Raises:
        ValueError: A limit is zero or less.
    """

    per_second: float | None = None
    per_day: int | None = None
    ramp: Ramp | None = None

    def __post_init__(self) -> None:
        if self.per_second is not None and not self.per_second > 0:
            raise ValueError(f"per_second is {self.per_second}; write a number above 0")
        if self.per_day is not None and self.per_day < 1:
            raise ValueError(f"per_day is {self.per_day}; write a whole number above 0")

    def limit_on(self, day: date) -> int | None:
        """Return the items allowed on a UTC day, or None without a limit that day."""
        grown = self.ramp.limit_on(day) if self.ramp else None
        return min((limit for limit in (self.per_day, grown) if limit is not None), default=None)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a :class:`Rate`.

    Attributes:
        tokens: Calls that could be made at ``updated_at``; below zero after a call larger than
            the bucket.
        updated_at: When ``tokens`` was true; None means the bucket is full.
        day: The UTC day that ``used_today`` counts.
        used_today: Items used on that day.
        paused_until: Nothing is granted before this instant.
    """

    tokens: float = 0.0
    updated_at: datetime | None = None
    day: date | None = None
    used_today: int = 0
    paused_until: datetime | None = None


def take(
    budget: Budget, rate: Rate, *, calls: int, items: int, now: datetime
) -> tuple[Budget, timedelta]:
    """Ask for a slot for ``calls`` calls that carry ``items`` items together.

    Calls come out of a bucket that holds one second's worth, at least one. A request for more
    calls than it holds is granted when it is full, and what follows waits the longer. A budget
    dated up to ``SKEW`` ahead of ``now`` is read as if it were already that instant.

    Args:
        budget: What is left.
        rate: What is allowed.
        calls: Counted against ``per_second``.
        items: Counted against ``per_day`` and the ramp.
        now: The present instant, aware.

    Returns:
        The new budget and zero if granted; the budget unchanged and how long to wait if not. The
        same request after exactly that wait is granted, if nobody else asked and nobody set the
        clock meanwhile.

    Raises:
        ValueError: ``items`` is more than a whole day allows, so no wait would help; or ``now``
            carries no time zone.
    """
    if rate.per_day is not None and items > rate.per_day:
        raise ValueError(
            f"{items} items at once never fit a limit of {rate.per_day} a day; "
            "ask for less or raise per_day"
        )
    present = to_utc(now)
    at = _instant(budget, present)
    used = _used(budget, at)
    tokens = _tokens(budget, rate, at)
    not_before = (
        budget.paused_until,
        _enough_tokens(tokens, rate, calls, at),
        _day_with_room(used, rate, items, at),
    )
    ready = max((instant for instant in not_before if instant is not None), default=present)
    if ready > present:
        return budget, ready - present
    granted = replace(
        budget,
        tokens=tokens - calls if rate.per_second is not None else 0.0,
        updated_at=at,
        day=at.date(),
        used_today=used + items,
    )
    return granted, _NO_WAIT


def remaining(budget: Budget, rate: Rate, *, now: datetime) -> int | None:
    """Return how many items the day still allows, or None without a limit that day."""
    at = _instant(budget, to_utc(now))
    limit = rate.limit_on(at.date())
    return None if limit is None else max(0, limit - _used(budget, at))


def pause(budget: Budget, until: datetime) -> Budget:
    """Return the budget with nothing granted before ``until``; a longer pause is kept."""
    end = to_utc(until)
    if budget.paused_until is not None:
        end = max(end, budget.paused_until)
    return replace(budget, paused_until=end)


def rewind(budget: Budget, *, now: datetime) -> Budget:
    """Return a budget written by a clock that was ahead as a right clock would have written it.

    Its own date tells by how much. A pause that nothing dates is cut to ``PAUSE_AGAIN`` where it
    is longer than anybody asks for. What is not from ahead is returned as it is.
    """
    present = to_utc(now)
    until = budget.paused_until
    if budget.updated_at is not None and budget.updated_at > present + SKEW:
        until = until and until - (budget.updated_at - present)
        day = budget.day and min(budget.day, present.date())
        budget = replace(budget, updated_at=present, day=day)
    if until is not None and until > present + LONGEST_PAUSE:
        until = present + PAUSE_AGAIN
    return replace(budget, paused_until=until)


def _instant(budget: Budget, now: datetime) -> datetime:
    if budget.updated_at is not None and now < budget.updated_at <= now + SKEW:
        return budget.updated_at
    return now


def _used(budget: Budget, at: datetime) -> int:
    return budget.used_today if budget.day == at.date() else 0


def _tokens(budget: Budget, rate: Rate, at: datetime) -> float:
    """Return the calls that could be made now; full if nothing can be said about it.

    That includes a clock that stepped back: waiting until it has caught up could take for ever,
    and a full bucket costs one second's worth of calls once.
    """
    if rate.per_second is None:
        return 0.0
    if budget.updated_at is None or budget.updated_at > at:
        return _capacity(rate.per_second)
    seconds = (at - budget.updated_at).total_seconds()
    return min(_capacity(rate.per_second), budget.tokens + seconds * rate.per_second)


def _capacity(per_second: float) -> float:
    return max(1.0, per_second)


def _enough_tokens(tokens: float, rate: Rate, calls: int, at: datetime) -> datetime | None:
    """Return when the bucket holds enough, None if it does; so for the day below."""
    if rate.per_second is None:
        return None
    missing = min(float(calls), _capacity(rate.per_second)) - tokens
    if missing <= _ROUNDING:
        return None
    return at + timedelta(microseconds=ceil(missing / rate.per_second * 1_000_000))


def _day_with_room(used: int, rate: Rate, items: int, at: datetime) -> datetime | None:
    """Return the first midnight after which the day has room, None if today has.

    A growing limit may need more than one day to become as large as the request.
    """
    day = at.date()
    limit = rate.limit_on(day)
    if limit is None or used + items <= limit:
        return None
    day += timedelta(days=1)
    if rate.ramp and items > rate.ramp.first:
        day = max(day, rate.ramp.start)
    while (limit := rate.limit_on(day)) is not None and items > limit:
        day += timedelta(days=1)
    return datetime.combine(day, time(), UTC)
