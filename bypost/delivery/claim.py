"""T1: taking a batch under lease, if it is free, its time has come and the pace allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bypost.delivery import doubt, failover, gate, kept_issues, owner
from bypost.delivery.context import Context
from bypost.delivery.outcome import may_repeat
from bypost.store import Connection, Row, budgets, ledger, orders
from scheduler import pacing

#: How soon to look again at a batch bound to a provider that this process does not have.
_FOREIGN = timedelta(minutes=1)
#: How soon to look again at a batch that somebody else is just writing to.
_IN_HAND = timedelta(seconds=1)
#: How soon to look again at an issue that a cap kept back, and that is paused meanwhile.
_PAUSED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Done:
    """The batch needs nothing more from us now."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now.

    Attributes:
        trouble: What went wrong; empty for a pace or somebody else's lease.
        everybody: The provider's pace: no other batch may leave before either.
    """

    until: datetime
    trouble: str = ""
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """The provider's breaker is open.

    Attributes:
        everybody: No other batch may leave either.
    """

    reason: str
    everybody: bool = True


Progress = Done | Later | Blocked


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch under our lease."""

    batch: Row
    fence: int
    ambiguous: bool
    started: float


def take(context: Context, batch_id: int) -> Claim | Progress:
    """Take the lease, if the batch is free, its time has come and the pace allows."""
    with context.store.write(together=True) as connection:
        taken = _take(context, connection, batch_id, alone=False)
    if taken is None:
        with context.store.write() as connection:
            taken = _take(context, connection, batch_id, alone=True)
    return taken or Done()


def _take(
    context: Context, connection: Connection, batch_id: int, *, alone: bool
) -> Claim | Progress | None:
    """Take the lease in the caller's transaction; None: only who is alone can decide.

    Args:
        alone: Nobody else writes meanwhile.
    """
    now = context.clock.now()
    batch = ledger.hold(connection, batch_id)
    if batch is None:
        return _not_held(connection, batch_id, now)
    if batch["state"] not in ledger.OPEN:
        return Done()
    busy = _held_until(batch, now)
    if busy is not None:
        return Later(busy)
    if batch["held"]:  # by a cap, until it fell due
        if not alone:  # what other batches bring the same people counts
            return None
        if gate.is_paused(connection, batch, now):  # it keeps its place, and its people theirs
            orders.look_again(connection, batch_id, now + _PAUSED)
            return Later(now + _PAUSED)
        if not kept_issues.sift(context, connection, batch, now):
            return Done()
        batch = ledger.batch(connection, batch_id) or batch
    # A lease that ran out, or whose owner died, over an intent: it may have been accepted.
    ambiguous = batch["ambiguous"] or batch["state"] == "sending"
    if ambiguous and not _repeatable(context, batch, now):
        _give_up(context, connection, batch, now)
        return Done()
    pace = _pace(context, connection, batch, now, ambiguous=ambiguous)
    return pace or _lease(context, connection, batch, now, ambiguous=ambiguous)


def _not_held(connection: Connection, batch_id: int, now: datetime) -> Progress:
    """Return what to do about a batch that is gone, or in somebody else's transaction."""
    batch = ledger.batch(connection, batch_id)
    is_open = batch is not None and batch["state"] in ledger.OPEN
    return Later(now + _IN_HAND) if is_open else Done()


def _lease(
    context: Context, connection: Connection, batch: Row, now: datetime, *, ambiguous: bool
) -> Claim | Progress:
    fence = batch["fence"]
    if batch["state"] == "sending":
        _close_lost_attempt(connection, batch, now)
    until = now + context.lease
    if not ledger.lease(connection, batch["id"], fence=fence, until=until, owner=owner.current()):
        return Done()
    ledger.update_fenced(connection, batch["id"], fence + 1, {"ambiguous": ambiguous})
    return Claim(batch, fence + 1, ambiguous, context.clock.elapsed())


