"""What comes next for one enrollment, and when: the decision that sends it, made ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bypost.delivery import caps
from bypost.delivery.caps import Diary, Held
from bypost.delivery.due import Decision, Finish, Owe, Run, Wait, decide
from bypost.delivery.shape import Shape, Step

#: Looks ahead; each postpones by a window at least, so that this is months.
_MOST_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A lesson to come.

    Attributes:
        at: When it is owed; it leaves with the pass of that instant.
        hint, counts_from: What owing writes down with it (:class:`~bypost.delivery.due.Owe`).
    """

    step: Step
    at: datetime
    hint: datetime | None = field(default=None, compare=False)
    counts_from: datetime | None = field(default=None, compare=False)


def foresee(
    shape: Shape, run: Run, *, now: datetime, late: timedelta, diary: Diary | None = None
) -> Foreseen | None:
    """Return the next lesson from ``now`` on; None where none comes.

    Nobody looks at a run before its hint has come.

    Args:
        diary: What the person has room for (:mod:`bypost.delivery.caps`); None: for everything.
    """
    at = max(now, run.hint)
    for _ in range(_MOST_LOOKS):
        decision: Decision | Held = decide(shape, run, now=at, late=late)
        if diary is not None and isinstance(decision, Owe):
            decision = caps.lesson(diary, shape, run, at=at, late=late) or decision
        match decision:
            case Owe(step, _, hint, counts_from):
                return Foreseen(step, at, hint, counts_from)
            case Wait(until) | Held(until):
                at = max(until, at)
                run = replace(run, hint=until)
            case Finish():
                return None
    return None


def ahead(
    shape: Shape,
    run: Run,
    *,
    now: datetime,
    late: timedelta,
    until: datetime,
    diary: Diary | None = None,
) -> Iterator[Foreseen]:
    """Yield every lesson that comes before ``until``, each accepted as soon as it is owed.

    Args:
        diary: What the person has room for; each lesson is counted in them.
    """
    at = now
    while (found := foresee(shape, run, now=at, late=late, diary=diary)) and found.at < until:
        if diary is not None:
            diary.take(found.at)
        yield found
        at = found.at
        run = after(run, found)


def after(run: Run, found: Foreseen) -> Run:
    """Return a run once that lesson was accepted, at the instant at which it was owed."""
    return replace(
        run,
        had={**run.had, found.step.lesson: found.at},
        owed={**run.owed, found.step.lesson: found.at},
        hint=found.hint or found.at,
        asked=False,
        counts_from=found.counts_from,
    )


def settled(run: Run, now: datetime) -> Run:
    """Return a run as if what is on its way had been accepted now."""
    if not run.pending:
        return run
    latest = max(run.had, key=lambda lesson: run.had[lesson], default=None)
    had = dict(run.had) if latest is None else {**run.had, latest: now}
    return replace(run, pending=False, had=had, hint=run.started_at)
