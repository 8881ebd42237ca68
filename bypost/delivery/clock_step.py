"""A clock that was set back: what the ledger dates ahead of now is brought back.

Leases, waits and pauses are instants. Written by a clock that was an hour ahead, each of them
would hold its batch for an hour longer, or for a year if the clock was a year ahead. All of them
have a longest value, so they can be cut to it without knowing how far the clock went:

* a lease to one whole lease from now. Its owner measures half a lease on a clock that nobody can
  set, and every later write names its fence, so a live owner loses nothing by it. All processes
  over one database must have the same ``lease_seconds``;
* the wait after a failure to the longest retry; a batch that never failed waits for nothing;
* the question about an unknown batch to one quiet period from now;
* the first sending of a batch that is not settled back by as much as is known, because the
  lifetime of its idempotency key and the search for it are counted from there.

Nobody gets a mail twice or none by it; ``accepted_at`` and the hints of courses stay as they are,
so after a clock that was days ahead some lessons come later.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.store import Connection, budgets, clock_step
from bypost.store.clock_step import Newest
from scheduler import pacing
from scheduler.backoff import LONGEST_DELAY
from scheduler.pacing import SKEW

_LOG = logging.getLogger(__name__)

_NONE = timedelta(0)


def notice(context: Context) -> str:
    """Bring the ledger back to a clock that was set back.

    Returns:
        One sentence for the operator, the first time that a step is noticed; empty otherwise.
    """
    now = context.clock.now()
    with context.store.read() as connection:
        newest = clock_step.newest(connection)
        by = _ahead(newest.attempted_at, now)
        lease = _ahead(newest.leased_until, now + context.lease)
        if _ahead(newest.untried_until, now + LONGEST_DELAY):
            lease = max(lease, _ahead(newest.untried_until, now))
        # An attempt stays ahead until the clock has caught up; a lease ahead is always a new one.
        known = by > SKEW and clock_step.noticed(connection, newest.attempt, now)
    if lease <= SKEW and (by <= SKEW or known):
        return ""
    with context.store.write() as connection:
        _bring_back(context, connection, now, max(by, lease))
        clock_step.remember(connection, newest.attempt, now)
    said = _sentence(newest, by, lease)
    _LOG.warning("%s", said)
    return said


def _bring_back(context: Context, connection: Connection, now: datetime, by: timedelta) -> None:
    quiet = context.quiet
    clock_step.end_leases(connection, beyond=now + context.lease)
    clock_step.hasten(connection, now=now, longest=LONGEST_DELAY)
    clock_step.ask_by(connection, beyond=now + quiet + LONGEST_DELAY, at=now + quiet)
    clock_step.date_back(connection, now=now, by=by)
    for name in context.providers:
        budget, _ = budgets.load(connection, name)
        right = pacing.rewind(budget, now=now)
        if right != budget:
            budgets.save(connection, name, right)


def _ahead(instant: datetime | None, now: datetime) -> timedelta:
    """Return how far an instant lies ahead of now, at least nothing."""
    return max(instant - now, _NONE) if instant else _NONE


def _sentence(newest: Newest, by: timedelta, lease: timedelta) -> str:
    if by <= SKEW:
        return (
            f"a lease or a wait lasts about {_about(lease)} too long: the clock was set back, or "
            "[sending] lease_seconds was made smaller; it was shortened"
        )
    return (
        f"the clock was set back by about {_about(by)} (the newest attempt is of "
        f"{newest.attempted_at:%Y-%m-%d %H:%M} UTC): leases and waits were shortened, and sending "
        "goes on; check this machine's clock"
    )


def _about(by: timedelta) -> str:
    """Return a length of time as a person would say it."""
    minutes = round(by / timedelta(minutes=1))
    if minutes < 55:
        return f"{minutes} min"
    hours = round(by / timedelta(hours=1))
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
