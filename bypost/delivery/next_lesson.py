"""What a mail says of the lesson that follows, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bypost.delivery.due import Run
from bypost.delivery.foresee import foresee
from bypost.delivery.shape import Shape
from bypost.model.course import IfPast

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
#: A weekday alone says which day is meant for as long.
_SAME_WEEK_DAYS = 6
#: What is on its way, in doubt or asked for is over once the mail that says this is there.
_UNDISTURBED: dict[str, Any] = {
    "pending": False,
    "held_until": None,
    "paused_until": None,
    "asked": False,
}
#: Nothing that is still to come is late.
_NEVER_LATE = timedelta(days=1)


def next_of(shape: Shape, lesson: str, run: Run, now: datetime) -> dict[str, str]:
    """Return the title and time of the lesson that follows; empty texts after the last one.

    It is the decision that will send it, made ahead.

    Args:
        run: Whose mail it is: :func:`in_order`, or what the ledger knows of them.
    """
    arrived = replace(run, had={**run.had, lesson: now}, hint=now, **_UNDISTURBED)
    found = foresee(shape, arrived, now=now, late=_NEVER_LATE)
    if found is None:
        return {"title": "", "when": "", "date": ""}
    at = found.at.astimezone(run.zone)
    return {
        "title": found.step.title,
        "when": when_text(at, now.astimezone(run.zone)),
        "date": f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}",
    }


def in_order(shape: Shape, lesson: str, run: Run) -> Run:
    """Return a run as it is where everybody goes from the first lesson to the last."""
    names = [step.lesson for step in shape.steps]
    before = names[: names.index(lesson)] if lesson in names else []
    return replace(run, had=dict.fromkeys(before, run.started_at))


def is_in_order(shape: Shape) -> bool:
    """Tell whether a lesson alone says which ones its reader had: nobody was edited past."""
    return shape.reset_at is None and not any(
        step.if_past in {IfPast.NEXT, IfPast.AT_END} for step in shape.steps
    )


def when_text(at: datetime, now: datetime) -> str:
    """Return "Tuesday at 09:00", with the date where a weekday alone could be misread."""
    hour = f"{at:%H:%M}"
    if at.date() == now.date():
        return f"today at {hour}"
    if (at.date() - now.date()).days <= _SAME_WEEK_DAYS:
        return f"{_DAYS[at.weekday()]} at {hour}"
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} at {hour}"


def date_text(local: datetime) -> str:
    """Return "23 November 2026"."""
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
