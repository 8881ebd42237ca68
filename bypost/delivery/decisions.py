"""Deciding for many enrollments in a row: those who stand alike are decided for once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bypost.delivery.context import Context
from bypost.delivery.due import Decision, Run, decide
from bypost.delivery.holds import Holds
from bypost.delivery.read_run import run_of
from bypost.delivery.shape import Shape
from bypost.store import Row
from bypost.store.enrollments import ALIKE, Due


class Decisions:
    """What is decided for enrollments at one instant, within one transaction.

    A decision is a pure function of the course, the clock and what :func:`_standing` says of the
    enrollment: after an import, or a day after the last lesson, thousands stand alike.

    Args:
        held: As it is held now, with the people who are asked about.
    """

    def __init__(
        self, context: Context, shapes: Mapping[str, Shape], held: Holds, now: datetime
    ) -> None:
        self._context = context
        self._shapes = shapes
        self._held = held
        self._now = now
        self._known: dict[tuple[object, ...], tuple[Run | None, Decision | None]] = {}

    def of(self, row: Due, past: Sequence[Row]) -> tuple[Run | None, Decision | None]:
        """Return the run and what is decided for it; None and None: nothing until a hold ends."""
        if row.subscriber_id in self._held.people:
            return self._decide(row, past)
        standing = _standing(row, past)
        found = self._known.get(standing)
        if found is None:
            found = self._known[standing] = self._decide(row, past)
        return found

    def _decide(self, row: Due, past: Sequence[Row]) -> tuple[Run | None, Decision | None]:
        shape = self._shapes[row.course]
        plain = run_of(row._asdict(), past, shape, self._context)
        run = self._held.run(plain, shape.course, row.subscriber_id)
        if run is None:
            return None, None
        return run, decide(shape, run, now=self._now, late=self._context.late)


def _standing(row: Due, past: Sequence[Row]) -> tuple[object, ...]:
    """Return all that a decision depends on, of what the database says of an enrollment.

    When it began counts only until a lesson came, and for who asks for the next one now.
    """
    if not past:
        return row[ALIKE - 1 :]
    had = [(one["item"], one["state"], one["batch_id"]) for one in past]
    counts = row.asked_next_at or any(one["first_sent_at"] is None for one in past)
    return (*row[ALIKE:], row.started_at if counts else None, *had)
