"""Where one person stands in a course: lessons had, what comes next, what they chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from bypost.delivery import holds
from bypost.delivery.context import Context
from bypost.delivery.foresee import Foreseen, ahead, settled
from bypost.delivery.read_run import run_of
from bypost.delivery.room import diary_of
from bypost.delivery.shape import Shape, Step
from bypost.people import pace
from bypost.store import Connection, Row, binding, ledger, subscribers, suppressions
from bypost.web.when import zone_of

#: Nobody looks further ahead.
_FAR = timedelta(days=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One lesson of the course for this person.

    Attributes:
        state: ``had``, ``sending``, ``missed``, ``skipped``, ``next`` or ``later``.
        at: When it came, or when it comes; in the person's zone; None where that is not known.
        copies: How often it was sent once more.
    """

    lesson: str

    title: str
    state: str
    at: datetime | None = None
    copies: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the person's own page shows.

    Attributes:
        status: ``active``, ``finished`` or ``left``.
        last: The last lesson they were sent, which a request for the next one refers to.
        soon: The next lesson goes out with the next pass.
        muted: Nothing is sent to this address.
        held: Whoever sends this course keeps it back at present.
    """

    title: str
    status: str
    zone: ZoneInfo
    now: datetime
    lines: Sequence[Line]
    last: str | None
    soon: bool
    paused_until: datetime | None
    muted: bool
    held: bool
    pace: str
    hour: str
    course_hour: str
    time_zone: str

    @property
    def had(self) -> int:
        """Return how many of the lines they have had."""
        return sum(line.state == "had" for line in self.lines)

    @property
    def next(self) -> Line | None:
        """Return the lesson that comes next."""
        return next((line for line in self.lines if line.state == "next"), None)

    @property
    def sending(self) -> bool:
        """Tell whether a lesson is on its way."""
        return any(line.state == "sending" for line in self.lines)


def standing(
    context: Context, connection: Connection, run: Row, shape: Shape, now: datetime
) -> Standing:
    """Return where an enrollment stands at ``now``."""
    person = subscribers.by_id(connection, run["subscriber_id"])
    if person is None:
        raise LookupError(f"enrollment {run['id']} without a person")
    past = ledger.history(connection, [run["id"]]).get(run["id"], [])
    zone = zone_of(person["time_zone"], shape.time_zone)
    muted = is_muted(context, connection, person)
    rest, known = _rest(context, connection, run, person, past, shape, now)
    next_at = rest[0].at if rest and known and not muted else None
    paused = run["paused_until"]
    return Standing(
        title=shape.title,
        status=run["status"],
        zone=zone,
        now=now.astimezone(zone),
        lines=_lines(shape, past, _copies(connection, run), zone, rest, next_at),
        last=pace.last_lesson(past),
        soon=next_at is not None and next_at <= now,
        paused_until=paused.astimezone(zone) if paused and paused > now else None,
        muted=muted,
        held=run["status"] == "active" and holds.of_run(connection, run, now) is not None,
        pace=run["pace"],
        hour=person["hour"],
        course_hour=f"{shape.hour:%H:%M}",
        time_zone=person["time_zone"],
    )


def _rest(
    context: Context,
    connection: Connection,
    run: Row,
    person: Row,
    past: Sequence[Row],
    shape: Shape,
    now: datetime,
) -> tuple[Sequence[Foreseen], bool]:
    """Return what still comes, by the decisions that will send it; and whether it is known when."""
    if run["status"] != "active":
        return (), False
    row = cast("Row", {**run, "time_zone": person["time_zone"], "hour": person["hour"]})
    found = run_of(row, past, shape, context)
    held = holds.read(connection, now, [person["id"]])
    free = held.run(found, shape.course, person["id"])
    stands = settled(free or found, now)
    diary = diary_of(context, connection, row, shape, stands, now)
    rest = ahead(shape, stands, now=now, late=context.late, until=now + _FAR, diary=diary)
    return tuple(rest), free is not None and not found.pending


def _lines(
    shape: Shape,
    past: Sequence[Row],
    copies: Mapping[str, int],
    zone: ZoneInfo,
    rest: Sequence[Foreseen],
    next_at: datetime | None,
) -> list[Line]:
    """Return what was had and what comes, in the order of the course; nothing else is theirs."""
    rows: dict[str, Any] = {row["item"]: row for row in past}
    coming = {one.step.lesson: number for number, one in enumerate(rest)}
    lines = []
    for one in shape.steps:
        row = rows.get(one.lesson)
        if row is not None:
            lines.append(_past(one, row, copies.get(one.lesson, 0), zone))
        elif one.lesson in coming:
            is_next = coming[one.lesson] == 0
            at = next_at.astimezone(zone) if is_next and next_at else None
            state = "next" if is_next else "later"
            lines.append(Line(lesson=one.lesson, title=one.title, state=state, at=at))
    return lines


def _past(step: Step, row: Row, copies: int, zone: ZoneInfo) -> Line:
    state = row["state"] or row["batch_state"]
    at = row["accepted_at"]
    name, title = step.lesson, step.title
    if state in ledger.OPEN:
        return Line(lesson=name, title=title, state="sending")
    if state in {"failed", "cancelled"} or at is None:
        skipped = state == "cancelled" and row["detail"] == binding.SKIPPED
        return Line(lesson=name, title=title, state="skipped" if skipped else "missed")
    return Line(lesson=name, title=title, state="had", at=at.astimezone(zone), copies=copies)


def _copies(connection: Connection, run: Row) -> dict[str, int]:
    """Return how often each lesson was asked for once more."""
    return Counter(row["item"] for row in ledger.copies(connection, run["id"]))


def is_muted(context: Context, connection: Connection, person: Row) -> bool:
    """Tell whether nothing is sent to this address at all."""
    if not person["email_key"]:
        return True
    return bool(suppressions.find(connection, [context.address_hash(person["email_key"])]))
