"""What comes when for one person: the rest of a course by the same rules that send it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from bypost.delivery import holds
from bypost.delivery.context import Context
from bypost.delivery.foresee import ahead, settled
from bypost.delivery.read_run import run_of
from bypost.delivery.room import diary_of
from bypost.delivery.shape import Shape
from bypost.store import Connection, Row, ledger, subscribers
from bypost.web.when import zone_of

#: Nobody looks further ahead.
_FAR = timedelta(days=1000)


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
    row = cast("Row", {**run, "time_zone": person["time_zone"], "hour": person["hour"]})
    held = holds.read(connection, now, [person["id"]])
    stands = held.run(run_of(row, past, shape, context), shape.course, person["id"])
    titles = {step.lesson: step.title for step in shape.steps}
    on_the_way = [
        one["item"] for one in past if (one["state"] or one["batch_state"]) in ledger.OPEN
    ]
    found = [Coming(titles.get(lesson, lesson), None) for lesson in on_the_way]
    if stands is None:
        return found
    stands = settled(stands, now)
    diary = diary_of(context, connection, row, shape, stands, now)
    zone = zone_of(stands.zone.key)
    rest = ahead(shape, stands, now=now, late=context.late, until=now + _FAR, diary=diary)
    return found + [
        Coming(one.step.title, None if one.at <= now else one.at.astimezone(zone)) for one in rest
    ]
