"""Every lesson that still comes for somebody, worked out once for all who stand alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import starmap

from bypost.delivery.due import Run
from bypost.delivery.foresee import Foreseen
from bypost.delivery.shape import Shape
from bypost.delivery.timeline import Line, Timeline

#: Nobody looks further ahead.
_HORIZON = timedelta(days=3660)


class Outlook:
    """Looks ahead along one course, to its end."""

    def __init__(self, shape: Shape, *, now: datetime, late: timedelta) -> None:
        until = now + _HORIZON
        self._course = shape.course
        self._steps = {step.lesson: step for step in shape.steps}
        self._timeline = Timeline({shape.course: shape}, now=now, until=until, late=late)
        self._told: dict[int, tuple[Line, Sequence[Foreseen]]] = {}

    def coming(self, run: Run) -> Sequence[Foreseen]:
        """Return what comes for a run, soonest first."""
        line = self._timeline.line(self._course, run)
        known = self._told.get(id(line))
        if known is None:
            pairs = ((self._steps[mail.item], mail.at) for mail in line.mails)
            # The line is kept beside it, so that no other can have its identity.
            known = self._told[id(line)] = (line, tuple(starmap(Foreseen, pairs)))
        return known[1]
