"""What comes next for one enrollment, and when: the decision that sends it, made ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bypost.delivery.due import Finish, Owe, Run, Wait, decide
from bypost.delivery.shape import Shape, Step

#: Looks ahead; each postpones by a window at least, so that this is months.
_MOST_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A lesson to come.

    Attributes:
        at: When it is owed; it leaves with the pass of that instant.
    """

    step: Step
    at: datetime


def foresee(shape: Shape, run: Run, *, now: datetime, late: timedelta) -> Foreseen | None:
    """Return the next lesson from ``now`` on; None where none comes."""
    at = now
    for _ in range(_MOST_LOOKS):
        match decide(shape, run, now=at, late=late):
            case Owe(step):
                return Foreseen(step, at)
            case Wait(until):
                at = max(until, at)
                run = replace(run, hint=until)
            case Finish():
                return None
    return None


def ahead(
    shape: Shape, run: Run, *, now: datetime, late: timedelta, until: datetime
) -> Iterator[Foreseen]:
    """Yield every lesson that comes before ``until``, each accepted as soon as it is owed."""
    at = now
    while (found := foresee(shape, run, now=at, late=late)) is not None and found.at < until:
        yield found
        at = found.at
        had = {**run.had, found.step.lesson: at}
        run = replace(run, had=had, hint=at, asked=False, keeps=False, counts_from=None)


def settled(run: Run, now: datetime) -> Run:
    """Return a run as if what is on its way had been accepted now, and nothing were in doubt."""
    return replace(run, pending=False, held_until=None) if not run.pending else _arrived(run, now)


def _arrived(run: Run, now: datetime) -> Run:
    latest = max(run.had, key=lambda lesson: run.had[lesson], default=None)
    had = dict(run.had) if latest is None else {**run.had, latest: now}
    return replace(run, pending=False, held_until=None, had=had)
