"""What comes when for one person: the rest of a course by the same rules that send it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bypost.delivery.context import Context
from bypost.delivery.due import Finish, Owe, Run, Wait, decide, predict
from bypost.delivery.owe import run_of
from bypost.delivery.shape import Shape
from bypost.store import Connection, Row, ledger, subscribers
from bypost.web.when import zone_of


@dataclass(frozen=True, slots=True)
class Coming:
    """A lesson that comes; ``at`` is in the person's zone, None for one that comes now."""

    title: str
    at: datetime | None


def coming(
    context: Context, connection: Connection, run: Row, shape: Shape, now: datetime
) -> list[Coming]:
    """Return what an active enrollment still gets, soonest first, if nothing changes."""
    person = subscribers.by_id(connection, run["subscriber_id"])
    if run["status"] != "active" or person is None:
        return []
    past = ledger.history(connection, [run["id"]]).get(run["id"], [])
    row = {**run, "time_zone": person["time_zone"], "hour": person["hour"]}
    return _ahead(shape, run_of(row, past, shape, context), past, now, context)  # type: ignore[arg-type]


def _ahead(
    shape: Shape, run: Run, past: Sequence[Row], now: datetime, context: Context
) -> list[Coming]:
    zone = zone_of(run.zone.key)
    titles = {step.lesson: step.title for step in shape.steps}
    on_the_way = [
        one["item"] for one in past if (one["state"] or one["batch_state"]) in ledger.OPEN
    ]
    found = [Coming(titles.get(lesson, lesson), None) for lesson in on_the_way]
    had = dict(run.had)
    place = replace(run.place, had=had)
    at = now if on_the_way else None
    while step := shape.next_step(place, (at or now).astimezone(zone).date()):
        if at is not None:
            at = predict(shape, step, run, accepted=at)
            found.append(Coming(step.title, at.astimezone(zone)))
        else:
            match decide(shape, replace(run, pending=False), now=now, late=context.late):
                case Owe():
                    at = now
                    found.append(Coming(step.title, None))
                case Wait(until):
                    at = until
                    found.append(Coming(step.title, until.astimezone(zone)))
                case Finish():
                    break
        had[step.lesson] = at
    return found
