"""Writing down what is due: deliveries bound to batches, in transactions of at most 1,000 rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from bypost.delivery import holds
from bypost.delivery.applied import unchanged
from bypost.delivery.context import Context
from bypost.delivery.decisions import Decisions
from bypost.delivery.due import Decision, Finish, Owe, Run, Wait
from bypost.delivery.room import Room
from bypost.delivery.shape import Shape, Step
from bypost.delivery.steps import reached
from bypost.model.course import Kind
from bypost.store import Connection, binding, enrollments, ledger, suppressions
from bypost.store.enrollments import Due
from scheduler.pacing import Rate

_T = TypeVar("_T")

#: Rows a transaction may touch.
CHUNK = 1000


def owe_lessons(context: Context, shapes: Mapping[str, Shape]) -> int:
    """Owe every lesson whose time has come; return how many deliveries were written."""
    owed, last = 0, 0
    with context.store.read() as connection:
        dense = enrollments.are_dense(connection, list(shapes), context.clock.now())
    while True:
        now = context.clock.now()
        with context.store.write() as connection:
            # A course that was edited since it was read goes by rules that are not here yet.
            courses = holds.read(connection, now).free(unchanged(connection, shapes))
            rows = enrollments.due(
                connection, courses, now=now, after_id=last, limit=CHUNK, dense=dense
            )
            owed += _owe_chunk(context, connection, shapes, rows, now)
        if rows:
            reached("owed")
        if len(rows) < CHUNK:
            return owed
        last = rows[-1].id


def _owe_chunk(
    context: Context,
    connection: Connection,
    shapes: Mapping[str, Shape],
    rows: Sequence[Due],
    now: datetime,
) -> int:
    """Decide for each enrollment and write all of it, hints included, in this transaction."""
    hints: list[tuple[int, datetime | None]] = []
    counted: list[tuple[int, datetime | None]] = []
    finished: list[int] = []
    due: dict[str, tuple[Shape, Step, list[dict[str, Any]], datetime]] = {}
    for row, decision in _decide_all(context, connection, shapes, rows, now):
        match decision:
            case None:
                hints.append((row.id, None))
            case Wait(until):
                hints.append((row.id, until))
            case Finish():
                finished.append(row.id)
            case Owe(step, due_at, hint, counts_from):
                hints.append((row.id, hint))
                if counts_from or row.counts_from:
                    counted.append((row.id, counts_from))
                group = due.setdefault(step.content_hash, (shapes[row.course], step, [], due_at))
                group[2].append({"subscriber_id": row.subscriber_id, "enrollment_id": row.id})
    for shape, step, members, due_at in due.values():
        _write(context, connection, shape, step, members, due_at, now)
    enrollments.set_hints(connection, hints)
    enrollments.count_from(connection, counted)
    enrollments.finish(connection, finished, now)
    return sum(len(group[2]) for group in due.values())


def _decide_all(
    context: Context,
    connection: Connection,
    shapes: Mapping[str, Shape],
    rows: Sequence[Due],
    now: datetime,
) -> Iterator[tuple[Due, Decision | None]]:
    """Yield what is decided for each enrollment; None: nothing until somebody sets a hint."""
    past = ledger.history(connection, [row.id for row in rows])
    muted = _suppressed(context, connection, rows)
    held = holds.read(connection, now, {row.subscriber_id for row in rows})
    decisions = Decisions(context, shapes, held, now)
    limited = context.settings.caps.limited
    owed: list[tuple[Due, Run, Owe]] = []
    for row in rows:
        run, decision = decisions.of(row, past.get(row.id, ()))
        if row.email_key in muted or run is None:
            yield row, None
        elif limited and isinstance(decision, Owe):
            owed.append((row, run, decision))
        else:
            yield row, decision
    if owed:
        yield from _within_caps(context, connection, shapes, owed, now)


def _within_caps(
    context: Context,
    connection: Connection,
    shapes: Mapping[str, Shape],
    owed: Sequence[tuple[Due, Run, Owe]],
    now: datetime,
) -> Iterator[tuple[Due, Decision]]:
    """Yield lessons that are due, or until when those wait whose people have no room for them."""
    people = {row.subscriber_id: row.time_zone for row, _, _ in owed}
    room = Room(context, connection, people, now, shapes)
    for row, run, decision in owed:
        held = room.lesson(row._asdict(), shapes[row.course], run, now)
        yield row, Wait(held.until) if held else decision


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


def _suppressed(context: Context, connection: Connection, rows: Sequence[Due]) -> set[str]:
    """Return the addresses among ``rows`` that get nothing at all."""
    hashes = {context.address_hash(row.email_key): row.email_key for row in rows}
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
