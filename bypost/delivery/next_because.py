"""Why the next lesson of somebody comes when it comes, told by the functions that decide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bypost.delivery.caps import Diary, Held
from bypost.delivery.due import Run, own_time, rhythm
from bypost.delivery.foresee import Foreseen, foresee
from bypost.delivery.instants import day, instant
from bypost.delivery.shape import Shape, Step
from scheduler.cadence import AtOnce, target_date
from scheduler.window import END_OF_DAY, EVERY_DAY, WEEKDAY_NAMES, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What comes next for an enrollment.

    Attributes:
        foreseen: The lesson and its instant; None where none comes.
        because: The chain, a sentence each.
    """

    foreseen: Foreseen | None
    because: tuple[str, ...]


def explain_next(
    shape: Shape,
    run: Run,
    *,
    now: datetime,
    late: timedelta,
    diary: Diary | None = None,
    held: Held | None = None,
) -> Next:
    """Return the next lesson of a run that nothing but its own time keeps back, and why then.

    Args:
        diary: What the person has room for; None: for everything.
        held: Why a cap keeps it back; None: none does.
    """
    found = foresee(shape, run, now=now, late=late, diary=diary)
    if found is None:
        return Next(
            foreseen=None, because=(*_left_out(shape, run, None, now), "nothing more comes")
        )
    return Next(
        foreseen=found,
        because=(
            *_left_out(shape, run, found, now),
            *_rhythm(shape, run, found),
            *_put_off(shape, run, found, now, late, held),
            _goes(found.at, now, run.zone),
        ),
    )


def _left_out(shape: Shape, run: Run, found: Foreseen | None, now: datetime) -> Iterator[str]:
    """Yield the lessons ahead of the next one that are left out, and why."""
    on = (found.at if found else now).astimezone(run.zone).date()
    for step in shape.live:
        if found and step.lesson == found.step.lesson:
            return
        if step.lesson not in run.place.had and not shape.passed(run.place, step.lesson):
            yield f"“{step.title}” is left out: {closed(shape, step, run, on)}"


def closed(shape: Shape, step: Step, run: Run, on: date) -> str:
    """Return why a lesson does not go out on a local date."""
    if step.retired:
        return "it was removed from the course"
    if step.expires and step.expires <= on:
        return f"it expired on {day(step.expires)}"
    if step.season is not None and on not in step.season:
        return f"it is out of season ({step.season})"
    if step.instead_of:
        return f"it stands in for “{_title(shape, step.instead_of)}” while that one does not go out"
    stand_in = next((it for it in shape.live if it.instead_of == step.lesson), None)
    if stand_in is not None:
        return f"“{stand_in.title}” stands in for it"
    return "it does not go out"


def _rhythm(shape: Shape, run: Run, found: Foreseen) -> Iterator[str]:
    """Yield how the instant of the rhythm comes about."""
    step, zone = found.step, run.zone
    if run.asked:
        yield "it was asked for: window and hour do not count"
        return
    lesson = max(run.had, key=lambda name: run.had[name], default=None)
    last = run.had[lesson] if lesson else run.started_at
    if lesson:
        yield f"“{_title(shape, lesson)}” counts as had on {instant(last, zone)}"
    else:
        yield f"the course began for them on {instant(last, zone)}"
    if run.counts_from and run.counts_from > last:
        last = run.counts_from
        yield f"they asked for it, and kept their schedule: it counts from {instant(last, zone)}"
    cadence = rhythm(step, run)
    whose = "their own rhythm" if cadence is not step.delay else f"the delay of “{step.title}”"
    target = target_date(cadence, last.astimezone(zone).date())
    if isinstance(cadence, AtOnce):
        yield f"{whose} is “at once”: window and hour do not count"
    else:
        yield f"{whose} is “{cadence}”: {day(target)}"
    if step.not_before and step.not_before > target:
        target = step.not_before
        yield f"it does not go out before {day(target)}"
    if not isinstance(cadence, AtOnce) or (step.not_before == target):
        yield from _hour(shape, run, step, own_time(shape, step, run), target)


def _hour(shape: Shape, run: Run, step: Step, due: datetime, target: date) -> Iterator[str]:
    hour = run.own_hour or shape.hour
    whose = "their own hour" if run.own_hour else "the hour of the course"
    yield f"{whose} is {hour:%H:%M} in {run.zone.key}"
    window = shape.window_for(step, own_hour=run.own_hour is not None)
    local = due.astimezone(run.zone)
    if local.date() == target and local.time() == hour:
        return
    if target in window.skip:
        yield f"{day(target)} is a skip date"
    if window != Window.always():
        yield f"the window ({words_of(window)}) opens for it on {instant(due, run.zone)}"
    else:
        yield f"clocks change: it falls due on {instant(due, run.zone)}"


def _put_off(
    shape: Shape,
    run: Run,
    found: Foreseen,
    now: datetime,
    late: timedelta,
    held: Held | None,
) -> Iterator[str]:
    """Yield what moves it from the instant of its rhythm."""
    due, zone = own_time(shape, found.step, run), run.zone
    if run.held_until and run.held_until > now:
        until = instant(run.held_until, zone)
        yield f"a lesson before it is unknown: the course waits for it until {until}"
    if run.paused_until and run.paused_until > now:
        yield f"nothing goes out before the pause is over on {instant(run.paused_until, zone)}"
    if held is not None:
        yield f"they have no room for it before: {held.words}"
    elif run.hint > max(due, now):
        yield f"it was put off: looked at again on {instant(run.hint, zone)}"
    for at, what in ((shape.reset_at, "the course was edited"), (run.reset_at, "a hold ended")):
        if at is not None and max(due, run.hint) < at and not run.asked:
            yield f"{what} on {instant(at, zone)}: what fell due before waits for the next opening"
    if found.at > now > due and now - max(due, run.hint) > late:
        hours = late / timedelta(hours=1)
        yield f"it is more than {hours:g} h late: it waits for the next opening of the window"


def _goes(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    return (
        "so it goes out with the next pass"
        if at <= now
        else f"so it goes out on {instant(at, zone)}"
    )


def words_of(window: Window) -> str:
    """Return "08:00 to 20:00, Monday to Friday, 2 skip dates"."""
    end = "24:00" if window.end == END_OF_DAY else f"{window.end:%H:%M}"
    parts = [f"{window.start:%H:%M} to {end}"]
    if window.weekdays != EVERY_DAY:
        parts.append(", ".join(WEEKDAY_NAMES[n].capitalize() for n in sorted(window.weekdays)))
    if window.skip:
        parts.append(f"{len(window.skip)} skip date{'s' if len(window.skip) > 1 else ''}")
    return ", ".join(parts)


def _title(shape: Shape, lesson: str) -> str:
    return next((step.title for step in shape.steps if step.lesson == lesson), lesson)
