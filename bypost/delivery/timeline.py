"""The lessons that come for one enrollment, worked out once for all who stand alike.

Who stands at the same place of a course, in the same zone, at the same hour and pace, and gets the
next lesson at the same instant, gets every later one at the same instant too. So a hundred thousand
enrollments are a few thousand decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bypost.delivery.due import Run
from bypost.delivery.foresee import Foreseen, after, foresee
from bypost.delivery.shape import Shape
from bypost.model.course import Kind


@dataclass(frozen=True, slots=True, order=True)
class Mail:
    """One mail to come.

    Attributes:
        at: When it is owed, or tried again.
        kind: ``lesson`` or ``issue``.
        collection: Course or newsletter.
        item: Lesson id, or newsletter/issue.
    """

    at: datetime
    kind: str
    collection: str
    item: str


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Mails in the order in which they come; the same object for all who stand alike."""

    mails: tuple[Mail, ...] = ()


#: Nobody gets anything.
NOTHING = Line()


#: Where a run stands, and what decides what comes after it.
_Key = tuple[Any, ...]
#: The next lesson, and the run once it is had.
_Next = tuple[Foreseen, Run] | None
_QUARTER = timedelta(minutes=15)


class Timeline:
    """Looks ahead along courses and remembers what it saw.

    Args:
        until: Nothing from then on is looked at.
    """

    def __init__(
        self, shapes: Mapping[str, Shape], *, now: datetime, until: datetime, late: timedelta
    ) -> None:
        self._shapes = shapes
        self._moved = {name: any(s.until for s in one.steps) for name, one in shapes.items()}
        self._now = now
        self._until = until
        self._late = late
        self._first: dict[_Key, Line] = {}
        self._rest: dict[_Key, Line] = {}
        self._behind: dict[tuple[Mail, Line], Line] = {}

    def line(
        self, course: str, run: Run, start: datetime | None = None, waiting: Mail | None = None
    ) -> Line:
        """Return what comes for a run of a course.

        Args:
            start: Nothing else is owed before.
            waiting: The lesson that is on its way until then.
        """
        at = max(start or self._now, self._now)
        last = _told_apart(self._shapes[course], run)
        hint = last if run.hint <= max(run.had.values(), default=run.started_at) else run.hint
        wishes = (run.held_until, run.asked, run.keeps, run.counts_from)
        key = (course, self._state(course, run), last, hint, at, not run.had, wishes)
        line = self._first.get(key)
        if line is None:
            had = dict.fromkeys(run.had, last)
            alike = replace(run, had=had, started_at=min(run.started_at, last), hint=hint)
            line = self._first[key] = self._from(course, self._next(course, alike, at))
        if waiting is None:
            return line
        return self._behind.setdefault((waiting, line), Line((waiting, *line.mails)))

    def _next(self, course: str, run: Run, at: datetime) -> _Next:
        """Return the next lesson; None if none comes in time."""
        found = foresee(self._shapes[course], run, now=at, late=self._late)
        if found is None or found.at >= self._until:
            return None
        return found, after(run, found)

    def _from(self, course: str, step: _Next) -> Line:
        """Return the lesson of ``step`` and those after it."""
        new: list[tuple[_Key, Mail]] = []
        line = NOTHING
        while step is not None:
            found, run = step
            lesson = found.step.lesson
            key = (course, self._state(course, run), lesson, found.at, run.hint, run.counts_from)
            if key in self._rest:
                line = self._rest[key]
                break
            new.append((key, Mail(found.at, Kind.LESSON, course, lesson)))
            # The latest lesson alone decides; when the earlier ones came does not matter any more.
            alike = replace(run, had=dict.fromkeys(run.had, found.at))
            step = self._next(course, alike, found.at)
        for key, mail in reversed(new):
            line = self._rest[key] = Line((mail, *line.mails))
        return line

    def _state(self, course: str, run: Run) -> _Key:
        """Return what of a run, but for its instants, decides what comes."""
        # Where lessons were moved, people stand where they stood.
        reach = self._shapes[course].reach(run.place) if self._moved[course] else None
        place = (frozenset(run.had), reach, run.begins_with, run.finished)
        return (*place, run.zone.key, run.own_hour, run.pace, run.paused_until, run.reset_at)


def _told_apart(shape: Shape, run: Run) -> datetime:
    """Return when the last lesson was had, or the run began, as exactly as it matters.

    Dates are counted from it, and dates begin on a quarter of an hour wherever people live.
    """
    last = max(run.had.values(), default=run.started_at)
    quarter = last - (last - datetime.min.replace(tzinfo=UTC)) % _QUARTER
    resets = (shape.reset_at, run.reset_at)
    return last if any(at and quarter < at <= last for at in resets) else quarter
