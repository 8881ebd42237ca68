"""Keeping the figures of courses young: a step of every pass that never takes long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.store import Connection
from bypost.store import course_figures as store
from bypost.store.course_figures import Progress
from bypost.store.daily import day_of

#: Runs that are counted in one go: 5,000 take about 60 ms.
_CHUNK = 5_000
#: Seconds that one pass gives to counting.
_PATIENCE = 0.25
#: Figures are counted again after so long, and after so many times what counting took: the second
#: where nobody began, had a lesson, left or finished since, so that pauses alone can differ.
_AGE, _TIMES, _TIMES_IDLE = timedelta(minutes=1), 60, 600


@dataclass(frozen=True, slots=True)
class Age:
    """Which count is shown, and how old it is; None: nothing was counted yet."""

    number: int
    at: datetime | None


def refresh(context: Context, *, patience: float | None = _PATIENCE) -> bool:
    """Count where runs stand, for a moment; return whether there is nothing left to count now.

    Stopped anywhere, it goes on where it stopped.

    Args:
        patience: Seconds; None for a whole count, however young the last one is.
    """
    began = context.clock.elapsed()
    with context.store.read() as connection:
        now = store.progress(connection)
        if now.after is None:
            now = replace(now, new_signs=store.signs(connection, day_of(context.clock.now())))
    if patience is not None and now.after is None and not _is_old(now, context.clock.now()):
        return True
    while True:
        now = _go_on(context, now)
        if now.after is None:
            return True
        if patience is not None and context.clock.elapsed() - began >= patience:
            return False


def age(connection: Connection) -> Age:
    """Return which count pages show."""
    now = store.progress(connection)
    return Age(now.shown, now.at)


def _is_old(now: Progress, instant: datetime) -> bool:
    times = _TIMES_IDLE if now.signs == now.new_signs else _TIMES
    return now.at is None or instant - now.at >= max(_AGE, times * now.took)


def _go_on(context: Context, now: Progress) -> Progress:
    """Count the next runs; at the end put the count in place."""
    began = context.clock.elapsed()
    after = now.after or 0
    with context.store.read() as connection:
        last = store.last_of(connection, after=after, limit=_CHUNK)
        instant = context.clock.now()
        rows = store.count(connection, after=after, last=last, now=instant) if last else ()
    spent = now.spent + timedelta(seconds=context.clock.elapsed() - began)
    with context.store.write() as connection:
        # Somebody else may have counted these meanwhile: then theirs counts.
        held = store.progress(connection)
        if (held.shown, held.after) != (now.shown, now.after):
            return replace(held, after=None)
        if now.after is None:
            store.forget(connection, but=now.shown)
        if last is not None:
            store.add(connection, now.shown + 1, rows)
            done = replace(now, after=last, spent=spent)
        else:
            done = Progress(shown=now.shown + 1, at=instant, took=spent, signs=now.new_signs)
            store.forget(connection, but=done.shown)
        store.note(connection, done)
    return done