def _pace(
    context: Context, connection: Connection, batch: Row, now: datetime, *, ambiguous: bool
) -> Progress | None:
    """Return why the batch does not leave now; None: it does.

    Where its provider cannot take it soon, it moves to another one. A batch that may have been
    accepted stays; while it waits, the others may go.
    """
    # What the gate only owes anew must not use up the day's quota.
    if not ambiguous and gate.waits(context, connection, batch, now):
        return _obstacle(context, connection, batch, now, sends=False)
    if not ambiguous and _moves(context, connection, batch, now):
        return Done()
    pace = _obstacle(context, connection, batch, now, sends=True)
    if pace is None or not failover.exists(context) or not _is_long(context, pace, now):
        return pace
    if ambiguous:
        return replace(pace, everybody=False)
    return Done() if failover.move(context, connection, batch, now) else pace


def _moves(context: Context, connection: Connection, batch: Row, now: datetime) -> bool:
    """Let a batch go to another provider though its own would take mail now; False: it stays."""
    if failover.is_turned_away(batch):
        return bool(failover.move(context, connection, batch, now, back=True))
    down = failover.is_down(context, connection, batch["provider"], now)
    return down and bool(failover.move(context, connection, batch, now))


def _is_long(context: Context, pace: Later | Blocked, now: datetime) -> bool:
    """Tell whether a provider lets everybody wait so long that another one takes over."""
    if isinstance(pace, Blocked):
        return True
    return pace.everybody and failover.is_long(context, pace.until - now)


def _held_until(batch: Row, now: datetime) -> datetime | None:
    """Return until when the batch must be left alone; None if it is free."""
    lease: datetime | None = batch["lease_until"]
    if lease is not None and lease > now and not owner.is_gone(batch["lease_owner"]):
        return lease
    next_try: datetime = batch["next_try"]
    return next_try if next_try > now else None


def _close_lost_attempt(connection: Connection, batch: Row, now: datetime) -> None:
    """Close the audit row of an attempt whose process died before it could record."""
    ledger.end_attempt(
        connection,
        batch["id"],
        batch["fence"],
        now=now,
        outcome="lost",
        status=None,
        detail="the process died before it recorded an answer",
    )


def _repeatable(context: Context, batch: Row, now: datetime) -> bool:
    provider = context.providers.get(batch["provider"])
    return provider is not None and may_repeat(
        provider.send_class, batch["first_sent_at"] or now, now
    )


def _give_up(context: Context, connection: Connection, batch: Row, now: datetime) -> None:
    """Show as unknown what can neither be repeated nor known."""
    fence = batch["fence"]
    why = batch["detail"] or "the process ended before it heard the provider's answer"
    doubt.leave_open(context, connection, batch, fence, why=why, now=now)
    if batch["state"] == "sending":
        _close_lost_attempt(connection, batch, now)


def _obstacle(
    context: Context, connection: Connection, batch: Row, now: datetime, *, sends: bool
) -> Later | Blocked | None:
    """Take one request out of the provider's budget, if it will be sent; None if nothing stops it.

    Args:
        sends: False for a batch whose people will only be taken out of it.
    """
    name = batch["provider"]
    if name not in context.providers:
        return Later(now + _FOREIGN, f"`{name}` is not in [sending] provider; a pass moves it")
    if not sends:
        return None
    budget, breaker = budgets.load(connection, name)
    if breaker:
        return Blocked(breaker)
    rate = context.rates.get(name, pacing.Rate())
    if rate == pacing.Rate() and budget.paused_until is None:
        return None
    budget, breaker = budgets.hold(connection, name)
    # A quota lowered below a batch's size: it leaves alone, on a day of its own.
    items = min(batch["size"], rate.limit_on(now.date()) or batch["size"])
    taken, wait = pacing.take(budget, rate, calls=1, items=items, now=now)
    if wait:
        return Later(now + wait, everybody=True)
    budgets.save(connection, name, taken)
    return None
