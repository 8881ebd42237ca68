"""From a visit of the sign-up page to the last lesson, and where people are lost on the way.

All of it comes from the daily counts, so that it costs what a few hundred rows cost, however many
people there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bypost.delivery.shape import Shape
from bypost.store import Connection, daily
from bypost.store.daily import Kind

_KINDS = (
    *(Kind.VISIT, Kind.BOT_VISIT, Kind.SIGNUP, Kind.CONFIRMED, Kind.JOINED, Kind.FINISHED),
    *(Kind.ACCEPTED, Kind.LEFT, Kind.BOUNCED, Kind.COMPLAINED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the funnel.

    Attributes:
        words: What it is, e.g. ``Confirmed``, or the title of a lesson.
        lesson: Its id; empty where the step is none.
        before: How many came to the step before; None where that says nothing.
    """

    words: str
    people: int
    lesson: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What was lost after one lesson.

    Attributes:
        had: Mails of it that were accepted.
    """

    lesson: str
    title: str
    had: int
    left: int
    bounced: int
    complained: int

    @property
    def lost(self) -> int:
        """Return all of them together."""
        return self.left + self.bounced + self.complained


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """A course between two days.

    Attributes:
        machines: Visits of machines, which are not among the visits.
    """

    steps: Sequence[Step]
    losses: Sequence[Loss]
    machines: int


def funnel(
    connection: Connection, shape: Shape, *, since: date | None = None, until: date | None = None
) -> Funnel:
    """Return what happened in a course between two days, both included.

    Who came with a file stands among those who joined, and neither asked nor confirmed here.
    """
    rows = daily.sums(
        connection,
        kinds=_KINDS,
        by=("kind", "item"),
        collection=daily.course(shape.course),
        since=since,
        until=until,
    )
    numbers = {(Kind(row["kind"]), row["item"]): int(row["number"]) for row in rows}
    return Funnel(
        steps=_steps(shape, numbers),
        losses=_losses(shape, numbers),
        machines=_all(numbers, Kind.BOT_VISIT),
    )


def _steps(shape: Shape, numbers: Mapping[tuple[Kind, str], int]) -> list[Step]:
    visits, asked = _all(numbers, Kind.VISIT), _all(numbers, Kind.SIGNUP)
    joined = _all(numbers, Kind.JOINED)
    steps = [
        Step(words="Visits of the page", people=visits),
        Step(words="Asked for it", people=asked, before=visits),
        Step(words="Confirmed", people=_all(numbers, Kind.CONFIRMED), before=asked),
        Step(words="Joined, imports included", people=joined),
    ]
    before = joined
    for step in shape.live:
        had = numbers.get((Kind.ACCEPTED, step.lesson), 0)
        steps.append(Step(words=step.title, people=had, lesson=step.lesson, before=before))
        before = had
    steps.append(Step(words="Finished", people=_all(numbers, Kind.FINISHED), before=before))
    return steps


def _losses(shape: Shape, numbers: Mapping[tuple[Kind, str], int]) -> list[Loss]:
    """Return what was lost lesson by lesson; removed ones only where something was."""
    found = []
    for step in shape.steps:
        had, left, bounced, complained = (
            numbers.get((kind, step.lesson), 0)
            for kind in (Kind.ACCEPTED, Kind.LEFT, Kind.BOUNCED, Kind.COMPLAINED)
        )
        loss = Loss(
            lesson=step.lesson,
            title=step.title,
            had=had,
            left=left,
            bounced=bounced,
            complained=complained,
        )
        if not step.retired or loss.lost:
            found.append(loss)
    return found


def _all(numbers: Mapping[tuple[Kind, str], int], wanted: Kind) -> int:
    return sum(number for (kind, _), number in numbers.items() if kind is wanted)
