"""Where one person stands in a course: lessons had, what comes next, what they chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from bypost.delivery import holds
from bypost.delivery.context import Context
from bypost.delivery.foresee import foresee
from bypost.delivery.read_run import place_of, run_of
from bypost.delivery.room import diary_of
from bypost.delivery.shape import Shape, Step
from bypost.people import pace
from bypost.store import Connection, Row, binding, ledger, subscribers, suppressions
from bypost.web.when import zone_of


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
    next_at, soon = (
        (None, False) if muted else _next(context, connection, run, person, past, shape, now)
    )
    paused = run["paused_until"]
    return Standing(
        title=shape.title,
        status=run["status"],
        zone=zone,
        now=now.astimezone(zone),
        lines=_lines(shape, run, past, _copies(connection, run), zone, now, next_at),
        last=pace.last_lesson(past),
        soon=soon,
        paused_until=paused.astimezone(zone) if paused and paused > now else None,
        muted=muted,
        pace=run["pace"],
        hour=person["hour"],
        course_hour=f"{shape.hour:%H:%M}",
        time_zone=person["time_zone"],
    )


def _next(
    context: Context,
    connection: Connection,
    run: Row,
    person: Row,
    past: Sequence[Row],
    shape: Shape,
    now: datetime,
) -> tuple[datetime | None, bool]:
    """Return when the next lesson comes, by the same decision that sends it; and whether now."""
    if run["status"] != "active":
        return None, False
    row = cast("Row", {**run, "time_zone": person["time_zone"], "hour": person["hour"]})
    held = holds.read(connection, now, [person["id"]])
    at_rest = held.run(run_of(row, past, shape, context), shape.course, person["id"])
    if at_rest is None or at_rest.pending:
        return None, False
    diary = diary_of(context, connection, row, shape, at_rest, now)
    found = foresee(shape, at_rest, now=now, late=context.late, diary=diary)
    return (found.at, found.at <= now) if found else (None, False)


def _lines(
    shape: Shape,
    run: Row,
    past: Sequence[Row],
    copies: Mapping[str, int],
    zone: ZoneInfo,
    now: datetime,
    next_at: datetime | None,
) -> list[Line]:
    """Return the lessons in their order, each with what became of it."""
    rows: dict[str, Any] = {row["item"]: row for row in past}
    step = shape.next_step(place_of(run, past), now.astimezone(zone).date())
    sending = any((row["state"] or row["batch_state"]) in ledger.OPEN for row in past)
    lines = []
    for one in shape.steps:
        row = rows.get(one.lesson)
        if row is None and one.retired:
            continue
        if row is not None:
            lines.append(_past(one, row, copies.get(one.lesson, 0), zone))
        elif run["status"] == "active":
            is_next = step is not None and one.lesson == step.lesson
            at = next_at.astimezone(zone) if is_next and next_at and not sending else None
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
