"""Enrollments as the decision needs them, from their rows and what they were owed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta

from bypost.delivery.context import Context
from bypost.delivery.due import Run, parse_pace
from bypost.delivery.shape import Place, Shape
from bypost.delivery.zones import zone
from bypost.store import Columns, Row, ledger


def run_of(row: Columns, past: Sequence[Row], shape: Shape, context: Context) -> Run:
    """Return an enrollment and its history as the decision needs them."""
    had, pending, held_until = _read_history(
        past, row["started_at"], timedelta(hours=context.settings.sending.unknown_hold_hours)
    )
    return Run(
        zone=zone(row["time_zone"], shape.time_zone),
        own_hour=time.fromisoformat(row["hour"]) if row["hour"] else None,
        started_at=row["started_at"],
        hint=row["next_due"] or row["started_at"],
        had=had,
        owed={one["item"]: one["due_at"] for one in past},
        pending=pending,
        held_until=held_until,
        paused_until=row["paused_until"],
        pace=parse_pace(row["pace"]),
        asked=row["asked_next_at"] is not None,
        keeps=row["asked_keeps"],
        counts_from=row["counts_from"],
        begins_with=row["begins_with"],
        finished=row["finished_at"] is not None,
    )


def place_of(row: Row, past: Iterable[Row]) -> Place:
    """Return where an enrollment is in its course, given its history."""
    finished = row["finished_at"] is not None
    had = {one["item"]: one["due_at"] for one in past}
    return Place(had=had, begins_with=row["begins_with"], finished=finished)


def _read_history(
    past: Sequence[Row], started: datetime, hold: timedelta
) -> tuple[dict[str, datetime], bool, datetime | None]:
    """Return what was had and when, whether something is on its way, and any hold."""
    had: dict[str, datetime] = {}
    pending, held_until = False, None
    for row in past:
        state = row["state"] or row["batch_state"]
        at = row["accepted_at"] or row["first_sent_at"] or started
        had[row["item"]] = at
        if state in ledger.OPEN:
            pending = True
        elif state == "unknown":
            held_until = at + hold
    return had, pending, held_until
