"""The lessons that come for one enrollment, worked out once for all who stand alike.

Who stands at the same place of a course, in the same zone, at the same hour and pace, and gets the
next lesson at the same instant, gets every later one at the same instant too. So a hundred thousand
enrollments are a few thousand decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bypost.delivery.due import Run
from bypost.delivery.foresee import Foreseen, after, foresee
from bypost.delivery.shape import Shape


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


_NOTHING = Line()


class Timeline:
    """Looks ahead along courses and remembers what it saw.

    Args:
        until: Nothing from then on is looked at.
    """

    def __init__(
        self, shapes: Mapping[str, Shape], *, now: datetime, until: datetime, late: timedelta
    ) -> None:
        self._shapes = shapes
        self._now = now
        self._until = until
        self._late = late
        self._first: dict[Any, tuple[Foreseen, Run] | None] = {}
        self._rest: dict[Any, Line] = {}
        self._behind: dict[tuple[Mail, Line], Line] = {}

    def line(
        self, course: str, run: Run, start: datetime | None = None, waiting: Mail | None = None
    ) -> Line:
        """Return what comes for a run of a course.

        Args:
            start: Nothing is owed before.
            waiting: The lesson that is on its way until then.
        """
        at = max(start or self._now, self._now)
        last = max(run.had.values(), default=None)
        key = (course, _state(run), run.hint, last, at, *_wishes(run))
        if key not in self._first:
            self._first[key] = self._next(course, run, at)
        line = self._from(course, self._first[key])
        if waiting is None:
            return line
        return self._behind.setdefault((waiting, line), Line((waiting, *line.mails)))

    def _next(self, course: str, run: Run, at: datetime) -> tuple[Foreseen, Run] | None:
        """Return the next lesson and the run once it is had; None if none comes in time."""
        found = foresee(self._shapes[course], run, now=at, late=self._late)
        if found is None or found.at >= self._until:
            return None
        return found, after(run, found)

    def _from(self, course: str, step: tuple[Foreseen, Run] | None) -> Line:
        """Return the lesson of ``step`` and those after it."""
        if step is None:
            return _NOTHING
        found, run = step
        key = (course, _state(run), found.step.lesson, found.at, run.hint, run.counts_from)
        if key not in self._rest:
            mail = Mail(found.at, "lesson", course, found.step.lesson)
            rest = self._from(course, self._next(course, _as_of(run, found.at), found.at))
            self._rest[key] = Line((mail, *rest.mails))
        return self._rest[key]


def _state(run: Run) -> tuple[Any, ...]:
    """Return what of a run stays the same along the way, but for what it had."""
    own = (run.zone.key, run.own_hour, run.pace, run.begins_with, run.finished, run.paused_until)
    return (frozenset(run.had), *own)


def _wishes(run: Run) -> tuple[Any, ...]:
    """Return what of a run matters for its next lesson only."""
    started = None if run.had else run.started_at
    return started, run.held_until, run.asked, run.keeps, run.counts_from


def _as_of(run: Run, at: datetime) -> Run:
    """Return a run in the one form that all who stand alike share.

    The latest lesson alone decides; when the earlier ones came does not matter any more.
    """
    return replace(run, had=dict.fromkeys(run.had, at), started_at=min(run.started_at, at))
