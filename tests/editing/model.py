"""What must happen to each person, by a second reading of design.md: no code of ``bypost`` in it.

Instants are whole minutes since 1970, as in ``tests/scheduler/oracle.py``, which finds openings by
counting the minutes that local clocks show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.editing.order import AtOnce, Book, Delay, Draft, Hours, Lesson
from tests.scheduler import oracle

_LATE = 24 * 60
_FAR = 100


@dataclass
class Person:
    """One run of one person.

    Attributes:
        had: Lesson -> when it came.
        owed: Lesson -> when it was written down; the mail may leave later.
        floor: Until when it was put off: nobody looks before, and nothing counts as late by then.
        counts_from: The last lesson counts as had then.
    """

    number: int
    zone: ZoneInfo
    started: int
    hour: time | None = None
    begins_with: str = ""
    had: dict[str, int] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    status: str = "active"
    through: bool = False
    paused: int | None = None
    pace: Delay | None = None
    asked: bool = False
    keeps: bool = False
    counts_from: int | None = None
    floor: int | None = None

    @property
    def last(self) -> int:
        """Return since when the next lesson is waited for."""
        last = max(self.had.values(), default=self.started)
        return max(last, self.counts_from or last)

    def day(self, at: int) -> date:
        return oracle.EPOCH_DATE + timedelta(days=oracle.reading(self.zone, at) // oracle.DAY)


@dataclass
class Hold:
    """What an operator keeps back.

    Attributes:
        until: It is over by itself then; None: when somebody ends it.
    """

    until: int | None = None
    ended: int | None = None

    def over(self, now: int) -> int | None:
        """Return since when it is over; None while it is on."""
        ends = [at for at in (self.until, self.ended) if at is not None and at <= now]
        return min(ends, default=None)


@dataclass(frozen=True)
class Mail:
    """A lesson that goes out."""

    person: int
    lesson: str
    text: int


class Model:
    """A course with its people."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.book = Book.first(draft)
        self.people: dict[int, Person] = {}
        self._leaving: list[tuple[Person, str]] = []
        self.holds: dict[int | None, list[Hold]] = {}  # of the course (None) and of people
        self.broken = False  # a file of the course cannot be read: all of it waits

    # What happens

    def publish(self, now: int) -> None:
        """Take over what the files say, as far as that goes without anybody's word."""
        if self.broken:
            return
        if self.draft.structure() == self.book.draft.structure() or self.inside():
            self.book = self.book.with_texts(self.draft)
        else:
            self.book = Book.first(self.draft)

    def inside(self) -> list[Person]:
        return [one for one in self.people.values() if one.status != "left"]

    def apply(self, now: int) -> list[Mail]:
        """Let the files hold. What was due by the old rules goes out by them."""
        due = []
        for person in self.free(now):
            lesson, at = self._look(person, now)
            if lesson is None:
                person.status, person.through = "finished", True
            elif at == now:
                due.append(self._send(person, lesson, now))
                self._leaving.append((person, lesson.id))
        self.book = self.book.changed_to(self.draft, now)
        for person in self.inside():
            if person.status == "finished" and self._next(person, now):
                person.status = "active"
            person.floor = None
        return due

    def run(self, now: int) -> list[Mail]:
        """Make a pass."""
        self.publish(now)
        sent: list[Mail] = []
        for person, left in self._leaving:
            # Whoever has a mail on its way is looked at again a minute later.
            person.had[left], person.floor = now, now + 1
        self._leaving.clear()
        if self.broken:
            return sent
        for person in self.free(now):
            while True:
                lesson, at = self._look(person, now)
                if lesson is None:
                    person.status, person.through = "finished", True
                elif at <= now:
                    sent.append(self._send(person, lesson, now))
                    continue
                break
        return sent

    def active(self) -> Iterator[Person]:
        return (one for one in self.people.values() if one.status == "active")

    def free(self, now: int) -> list[Person]:
        """Return the people of whom something may come, if it is time."""
        if self.held(None, now):
            return []
        people = [one for one in self.active() if not self._endless(one, now)]
        return [one for one in people if one.floor is None or one.floor <= now]

    def _endless(self, person: Person, now: int) -> bool:
        hold = self.held(person.number, now)
        return hold is not None and hold.until is None

    def held(self, whom: int | None, now: int) -> Hold | None:
        """Return what keeps the course or somebody back."""
        return next((one for one in self.holds.get(whom, ()) if one.over(now) is None), None)

    def _went_on(self, person: Person, now: int) -> int | None:
        """Return when a hold of theirs was over, the last time."""
        both = [*self.holds.get(None, ()), *self.holds.get(person.number, ())]
        return max((at for one in both if (at := one.over(now)) is not None), default=None)

    def next_for(self, person: Person, now: int) -> tuple[Lesson, int] | None:
        """Return what comes next and when."""
        if person.status != "active" or self.held(None, now) or self._endless(person, now):
            return None
        one = replace(person, had=dict(person.had), owed=dict(person.owed))
        at = max(now, person.floor or now)
        for _ in range(_FAR):
            lesson, then = self._look(one, at)
            if lesson is None:
                return None
            if then <= at:
                return lesson, at
            at = then
        raise AssertionError("it is put off for ever")

    # The rules

    def _next(self, person: Person, now: int) -> Lesson | None:
        def day_of(lesson: Lesson) -> date:
            due = now if person.asked else self._due(person, lesson)
            return person.day(max(now, due))

        return self.book.coming(person.owed, person.begins_with, person.through, day_of)

    def _look(self, person: Person, now: int) -> tuple[Lesson | None, int]:
        """Return what comes next, and when it goes or when to look again."""
        lesson = self._next(person, now)
        if lesson is None:
            return None, now
        at = self._when(person, lesson, now)
        if at > now:
            person.floor, person.asked = at, False
        return lesson, at

    def _when(self, person: Person, lesson: Lesson, now: int) -> int:
        hold = self.held(person.number, now)
        paused = max(person.paused or 0, (hold and hold.until) or 0)
        if paused > now:
            return self._opening(person, lesson, paused)
        went_on = self._went_on(person, now)
        if person.asked and went_on is not None and (person.floor or 0) <= went_on:
            person.asked = False  # asked for while nothing could go out
        if person.asked:
            return now
        due = self._due(person, lesson)
        if due > now:
            return due
        due = max(due, person.floor or due)
        stops = [at for at in (self.book.changed, went_on) if at is not None and due < at]
        if stops:
            due = self._opening(person, lesson, max(stops))
            if due > now:
                return due
        if isinstance(self._delay(person, lesson), AtOnce):
            return now
        hours = self._hours(person, lesson)
        if now - due <= _LATE and oracle.is_open(hours, person.zone, now):
            return now
        return self._opening(person, lesson, now)

    def _send(self, person: Person, lesson: Lesson, now: int) -> Mail:
        counts_from = None
        if person.asked and person.keeps:
            counts_from = max(self._due(person, lesson), person.paused or 0)
        person.counts_from = counts_from if counts_from and counts_from > now else None
        person.had[lesson.id] = person.owed[lesson.id] = now
        person.asked, person.floor = False, None
        return Mail(person.number, lesson.id, lesson.text)

    def _delay(self, person: Person, lesson: Lesson) -> Delay:
        own = person.pace
        return lesson.delay if own is None or isinstance(lesson.delay, AtOnce) else own

    def _hours(self, person: Person, lesson: Lesson) -> Hours:
        hours = lesson.hours or self.book.draft.hours
        return hours.whenever() if person.hour else hours

    def _due(self, person: Person, lesson: Lesson) -> int:
        return _due(
            self._delay(person, lesson),
            person.last,
            person.zone,
            person.hour or self.book.draft.hour,
            self._hours(person, lesson),
            lesson.not_before,
        )

    def _opening(self, person: Person, lesson: Lesson, after: int) -> int:
        """Return the first opening at the person's hour, from ``after`` on."""
        hour = person.hour or self.book.draft.hour
        return _opening(self._hours(person, lesson), person.zone, hour, after)


@cache
def _due(
    delay: Delay, last: int, zone: ZoneInfo, hour: time, hours: Hours, not_before: date | None
) -> int:
    return oracle.minute(oracle.due(delay, oracle.instant(last), zone, hour, hours, not_before))


@cache
def _opening(hours: Hours, zone: ZoneInfo, hour: time, after: int) -> int:
    today = oracle.reading(zone, after) // oracle.DAY
    passed = oracle.reading(zone, after) % oracle.DAY > oracle.minutes_of(hour)
    first = today + passed
    for day in range(first, first + 60):
        wanted = hour if day == first else oracle.later_hour(hours, hour)
        at = oracle.on_day(day, after - 1, zone, hours, wanted)
        if at is not None:
            return max(at, after)
    raise AssertionError("no opening in 60 days; make the example smaller")
