"""The order of a course as people stand in it: a second reading of the rules, from the words alone.

A course is a row of slots. A lesson that was taken out leaves its slot behind, empty; one that was
moved leaves one at its old place, for those who had it there. So nobody's place changes by what
the author does to lessons they had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from itertools import combinations


@dataclass(frozen=True)
class AtOnce:
    """Named as the rule is, as the minute counter of ``tests/scheduler/oracle.py`` wants it."""


@dataclass(frozen=True)
class Days:
    count: int


@dataclass(frozen=True)
class Weekdays:
    count: int


@dataclass(frozen=True)
class Weekly:
    weekday: int


Delay = AtOnce | Days | Weekdays | Weekly
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def said(delay: Delay) -> str:
    """Return a delay as an author writes it."""
    match delay:
        case AtOnce():
            return "at once"
        case Days(count):
            return f"{count} days"
        case Weekdays(count):
            return f"{count} weekdays"
        case Weekly(weekday):
            return f"weekly on {_DAY_NAMES[weekday]}"


@dataclass(frozen=True)
class Hours:
    """A window: ``time.max`` as its end is midnight."""

    start: time = time(0)
    end: time = time.max
    weekdays: frozenset[int] = frozenset(range(7))
    skip: frozenset[date] = frozenset()

    def whenever(self) -> Hours:
        """Return the same days without hours."""
        return replace(self, start=time(0), end=time.max)


@dataclass(frozen=True)
class Lesson:
    """One lesson as its file has it; ``text`` is the version of its text."""

    id: str
    delay: Delay
    hours: Hours | None = None
    policy: str = ""
    not_before: date | None = None
    expires: date | None = None
    text: int = 0
    file: str = ""


DayOf = Callable[[Lesson], date]


@dataclass(frozen=True)
class Draft:
    """What the files say."""

    lessons: tuple[Lesson, ...]
    hour: time = time(9)
    hours: Hours = field(default_factory=lambda: Hours(time(7), time(21)))

    @property
    def ids(self) -> list[str]:
        return [lesson.id for lesson in self.lessons]

    def structure(self) -> object:
        """Return all but the texts and the names of files."""
        return self.hour, self.hours, [replace(one, text=0, file="") for one in self.lessons]


@dataclass(frozen=True)
class Slot:
    """A place in the course.

    Attributes:
        empty: The lesson is not sent from here any more.
        until: Only those who had it before this minute stand here; None: everybody.
    """

    lesson: Lesson
    empty: bool = False
    until: int | None = None


@dataclass(frozen=True)
class Book:
    """A course as it holds.

    Attributes:
        changed: Minute of the last change that people were in.
    """

    draft: Draft
    slots: tuple[Slot, ...]
    changed: int | None = None

    @classmethod
    def first(cls, draft: Draft) -> Book:
        return cls(draft, tuple(map(Slot, draft.lessons)))

    def with_texts(self, draft: Draft) -> Book:
        """Take over what may be taken over at any time."""
        new = {one.id: one for one in draft.lessons}

        def told(one: Lesson) -> Lesson:
            found = new.get(one.id, one)
            return replace(one, text=found.text, file=found.file)

        slots = [one if one.empty else replace(one, lesson=told(one.lesson)) for one in self.slots]
        return replace(
            self,
            draft=replace(self.draft, lessons=tuple(map(told, self.draft.lessons))),
            slots=tuple(slots),
        )

    def changed_to(self, draft: Draft, now: int) -> Book:
        """Take over everything while people are in the course."""
        here = [one.lesson.id for one in self.slots if not one.empty]
        stays = stay(here, draft.ids)
        slots = list(map(Slot, draft.lessons))
        behind = 0
        for old in self.slots:
            if not old.empty and old.lesson.id in stays:
                behind = 1 + next(
                    number
                    for number, one in enumerate(slots)
                    if not one.empty and one.lesson.id == old.lesson.id
                )
                continue
            comes_back = old.until is None and old.lesson.id in draft.ids
            left = replace(old, empty=True, until=now if comes_back else old.until)
            slots.insert(behind, left)
            behind += 1
        return Book(draft, tuple(slots), now)

    def place(self, lesson: str, had_at: int) -> int:
        """Return where somebody stands by a lesson they had then."""
        old = [
            (one.until, number)
            for number, one in enumerate(self.slots)
            if one.lesson.id == lesson and one.until is not None and had_at <= one.until
        ]
        if old:
            return min(old)[1]
        return next(
            (
                n
                for n, one in enumerate(self.slots)
                if one.lesson.id == lesson and one.until is None
            ),
            -1,
        )

    def coming(
        self, had: Mapping[str, int], begins_with: str, through: bool, day_of: DayOf
    ) -> Lesson | None:
        """Return what comes next for somebody.

        Args:
            day_of: Tells the day on which a lesson would come, if it were the next.
        """
        begin = self.begin(had, begins_with)
        stands = max([begin - 1, *(self.place(one, at) for one, at in had.items())])
        if through:
            stands = len(self.slots)
        behind: list[Lesson] = []
        ahead: list[Lesson] = []
        for number, slot in enumerate(self.slots):
            one = slot.lesson
            if slot.empty or one.id in had or number < begin:
                continue
            if one.expires and one.expires <= day_of(one):
                continue
            (behind if number < stands else ahead).append(one)
        urgent = [one for one in behind if one.policy == "next"]
        later = [one for one in behind if one.policy == "at_end"]
        return next(iter([*urgent, *ahead, *later]), None)

    def begin(self, had: Mapping[str, int], begins_with: str) -> int:
        """Return the first place that is theirs."""
        if not begins_with:
            return 0
        return max(0, self.place(begins_with, had.get(begins_with, 2**62)))


def stay(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """Return the lessons that did not move: as many as possible, rather earlier ones of ``new``."""
    both = [one for one in new if one in old]
    for many in range(len(both), 0, -1):
        for some in combinations(both, many):
            places = [old.index(one) for one in some]
            if places == sorted(places):
                return set(some)
    return set()
