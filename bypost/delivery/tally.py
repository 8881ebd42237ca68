"""Counting what an edit means for each lesson: who gets it, who is past it, who would miss it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bypost.delivery.edit import Change, What
from bypost.delivery.foresee import Foreseen
from bypost.delivery.shape import Place, Shape, Step
from bypost.model.quantity import quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What becomes of one lesson, or of the course itself.

    Attributes:
        lesson: Its id; empty for the course itself.
        changes: What was edited of it; none where it is only touched by other changes.
        gets: People to whom it comes.
        had: People who had it.
        past: People in the course to whom it does not come, and who have not had it.
        finished: People who are through and to whom it does not come.
        waiting: People whose next lesson it was before.
        gained: People to whom it comes now, and did not before.
        brought_back: People among those who get it who were through.
        lost: People to whom it does not come any more, nor the one that stands in for it.
        passed: People in the course who are past its place, have not had it, and never get it.
        first: When the first person gets it, in their zone; None where nobody does.
    """

    lesson: str
    title: str
    changes: Sequence[Change] = ()
    gets: int = 0
    had: int = 0
    past: int = 0
    finished: int = 0
    waiting: int = 0
    gained: int = 0
    brought_back: int = 0
    lost: int = 0
    passed: int = 0
    first: datetime | None = None

    @property
    def kinds(self) -> set[What]:
        """Return what was done to it."""
        return {change.what for change in self.changes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """A lesson that people would miss, of which the author has not said so.

    Attributes:
        past: They are past its place; otherwise it would have come.
    """

    lesson: str
    title: str
    people: int
    past: bool

    def __str__(self) -> str:
        who = quantity(self.people, "person")
        if self.past:
            are = "is" if self.people == 1 else "are"
            return f"{who} {are} past “{self.title}” and would never get it"
        return f"“{self.title}” would not come any more to {who} to whom it was to come"


@dataclass(slots=True)
class _Count:
    gets: int = 0
    had: int = 0
    past: int = 0
    finished: int = 0
    waiting: int = 0
    gained: int = 0
    brought_back: int = 0
    lost: int = 0
    passed: int = 0
    first: datetime | None = None


@dataclass(slots=True)
class Tallies:
    """Counts over all people, lesson by lesson."""

    before: Shape
    after: Shape
    _counts: dict[str, _Count] = field(init=False)
    _old: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = [step.lesson for step in (*self.after.steps, *self.before.steps)]
        self._counts = {name: _Count() for name in names}
        self._old = frozenset(step.lesson for step in self.before.live)

    def count(
        self,
        status: str,
        zone: ZoneInfo,
        place: Place,
        old: Sequence[Foreseen],
        new: Sequence[Foreseen],
    ) -> None:
        """Count one person.

        Args:
            old, new: Every lesson that comes, before and after.
        """
        came = {one.step.lesson for one in old}
        comes = {one.step.lesson: one.at for one in new}
        for lesson, count in self._counts.items():
            if lesson in place.had:
                count.had += 1
            elif lesson in comes:
                count.gets += 1
                count.gained += lesson not in came
                count.brought_back += status == "finished"
                at = comes[lesson]
                if count.first is None or at < count.first:
                    count.first = at.astimezone(zone)
            elif status == "finished":
                count.finished += 1
            else:
                count.past += 1
                if lesson in came:
                    count.lost += not self._is_served(lesson, place, comes)
                elif lesson not in self._old and self._is_past(place, lesson):
                    count.passed += not self._is_served(lesson, place, comes)
        if old:
            self._counts[old[0].step.lesson].waiting += 1

    def effects(self, changes: Sequence[Change]) -> list[Effect]:
        """Return every change with what it does, and the lessons that they touch otherwise."""
        by_lesson: dict[str, list[Change]] = {}
        for change in changes:
            by_lesson.setdefault(change.lesson, []).append(change)
        for step in self.after.live:
            count = self._counts[step.lesson]
            if count.lost or count.gained:
                by_lesson.setdefault(step.lesson, [])
        return [self._effect(lesson, found) for lesson, found in by_lesson.items()]

    def risks(self, effects: Iterable[Effect]) -> list[Risk]:
        """Return what nobody has said yet: what of these people would miss."""
        live = {step.lesson: step for step in self.after.live}
        found = []
        for one in effects:
            step = live.get(one.lesson)
            if step is None or step.if_past is not None:
                continue
            is_new = one.lesson not in self._old
            people = one.passed if is_new else one.lost
            if people:
                found.append(Risk(lesson=one.lesson, title=one.title, people=people, past=is_new))
        return found

    def _effect(self, lesson: str, changes: Sequence[Change]) -> Effect:
        if not lesson:
            return Effect(lesson="", title=self.after.title, changes=changes)
        steps = (*self.after.steps, *self.before.steps)
        title = next(step.title for step in steps if step.lesson == lesson)
        count = self._counts[lesson]
        fields = {name: getattr(count, name) for name in _Count.__slots__}
        return Effect(lesson=lesson, title=title, changes=changes, **fields)

    def _is_served(self, lesson: str, place: Place, comes: dict[str, datetime]) -> bool:
        """Tell whether they had or get its stand-in, or the lesson it stands in for."""
        return any(
            other.lesson in place.had or other.lesson in comes
            for other in self.after.live
            if self._are_pair(other, lesson)
        )

    def _are_pair(self, other: Step, lesson: str) -> bool:
        own = next((step for step in self.after.live if step.lesson == lesson), None)
        return other.instead_of == lesson or (own is not None and own.instead_of == other.lesson)

    def _is_past(self, place: Place, lesson: str) -> bool:
        """Tell whether they are past its place; who began behind it never was before it."""
        names = [step.lesson for step in self.after.steps]
        first, _ = self.after.reach(place)
        return names.index(lesson) >= first and self.after.passed(place, lesson)
