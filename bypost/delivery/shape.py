"""The shape of a course as people go through it: steps, delays, windows, content hashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from bypost.model.course import Course, IfPast, Lesson
from scheduler.cadence import Cadence
from scheduler.season import Season
from scheduler.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One lesson of the shape.

    Attributes:
        if_past: For people past it who have not had it; None as SKIP.
        instead_of: The lesson whose place it takes while that one does not go out; or empty.
        retired: Removed from the course: it is sent to nobody, and keeps its place, so that those
            who had it stand where they stood.
        stands_for: The lesson that stood here until it was moved; its own name is one of nobody.
        until: Whoever was owed that lesson before stands here.
    """

    lesson: str
    title: str
    content_hash: str
    delay: Cadence
    window: Window | None = None
    not_before: date | None = None
    expires: date | None = None
    season: Season | None = None
    instead_of: str = ""
    if_past: IfPast | None = None
    retired: bool = False
    stands_for: str = ""
    until: datetime | None = None

    @property
    def is_dated(self) -> bool:
        """Tell whether the calendar decides if it goes out."""
        return bool(self.not_before or self.expires or self.season)

    def goes_out(self, on: date) -> bool:
        """Tell whether it is sent at all on a local date; ``not_before`` is waited for."""
        if self.retired or (self.expires and self.expires <= on):
            return False
        return self.season is None or on in self.season


#: Tells the local date on which a step would leave, but for its ``not_before``.
DayOf = Callable[[Step], date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where somebody is in a course.

    Attributes:
        had: Lessons that were accepted or given up, and when each fell due.
        begins_with: The lesson they began with: those before it are none of theirs; or empty.
        finished: They were through once: of what has come since they get what is meant for those
            who are past it.
    """

    had: Mapping[str, datetime]
    begins_with: str = ""
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A course as it was last taken over.

    Attributes:
        steps: In order, retired ones among them.
        reset_at: What fell due before, and did not go out by the rules of then, waits for the
            next opening: the course was edited or went on after a pause.
    """

    course: str
    title: str
    time_zone: str
    hour: time
    window: Window
    steps: tuple[Step, ...]
    at_least_once: bool = False
    most_a_day: int = 2
    reset_at: datetime | None = None

    @property
    def live(self) -> tuple[Step, ...]:
        """Return the steps that are part of the course."""
        return tuple(step for step in self.steps if not step.retired)

    def next_step(self, place: Place, on: date | DayOf) -> Step | None:
        """Return the step that comes next for somebody; None at the end.

        A lesson behind the furthest one they had comes only if it is for people past it
        (:class:`IfPast`). One that has expired or is out of season is left out, and another may
        stand in for it.

        Args:
            on: The local date on which it would leave; where that depends on the step, what tells
                it (:data:`DayOf`).
        """
        first, furthest = self.reach(place)
        at_end: Step | None = None
        for number, step in enumerate(self.steps[first:], first):
            if step.lesson in place.had or not self._is_open(step, place, on):
                continue
            if number < furthest and step.if_past is IfPast.NEXT:
                return step
            if number > furthest:
                return step
            if step.if_past is IfPast.AT_END:
                at_end = at_end or step
        return at_end

    def passed(self, place: Place, lesson: str) -> bool:
        """Tell whether somebody is past the place of a lesson."""
        first, furthest = self.reach(place)
        return self._number(lesson) < max(first, furthest)

    def reach(self, place: Place) -> tuple[int, int]:
        """Return the number of the first step that is theirs, and of the furthest they passed."""
        begun = place.had.get(place.begins_with)
        first = max(0, self._number(place.begins_with, begun)) if place.begins_with else 0
        if place.finished:
            return first, len(self.steps)
        stood = (self._number(name, owed_at) for name, owed_at in place.had.items())
        return first, max(stood, default=first - 1)

    def _number(self, lesson: str, owed_at: datetime | None = None) -> int:
        """Return where a lesson stands, or stood for those who were owed it then; -1: nowhere."""
        stood = [
            (step.until, n)
            for n, step in enumerate(self.steps)
            if step.stands_for == lesson and owed_at and step.until and owed_at < step.until
        ]
        if stood:
            return min(stood)[1]
        return next((n for n, step in enumerate(self.steps) if step.lesson == lesson), -1)

    def _is_open(self, step: Step, place: Place, on: date | DayOf) -> bool:
        pair = next((it for it in self.steps if it.lesson == step.instead_of), None)
        if pair is not None:  # it stands in for another
            free = pair.lesson not in place.had and not self._leaves(pair, on)
            return free and self._leaves(step, on)
        stand_ins = (it for it in self.steps if it.instead_of == step.lesson and not it.retired)
        return not any(it.lesson in place.had for it in stand_ins) and self._leaves(step, on)

    def _leaves(self, step: Step, on: date | DayOf) -> bool:
        """Tell whether a step goes out on its day."""
        if step.retired or not step.is_dated:
            return not step.retired
        day, begins = on if isinstance(on, date) else on(step), step.not_before
        if begins and begins > day:
            # Whoever has a stand-in does not wait for the day on which the lesson begins.
            if any(it.instead_of == step.lesson and not it.retired for it in self.steps):
                return False
            day = begins if callable(on) else day
        return step.goes_out(day)

    def window_for(self, step: Step, *, own_hour: bool) -> Window:
        """Return when this step may leave: the person's own hour beats the hours of the window."""
        window = step.window or self.window
        if not own_hour:
            return window
        always = Window.always()
        return replace(window, start=always.start, end=always.end)


def shape_of(course: Course, hashes: Mapping[str, tuple[str, str]]) -> Shape:
    """Return the shape of a course, given each lesson's title and content hash."""
    return Shape(
        course=course.id,
        title=course.title,
        time_zone=course.time_zone,
        hour=course.hour,
        window=course.window,
        steps=tuple(_step(lesson, *hashes[lesson.id]) for lesson in course.lessons),
        at_least_once=course.at_least_once,
        most_a_day=course.most_a_day,
    )


def _step(lesson: Lesson, title: str, content_hash: str) -> Step:
    return Step(
        lesson=lesson.id,
        title=title,
        content_hash=content_hash,
        delay=lesson.delay,
        window=lesson.window,
        not_before=lesson.not_before,
        expires=lesson.expires,
        season=lesson.season,
        instead_of=lesson.instead_of,
        if_past=lesson.if_past,
    )
