"""What one enrollment is owed now: a pure function of its past, the shape and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bypost.delivery.shape import Place, Shape, Step
from scheduler.cadence import AtOnce, Cadence, Days, due_at, parse_cadence
from scheduler.slots import slots_by_clock
from scheduler.window import Window

#: How soon to look again at an enrollment whose earlier delivery is still on its way.
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One enrollment as the decision needs it.

    Attributes:
        own_hour: The person's own hour; None for the course's.
        hint: The wake-up hint that has come.
        had: Lesson -> when it was accepted (or given up).
        owed: Lesson -> when it fell due, of those that were accepted later.
        pending: An earlier delivery is still on its way.
        held_until: An earlier delivery is unknown; the course waits until then.
        pace: The person's own cadence; None for the course's.
        asked: Asked for the next lesson now.
        keeps: What was asked for leaves the schedule as it is.
        counts_from: The last lesson counts as had then, if that is later than when it came.
        begins_with: The lesson they began with; empty for the first.
        finished: They were through with the course once.
        reset_at: As :attr:`Shape.reset_at`, for them alone: something was held until then.
    """

    zone: ZoneInfo
    own_hour: time | None
    started_at: datetime
    hint: datetime
    had: Mapping[str, datetime]
    owed: Mapping[str, datetime] = field(default_factory=dict)
    pending: bool = False
    held_until: datetime | None = None
    paused_until: datetime | None = None
    pace: Cadence | None = None
    asked: bool = False
    keeps: bool = False
    counts_from: datetime | None = None
    begins_with: str = ""
    finished: bool = False
    reset_at: datetime | None = None

    @property
    def place(self) -> Place:
        """Return where they are in the course."""
        had = {**self.had, **self.owed} if self.owed else self.had
        return Place(had=had, begins_with=self.begins_with, finished=self.finished)


@dataclass(frozen=True, slots=True)
class Owe:
    """The step is owed now; look again at ``hint``, when the one after it should fall due.

    Attributes:
        counts_from: For the schedule it counts as had then; None: when it comes.
    """

    step: Step
    due_at: datetime
    hint: datetime
    counts_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is owed before ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Finish:
    """The course is over for this person."""


Decision = Owe | Wait | Finish


def decide(shape: Shape, run: Run, *, now: datetime, late: timedelta) -> Decision:
    """Return what an enrollment whose hint has come is owed at ``now``.

    The true instant is computed anew from the acceptance of the last lesson and today's rules;
    the hint only said when to look. At most one lesson is owed at a time, and none while an
    earlier one is on its way, so nobody ever gets a pile.
    """
    if run.pending:
        return Wait(now + LOOK_AGAIN)
    if run.held_until and run.held_until > now:
        return Wait(run.held_until)
    step = next_step(shape, run, now)
    if step is None:
        return Finish()
    if run.paused_until and run.paused_until > now:
        return Wait(_opening(shape, step, run, run.paused_until))
    due = own_time(shape, step, run)
    if due > now:
        return Wait(due)
    # A hint later than the true instant was set by an earlier postponement: it counts.
    waiting = _wait_for_window(shape, step, run, max(due, run.hint), now, late)
    if waiting is not None:
        return Wait(waiting)
    counts_from = _kept(shape, step, run, now)
    had = {**run.had, step.lesson: now}
    after = next_step(shape, replace(run, had=had, counts_from=counts_from, asked=False), now)
    hint = predict(shape, after, run, accepted=counts_from or now) if after else now
    due = max(due, run.hint)
    # What ignores the window, or waited for an edit, a hold or an opening, is due when it is owed.
    anew = _ignores_window(step, run) or _reset_at(shape, run, due) or now - due > late
    return Owe(step, now if anew else due, hint, counts_from)


def next_step(shape: Shape, run: Run, now: datetime) -> Step | None:
    """Return the step that comes next, by the days on which each would leave; None at the end."""
    today = now.astimezone(run.zone).date()

    def day_of(step: Step) -> date:
        leaves = own_time(shape, replace(step, not_before=None), run)
        return max(today, leaves.astimezone(run.zone).date())

    return shape.next_step(run.place, day_of)


def predict(shape: Shape, step: Step, run: Run, *, accepted: datetime) -> datetime:
    """Return when ``step`` falls due if the lesson before it is accepted at ``accepted``."""
    window = shape.window_for(step, own_hour=run.own_hour is not None)
    slots = slots_by_clock(rhythm(step, run), window, step.not_before)
    return slots[run.zone, run.own_hour or shape.hour].due(accepted)


def own_time(shape: Shape, step: Step, run: Run) -> datetime:
    """Return when a step comes by its rhythm alone, or was asked for."""
    return run.started_at if run.asked else _regular(shape, step, run)


def _regular(shape: Shape, step: Step, run: Run) -> datetime:
    """Return when a step comes if nobody asks for it."""
    last = max(run.had.values(), default=run.started_at)
    return predict(shape, step, run, accepted=max(last, run.counts_from or last))


def _kept(shape: Shape, step: Step, run: Run, now: datetime) -> datetime | None:
    """Return when a step that was asked for would have come, if the schedule stays as it is."""
    if not (run.asked and run.keeps):
        return None
    regular = max(_regular(shape, step, run), run.paused_until or now)
    return regular if regular > now else None


def _wait_for_window(
    shape: Shape, step: Step, run: Run, due: datetime, now: datetime, late: timedelta
) -> datetime | None:
    """Return when to look again if mail may not leave now; None if it may."""
    if run.asked:
        return None
    if reset_at := _reset_at(shape, run, due):
        due = _opening(shape, step, run, reset_at)
        if due > now:
            return due
    if isinstance(rhythm(step, run), AtOnce):
        return None
    window = shape.window_for(step, own_hour=run.own_hour is not None)
    if now - due <= late and window.is_open(now, run.zone):
        return None
    opening = _opening(shape, step, run, now)
    return opening if opening > now else None


def _reset_at(shape: Shape, run: Run, due: datetime) -> datetime | None:
    """Return when the edit or the end of the hold was that something fell due before; or None."""
    return max((at for at in (shape.reset_at, run.reset_at) if at and due < at), default=None)


def _ignores_window(step: Step, run: Run) -> bool:
    return run.asked or isinstance(rhythm(step, run), AtOnce)


def _opening(shape: Shape, step: Step, run: Run, after: datetime) -> datetime:
    """Return the first opening at or after the person's hour from ``after`` on."""
    hour = run.own_hour or shape.hour
    window: Window = shape.window_for(step, own_hour=run.own_hour is not None)
    local = after.astimezone(run.zone)
    day = local.date() if local.time() <= hour else local.date() + timedelta(days=1)
    # A noon of the day before is a safe "last": due_at counts dates, not hours.
    eve = datetime.combine(day - timedelta(days=1), time(12), run.zone).astimezone(UTC)
    opening = due_at(Days(1), last=eve, zone=run.zone, hour=hour, window=window)
    return max(opening, after)


def rhythm(step: Step, run: Run) -> Cadence:
    """Return the person's own rhythm, which never holds back what goes out at once."""
    return step.delay if run.pace is None or isinstance(step.delay, AtOnce) else run.pace


def parse_pace(text: str) -> Cadence | None:
    """Return a stored pace; an empty text means the course's rhythm."""
    return parse_cadence(text) if text else None
