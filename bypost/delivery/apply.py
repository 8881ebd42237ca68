"""Taking a new structure over while people are in the course; it may die at any instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bypost.delivery import last_pass
from bypost.delivery.applied import current
from bypost.delivery.context import Context
from bypost.delivery.edit import changes, merged
from bypost.delivery.owe import owe_lessons
from bypost.delivery.plan import Plan, is_brought_back
from bypost.delivery.read_run import place_of
from bypost.delivery.shape import Shape
from bypost.delivery.shape_file import dump, load
from bypost.delivery.steps import reached
from bypost.delivery.zones import zone
from bypost.errors import SettingsError
from bypost.store import Connection, Row, contents, enrollments, ledger, meta

_CHUNK = 1000
#: Fact of the database: up to which enrollment of a course people were looked at after an edit.
_WOKEN = "woken:"


class Replanned(SettingsError):
    """The course was edited since it was planned."""


def apply(
    context: Context,
    before: Shape,
    plan: Plan,
    *,
    note: Callable[[Connection], None] | None = None,
) -> None:
    """Let people go through the course as planned.

    What is due by the old rules is owed first, by them. Then the new structure holds, and
    everybody is looked at anew; a process that dies in between leaves the rest to the next pass.

    Args:
        note: Writes into the log what was done, in the transaction from which on it holds.

    Raises:
        Replanned: Somebody else has edited the course meanwhile; nothing was changed.
    """
    # What falls due while this is being written is no longer due by the old rules.
    began = context.clock.now()
    owe_lessons(context, {plan.course: before})
    reached("owed-before-edit")
    with context.store.write() as connection:
        now = context.clock.now()
        # Later than all that was owed by the old rules, on a clock that stands still as well.
        shape = merged(_still(connection, before), plan.wish, now=now + timedelta.resolution)
        contents.apply_course(connection, plan.course, dump(replace(shape, reset_at=began)), now)
        meta.put(connection, f"{_WOKEN}{plan.course}", "0")
        _waits_no_more(connection, plan.course)
        if note is not None:
            note(connection)
    reached("edited")
    wake(context)


def _still(connection: Connection, before: Shape) -> Shape:
    """Return the course as it holds: as it was planned, but for texts that came in between."""
    holds = current(connection, before.course)
    if holds is None or holds.reset_at != before.reset_at or changes(before, holds):
        raise Replanned(
            f"lessons/{before.course}: was edited by somebody else meanwhile; nothing was changed\n"
            "    run `bypost plan` again"
        )
    return holds


def _waits_no_more(connection: Connection, course: str) -> None:
    """Take the course off what the last pass found waiting: the next one may be far away."""
    last = last_pass.read(connection)
    if last is not None and course in last.waiting:
        waiting = {name: number for name, number in last.waiting.items() if name != course}
        last_pass.write(connection, replace(last, waiting=waiting))


def wake(context: Context) -> None:
    """Look anew at everybody in courses that were edited; goes on where it was stopped."""
    with context.store.read() as connection:
        courses = [key.removeprefix(_WOKEN) for key in meta.keys(connection, _WOKEN)]
    for course in courses:
        while _wake_some(context, course):
            reached("woken")


def _wake_some(context: Context, course: str) -> bool:
    """Wake the next thousand; return whether there are more."""
    now = context.clock.now()
    with context.store.write() as connection:
        key = f"{_WOKEN}{course}"
        after_id = meta.get(connection, key)
        if after_id is None:  # another process was faster
            return False
        rows = enrollments.in_course(connection, course, after_id=int(after_id), limit=_CHUNK)
        shape = load(contents.applied(connection)[course])
        active = [row["id"] for row in rows if row["status"] == "active"]
        enrollments.look_again(connection, active)
        through = [row for row in rows if row["status"] == "finished"]
        enrollments.bring_back(connection, _brought_back(connection, shape, through, now))
        if len(rows) < _CHUNK:
            meta.remove(connection, key)
            return False
        meta.put(connection, key, str(rows[-1]["id"]))
        return True


def _brought_back(
    connection: Connection, shape: Shape, rows: list[Row], now: datetime
) -> list[int]:
    past = ledger.history(connection, [row["id"] for row in rows])
    found = []
    for row in rows:
        place = place_of(row, past.get(row["id"], ()))
        today = now.astimezone(zone(row["time_zone"], shape.time_zone)).date()
        if is_brought_back(shape, place, today):
            found.append(row["id"])
    return found
