"""Collision rules: how many mails one person has room for, and which goes first.

Lessons and issues are counted by the local date on which they were accepted, or on which they may
leave. A mail for which there is no room waits for the next day that has some; for an issue that
ends after a week. All of it is decided here, by pure functions; :mod:`bypost.delivery.room` reads
what they need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bypost.delivery.due import Run, Wait, decide
from bypost.delivery.shape import Shape
from bypost.model.quantity import quantity
from bypost.settings.model import Caps
from scheduler.wall import instant_of

#: The days of ``per_week``.
WEEK = 7
#: Why an issue is filed that found no room.
NO_ROOM = "no room within a week"
#: Looks for a day with room; each is a day later at least.
_MOST_LOOKS = 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """A mail waits.

    Attributes:
        until: When it goes, as far as is known today; it is decided anew then.
        words: Why, for people.
    """

    until: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Filed:
    """An issue is not sent to this person any more."""

    words: str


@lru_cache(maxsize=65_536)
def _date(at: datetime, zone: ZoneInfo) -> date:
    """Return the local date; many mails share an instant."""
    return at.astimezone(zone).date()


@dataclass(slots=True)
class Diary:
    """The mails of one person by local date.

    Attributes:
        zone: In which their days are counted.
    """

    caps: Caps
    zone: ZoneInfo
    count: dict[date, int] = field(default_factory=dict)

    def day(self, at: datetime) -> date:
        """Return the date on which a mail at an instant counts."""
        return _date(at, self.zone)

    def take(self, at: datetime) -> None:
        """Count one more mail."""
        day = self.day(at)
        self.count[day] = self.count.get(day, 0) + 1

    def copy(self) -> Diary:
        """Return one that can be filled without changing this one."""
        return Diary(self.caps, self.zone, self.count.copy())

    def full(self, day: date, more: int = 1) -> str:
        """Return which cap ``more`` mails on a day would break; empty where there is room."""
        caps = self.caps
        if caps.per_day is not None and self.count.get(day, 0) + more > caps.per_day:
            return f"at most {quantity(caps.per_day, 'mail')} a day"
        if caps.per_week is not None and self._fullest_week(day) + more > caps.per_week:
            return f"at most {quantity(caps.per_week, 'mail')} in {WEEK} days"
        return ""

    def _fullest_week(self, day: date) -> int:
        """Return the most mails of any seven days with ``day`` among them."""
        near = {at: number for at, number in self.count.items() if abs((at - day).days) < WEEK}
        last = max((at for at in near if at > day), default=day)
        return max(
            sum(number for at, number in near.items() if 0 <= (end - at).days < WEEK)
            for end in (day + _DAY * ahead for ahead in range((last - day).days + 1))
        )

    def next_free(self, day: date) -> date:
        """Return the first day after ``day`` on which there is room."""
        day += _DAY
        while self.full(day):
            day += _DAY
        return day

    def begins(self, day: date) -> datetime:
        """Return the instant at which a day begins."""
        return instant_of(datetime.combine(day, time()), self.zone)


def lesson(diary: Diary, shape: Shape, run: Run, *, at: datetime, late: timedelta) -> Held | None:
    """Return until when a lesson waits that would be owed at ``at``; None if there is room.

    Args:
        diary: What was had, and what goes first.
    """
    if run.asked or not (words := diary.full(diary.day(at))):
        return None
    until, day = at, diary.day(at)
    for _ in range(_MOST_LOOKS):
        # As after a pause until that day: at the person's hour, in the window.
        begins = diary.begins(diary.next_free(day))
        waiting = replace(run, paused_until=max(begins, run.paused_until or begins))
        decision = decide(shape, waiting, now=at, late=late)
        until = decision.until if isinstance(decision, Wait) else begins
        day = diary.day(until)
        if not diary.full(day):
            break
    return Held(until, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """When an issue can go out to one person.

    Attributes:
        since: When its own time came.
        hour: The hour at which it goes on another day.
        home: The zone in which that hour is meant.
        not_before: The first day on which it may, for a reason other than room; None for any.
        after: The day of an earlier issue of the same newsletter that waits as well.
    """

    since: datetime
    hour: time
    home: ZoneInfo
    not_before: date | None = None
    after: date | None = None

    def on(self, day: date) -> datetime:
        """Return the instant of its hour on a day of its own zone."""
        return instant_of(datetime.combine(day, self.hour), self.home)


def issue(
    diary: Diary, outlet: Outlet, *, now: datetime, too_late: bool = False
) -> Held | Filed | None:
    """Return what becomes of an issue whose time has come; None: it goes now.

    Args:
        diary: What was had, and what goes first.
        too_late: Its hour is over; it can only go on another day.
    """
    first = diary.day(outlet.since)
    last = max(first, outlet.not_before or first) + _DAY * WEEK
    words, latest = "nothing was sent at its hour" if too_late else "", None
    for at in _chances(outlet, now, diary.begins(last + _DAY), too_late=too_late):
        day = diary.day(at)
        why = _too_early(diary.caps, outlet, day) or diary.full(day)
        if not why:
            return None if at == now else Held(at, words)
        words = words or why
        latest = at
    if latest is None or latest <= now:
        return Filed(NO_ROOM)
    return Held(latest, words)


def _chances(outlet: Outlet, now: datetime, end: datetime, *, too_late: bool) -> Iterator[datetime]:
    """Yield the instants at which an issue could go, from now on and before ``end``."""
    if not too_late and now < end:
        yield now
    day = now.astimezone(outlet.home).date()
    while (at := outlet.on(day)) < end:
        if at > now and (too_late or day > now.astimezone(outlet.home).date()):
            yield at
        day += _DAY


def _too_early(caps: Caps, outlet: Outlet, day: date) -> str:
    if outlet.not_before is not None and day < outlet.not_before:
        first = quantity(caps.newsletters_wait_days, "day")
        return f"newsletters wait for the first {first} of a course"
    if outlet.after is not None and day < outlet.after:
        return "an earlier issue waits as well"
    return ""


def course_is_new_until(diary: Diary, started: Collection[datetime]) -> date | None:
    """Return the day from which issues go to somebody who began courses at these instants."""
    if not (diary.caps.newsletters_wait_days and started):
        return None
    return diary.day(max(started)) + _DAY * diary.caps.newsletters_wait_days
