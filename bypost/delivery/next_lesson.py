"""What a mail says of the lesson that follows, in words."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from bypost.delivery.due import Run, parse_pace, predict
from bypost.delivery.shape import Place, Shape, Step

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
#: A weekday alone says which day is meant for as long.
_SAME_WEEK_DAYS = 6


def next_of(
    shape: Shape,
    lesson: str,
    own: ZoneInfo,
    hour: str,
    pace: str,
    *,
    now: datetime,
    counted: datetime | None = None,
) -> dict[str, str]:
    """Return the next lesson's title and time; empty texts after the last one.

    Args:
        counted: When this lesson counts as had; None: now.
    """
    step = following(shape, lesson, now.astimezone(own))
    if step is None:
        return {"title": "", "when": "", "date": ""}
    run = Run(
        zone=own,
        own_hour=time.fromisoformat(hour) if hour else None,
        started_at=now,
        hint=now,
        had={lesson: now},
        pace=parse_pace(pace),
    )
    at = predict(shape, step, run, accepted=max(now, counted or now)).astimezone(own)
    return {
        "title": step.title,
        "when": when_text(at, now.astimezone(own)),
        "date": f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}",
    }


def following(shape: Shape, lesson: str, local: datetime) -> Step | None:
    """Return the step after ``lesson``."""
    place = next((i for i, step in enumerate(shape.steps) if step.lesson == lesson), -1)
    had = dict.fromkeys((lesson, *(step.lesson for step in shape.steps[: place + 1])), local)
    return shape.next_step(Place(had=had), local.date())


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
