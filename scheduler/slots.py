"""When the next step falls due, for many people at once.

Of those who keep the same hours in the same zone, everybody whose last step fell on the same local
date is due at the same instant. So :func:`scheduler.cadence.due_at` is asked once for each local
date, and whoever comes after finds the date by a look into what is kept of that day of UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.cadence import AtOnce, Cadence, due_at
from scheduler.wall import to_utc
from scheduler.window import Window

_DAY, _SECOND, _MICROSECOND = timedelta(days=1), timedelta(seconds=1), timedelta(microseconds=1)
#: Days of UTC that are kept, each for one zone and hour: 20 MB at most.
_KEPT = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """The answers of ``due_at`` for people of one zone, hour and rhythm.

    They are those of ``due_at`` for every ``last``, and a hundred times as cheap; the arguments
    are described there. Take it from :func:`slots_by_clock`, which makes each only once.
    """

    cadence: Cadence
    zone: ZoneInfo
    hour: time
    window: Window
    not_before: date | None = None
    _at_once: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        at_once = isinstance(self.cadence, AtOnce) and self.not_before is None
        object.__setattr__(self, "_at_once", at_once)

    def due(self, last: datetime) -> datetime:
        """Return the instant at which the step after ``last`` falls due, in UTC.

        Raises:
            ValueError: The window does not open within 370 days, or ``last`` carries no time zone.
        """
        if last.tzinfo is not UTC:
            last = to_utc(last)
        if self._at_once:
            return last
        turn, before, after = _of_day(self, last.toordinal())
        due = before if last < turn else after
        return self._asked(last) if due is None else due

    def _asked(self, last: datetime) -> datetime:
        return due_at(
            self.cadence,
            last=last,
            zone=self.zone,
            hour=self.hour,
            window=self.window,
            not_before=self.not_before,
        )

    def _constant(self, start: datetime, end: datetime) -> datetime | None:
        """Return what everybody is due whose last step was in [start, end), on one local date.

        None: it has to be asked for each of them. So where the step follows at once; where clocks
        go back across midnight, so that some were done after the date's first minutes; and where
        the window stays shut, which is an error for those who ask.
        """
        try:
            due = self._asked(start)
        except ValueError:
            return None
        return due if due >= end and self._asked(end - _MICROSECOND) == due else None


class SlotsByClock(dict[tuple[ZoneInfo, time], Slots]):
    """The slots of one rhythm by zone and hour, made as they are asked for.

    One look-up for each person: rhythm and window are read once for all of them.
    """

    def __init__(self, cadence: Cadence, window: Window, not_before: date | None) -> None:
        super().__init__()
        self._rhythm = (cadence, window, not_before)

    def __missing__(self, clock: tuple[ZoneInfo, time]) -> Slots:
        cadence, window, not_before = self._rhythm
        found = self[clock] = Slots(cadence, *clock, window, not_before)
        return found


@lru_cache(maxsize=256)
def slots_by_clock(
    cadence: Cadence, window: Window, not_before: date | None = None
) -> SlotsByClock:
    """Return the slots of a rhythm, shared by all who ask; the arguments are those of ``due_at``.

    Ask once for a rhythm, not for each person: to look up a window costs more than all the rest.
    """
    return SlotsByClock(cadence, window, not_before)


@lru_cache(maxsize=_KEPT)
def _of_day(slots: Slots, ordinal: int) -> tuple[datetime, datetime | None, datetime | None]:
    """Return an instant of a day of UTC, and what is due after what was done before it, or since.

    None in place of what is due: it has to be asked for each.
    """
    starts = _dates(slots.zone, ordinal)
    ends = (*starts[1:], starts[0] + _DAY)
    dues = [slots._constant(start, end) for start, end in zip(starts, ends, strict=True)]  # noqa: SLF001 - of this module
    turns = [place for place in range(1, len(dues)) if dues[place] != dues[place - 1]]
    if len(turns) > 1:  # clocks go back across midnight
        return starts[0], None, None
    return starts[turns[0] if turns else 0], dues[0], dues[-1]


@lru_cache(maxsize=_KEPT)
def _dates(zone: ZoneInfo, ordinal: int) -> tuple[datetime, ...]:
    """Return the beginning of a day of UTC and the instants in it at which a local date begins.

    An instant at which clocks change counts as one.
    """
    start = datetime.combine(date.fromordinal(ordinal), time(), UTC)
    change = _change(zone, start, start + _DAY)
    parts = [start] if change is None else [start, change]
    ends = [*parts[1:], start + _DAY]
    return tuple(
        at for part, end in zip(parts, ends, strict=True) for at in _split(zone, part, end)
    )


def _split(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield ``start``, and local midnight if it comes before ``end``; no clocks change between."""
    yield start
    local = start.astimezone(zone).replace(tzinfo=None)
    midnight = start + (datetime.combine(local + _DAY, time()) - local)
    if midnight < end:
        yield midnight


def _change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """Return when clocks change in (start, end), a day; no zone ever changed twice in one."""
    before, after = _offset(zone, start), _offset(zone, end)
    if before == after:
        return None
    low, high = 0, (end - start) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, start + middle * _SECOND) == before:
            low = middle
        else:
            high = middle
    return start + high * _SECOND


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
