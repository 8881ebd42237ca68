"""Writing down what is due: deliveries bound to batches, in transactions of at most 1,000 rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from bypost.delivery import holds
from bypost.delivery.applied import unchanged
from bypost.delivery.context import Context
from bypost.delivery.due import Finish, Owe, Run, Wait, decide, parse_pace
from bypost.delivery.shape import Place, Shape, Step
from bypost.delivery.steps import reached
from bypost.delivery.zones import zone
from bypost.model.course import Kind
from bypost.store import Connection, Row, binding, enrollments, ledger, suppressions
from scheduler.pacing import Rate

_T = TypeVar("_T")

#: Rows a transaction may touch.
CHUNK = 1000


def owe_lessons(context: Context, shapes: Mapping[str, Shape]) -> int:
    """Owe every lesson whose time has come; return how many deliveries were written."""
    owed, last = 0, 0
    while True:
        now = context.clock.now()
        with context.store.write() as connection:
            # A course that was edited since it was read goes by rules that are not here yet.
            courses = holds.read(connection, now).free(unchanged(connection, shapes))
            rows = enrollments.due(connection, courses, now=now, after_id=last, limit=CHUNK)
            owed += _owe_chunk(context, connection, shapes, rows, now)
        if rows:
            reached("owed")
        if len(rows) < CHUNK:
            return owed
        last = rows[-1]["id"]


def _owe_chunk(
    context: Context,
    connection: Connection,
    shapes: Mapping[str, Shape],
    rows: Sequence[Row],
    now: datetime,
) -> int:
    """Decide for each enrollment and write all of it, hints included, in this transaction."""
    past = ledger.history(connection, [row["id"] for row in rows])
    muted = _suppressed(context, connection, rows)
    held = holds.read(connection, now, {row["subscriber_id"] for row in rows})
    hints: list[tuple[int, datetime | None]] = []
    counted: list[tuple[int, datetime | None]] = []
    finished: list[int] = []
    due: dict[str, tuple[Shape, Step, list[dict[str, Any]], datetime]] = {}
    for row in rows:
        if row["email_key"] in muted:
            hints.append((row["id"], None))
            continue
        shape = shapes[row["course"]]
        run = held.run(
            run_of(row, past.get(row["id"], ()), shape, context), shape.course, row["subscriber_id"]
        )
        if run is None:  # until somebody ends it: that sets a hint
            hints.append((row["id"], None))
            continue
        match decide(shape, run, now=now, late=context.late):
            case Wait(until):
                hints.append((row["id"], until))
            case Finish():
                finished.append(row["id"])
            case Owe(step, due_at, hint, counts_from):
                hints.append((row["id"], hint))
                if counts_from or row["counts_from"]:
                    counted.append((row["id"], counts_from))
                group = due.setdefault(step.content_hash, (shape, step, [], due_at))
                group[2].append({"subscriber_id": row["subscriber_id"], "enrollment_id": row["id"]})
    for shape, step, members, due_at in due.values():
        _write(context, connection, shape, step, members, due_at, now)
    enrollments.set_hints(connection, hints)
    enrollments.count_from(connection, counted)
    enrollments.finish(connection, finished, now)
    return sum(len(group[2]) for group in due.values())


def _write(
    context: Context,
    connection: Connection,
    shape: Shape,
    step: Step,
    members: Sequence[Mapping[str, Any]],
    due_at: datetime,
    now: datetime,
) -> None:
    """Bind members to batches of the provider's size."""
    for part in in_parts(members, batch_size(context)):
        batch = {
            "provider": context.provider.name,
            "kind": Kind.LESSON,
            "collection": shape.course,
            "item": step.lesson,
            "content_hash": step.content_hash,
            "due_at": due_at,
        }
        binding.owe(connection, batch, part, now=now)


def run_of(row: Row, past: Sequence[Row], shape: Shape, context: Context) -> Run:
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


def _suppressed(context: Context, connection: Connection, rows: Sequence[Row]) -> set[str]:
    """Return the addresses among ``rows`` that get nothing at all."""
    hashes = {context.address_hash(row["email_key"]): row["email_key"] for row in rows}
    found = suppressions.find(connection, list(hashes))
    return {hashes[address] for address in found}


def batch_size(context: Context) -> int:
    """Return how many deliveries a batch of the preferred provider holds.

    A batch larger than a day's quota could never leave.
    """
    provider = context.provider
    most = context.most(provider)
    quota = context.rates.get(provider.name, Rate()).limit_on(context.clock.now().date())
    return min(most, quota or most)


def in_parts(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Yield ``items`` in parts of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
