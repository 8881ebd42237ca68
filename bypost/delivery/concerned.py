"""Whom an edit of a course concerns: everybody in it, from the database or assumed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bypost.delivery import holds
from bypost.delivery.context import Context
from bypost.delivery.due import Finish, Owe, Run, decide, predict
from bypost.delivery.foresee import Foreseen, after, foresee, settled
from bypost.delivery.read_run import run_of
from bypost.delivery.shape import Shape
from bypost.delivery.zones import zone
from bypost.store import Connection, Row, enrollments, ledger, suppressions

_CHUNK = 1000
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One enrollment of the course.

    Attributes:
        status: ``active`` or ``finished``.
        run: As the next pass finds it, what is on its way taken as accepted.
        held: Nothing comes before somebody ends a hold.
    """

    enrollment_id: int
    email: str
    status: str
    run: Run
    held: bool = False

    def owed_first(
        self, shape: Shape, *, now: datetime, late: timedelta
    ) -> tuple[Subject, Foreseen | None]:
        """Return the subject once all is owed that is due by the rules of ``shape``, and that."""
        run = self.run
        if self.status != "active" or self.held or run.hint > now:
            return self, None
        match decide(shape, run, now=now, late=late):
            case Owe():
                found = foresee(shape, run, now=now, late=late)
                return (replace(self, run=_before_the_edit(run, found)) if found else self), found
            case Finish():
                return replace(self, status="finished", run=replace(run, finished=True)), None
        return self, None


def _before_the_edit(run: Run, found: Foreseen) -> Run:
    """Return a run that was owed a lesson at the instant of an edit, and by what held before."""
    gone_on = after(run, found)
    owed = {**gone_on.owed, found.step.lesson: found.at - timedelta.resolution}
    return replace(gone_on, owed=owed)


def people_of(context: Context, shape: Shape) -> Iterator[Subject]:
    """Yield everybody who is in a course or through with it, in the order of enrollment.

    Who is suppressed is left out: nothing comes to them.
    """
    last = 0
    now = context.clock.now()
    while True:
        with context.store.read() as connection:
            rows = enrollments.in_course(connection, shape.course, after_id=last, limit=_CHUNK)
            past = ledger.history(connection, [row["id"] for row in rows])
            muted = _suppressed(context, connection, rows)
            held = holds.read(connection, now, {row["subscriber_id"] for row in rows})
        for row in rows:
            if row["email_key"] not in muted:
                yield _subject(context, row, past.get(row["id"], ()), shape, held, now)
        if len(rows) < _CHUNK:
            return
        last = rows[-1]["id"]


def assumed(number: int, shape: Shape, now: datetime) -> Iterator[Subject]:
    """Yield people who are not there, spread evenly over the lessons and those who are through.

    Each had their last lesson a day ago, at the hour of the course and in its zone.
    """
    own = zone("", shape.time_zone)
    live = shape.live
    yesterday = (now.astimezone(own) - _A_DAY).replace(
        hour=shape.hour.hour, minute=shape.hour.minute, second=0, microsecond=0
    )
    for person in range(number):
        count = person * (len(live) + 1) // number
        had = {
            step.lesson: yesterday - _A_DAY * (count - 1 - place)
            for place, step in enumerate(live[:count])
        }
        through = count == len(live)
        run = Run(
            zone=own, own_hour=None, started_at=min(had.values(), default=now), hint=now, had=had
        )
        if not through:
            # In step with the course, neither late nor waiting for an opening.
            due = predict(shape, live[count], run, accepted=max(had.values(), default=now))
            run = replace(run, hint=max(due, now + timedelta(seconds=1)))
        status = "finished" if through else "active"
        run = replace(run, finished=through)
        yield Subject(enrollment_id=person + 1, email="", status=status, run=run)


def _subject(
    context: Context,
    row: Row,
    past: Sequence[Row],
    shape: Shape,
    held: holds.Holds,
    now: datetime,
) -> Subject:
    run = run_of(row, past, shape, context)
    # A person's own pause ends with a hold at the earliest.
    free = held.run(run, shape.course, row["subscriber_id"])
    return Subject(
        enrollment_id=row["id"],
        email=row["email"] or "",
        status=row["status"],
        run=settled(free or run, now),
        held=free is None,
    )


def _suppressed(context: Context, connection: Connection, rows: Sequence[Row]) -> Collection[str]:
    """Return the addresses among ``rows`` that get nothing at all."""
    hashes = {context.address_hash(row["email_key"]): row["email_key"] for row in rows}
    return {hashes[address] for address in suppressions.find(connection, list(hashes))}
