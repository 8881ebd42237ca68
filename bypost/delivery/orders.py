"""What an operator may order about one issue: each in one transaction, each as often as you like.

The order is committed first and alone: from then on nothing of a paused or cancelled issue begins
(:mod:`bypost.delivery.gate`). What was owed and not tried is taken back, or cancelled, after that,
some batches at a time; a process that dies in between has left that to the next pass
(:func:`carry_out`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from bypost.delivery import issue_order
from bypost.delivery.audience import condition
from bypost.delivery.context import Context
from bypost.delivery.issue_order import Order, OrderState, order_of
from bypost.delivery.schedule import Schedule
from bypost.delivery.steps import reached
from bypost.errors import SettingsError
from bypost.store import Connection, Row, binding, issues
from bypost.store import orders as store

#: What one transaction takes back or cancels: a batch holds a hundred people or so, with some
#: providers one.
_BATCHES, _PEOPLE = 50, 500
#: Seconds that an order itself spends on that; whoever gave it waits, and passes do the rest.
_WAITING = 1.0


@dataclass(frozen=True, slots=True)
class Voice:
    """Who orders.

    Attributes:
        by: An account's name, or ``command``.
        note: Writes the action into the log, in the transaction that carries it out.
    """

    by: str
    note: Callable[[Connection], None] = lambda _connection: None


@dataclass(frozen=True, slots=True)
class Target:
    """The issue that is meant."""

    newsletter: str
    issue: str

    @property
    def item(self) -> str:
        """Return it as deliveries name it."""
        return f"{self.newsletter}/{self.issue}"


def schedule(
    context: Context,
    target: Target,
    voice: Voice,
    *,
    when: Schedule | None = None,
    audience: str | None = None,
) -> Order:
    """Let an issue go out at another time, to another audience, or both.

    What is paused stays paused. Where people had it, or are owed it, nothing changes.

    Args:
        when: None leaves the time as it is.
        audience: Empty for everybody; None leaves it as it is.

    Raises:
        SettingsError: it was cancelled, has gone out everywhere, the time has passed, or the
            audience cannot be read.
    """
    with context.store.write() as connection:
        now = context.clock.now()
        _refuse_cancelled(connection, target)
        known = issues.find(connection, *_key(target))
        if known is not None and known["state"] == "done" and not _filed(connection, known["id"]):
            raise SettingsError(
                f"{target.item}: it has gone out everywhere\n"
                "    nobody gets an issue twice: write a new one"
            )
        if when is not None and when.last() <= now - context.late:
            raise SettingsError(
                f"{target.item}: {when} has passed\n    name a time that is to come, or `now`"
            )
        values: dict[str, Any] = {}
        if when is not None:
            values["schedule"] = str(when)
            issues.go_by_zone(connection, *_key(target))
            issues.plan_again(connection, *_key(target))
        if audience is not None:
            if audience:
                condition(context, connection, audience)
            values["audience"] = audience
        row = store.put(connection, *_key(target), {**_said(now, voice), **values})
        voice.note(connection)
    reached("ordered")
    return order_of(row)


def pause(
    context: Context, target: Target, voice: Voice, *, reason: str = ""
) -> tuple[Order, bool]:
    """Send nothing more of an issue for now; return the order and whether that changed anything.

    Raises:
        SettingsError: it was cancelled, or nothing of it is left to send.
    """
    with context.store.write() as connection:
        now = context.clock.now()
        _refuse_cancelled(connection, target)
        _refuse_settled(connection, target)
        known = issue_order.find(connection, target.item)
        changed = known is None or not known.is_paused
        values: dict[str, Any] = {"state": OrderState.PAUSED.value}
        if changed:
            values |= {"paused_at": now, "resumed_at": None, "reason": reason}
        elif reason:
            values["reason"] = reason
        row = store.put(connection, *_key(target), {**_said(now, voice), **values})
        voice.note(connection)
    reached("ordered")
    _take_back(context, target.item, _WAITING)
    return order_of(row), changed


def resume(context: Context, target: Target, voice: Voice) -> Order | None:
    """Let an issue go on; None where it was not paused.

    Raises:
        SettingsError: it was cancelled.
    """
    with context.store.write() as connection:
        now = context.clock.now()
        _refuse_cancelled(connection, target)
        known = issue_order.find(connection, target.item)
        if known is None or not known.is_paused:
            return None
        store.wake(connection, target.item)
        values = {"state": OrderState.SCHEDULED.value, "resumed_at": now, "reason": ""}
        row = store.put(connection, *_key(target), {**_said(now, voice), **values})
        voice.note(connection)
    reached("ordered")
    return order_of(row)


def cancel(context: Context, target: Target, voice: Voice, *, reason: str = "") -> int:
    """Never send anything more of an issue; return how many deliveries were cancelled by now.

    Where they are very many, the next pass cancels the rest; none of them is sent. What a provider
    has accepted stays; a request that is on its way may still be accepted.

    Raises:
        SettingsError: nothing of it is left to send.
    """
    with context.store.write() as connection:
        known = issue_order.find(connection, target.item)
        if known is None or not known.is_cancelled:
            _refuse_settled(connection, target)
            values = {"state": OrderState.CANCELLED.value, "reason": reason}
            now = context.clock.now()
            store.put(connection, *_key(target), {**_said(now, voice), **values})
            voice.note(connection)
    reached("ordered")
    return _cancel(context, target.item, _WAITING)


def clear(context: Context, target: Target, voice: Voice) -> bool:
    """Let the file decide again; return whether there was an order.

    Raises:
        SettingsError: the issue was cancelled after it had begun to go out.
    """
    with context.store.write() as connection:
        known = issue_order.find(connection, target.item)
        if known is None:
            return False
        if known.is_cancelled and store.has_begun(connection, *_key(target)):
            raise SettingsError(
                f"{target.item}: it was cancelled while it went out, and stays so\n"
                "    nobody gets an issue twice: write a new one for those who did not have it"
            )
        store.remove(connection, *_key(target))
        voice.note(connection)
    reached("ordered")
    return True


def carry_out(context: Context) -> None:
    """Take back what is owed of paused issues, and cancel what is owed of cancelled ones.

    The gate keeps both from being sent; this puts the numbers right where a process died before it
    could, and where a batch was in somebody's hands.
    """
    with context.store.read() as connection:
        found = list(issue_order.every(connection).values())
    for one in found:
        item = f"{one.newsletter}/{one.issue}"
        if one.is_cancelled:
            _cancel(context, item)
        elif one.is_paused:
            _take_back(context, item)


def _cancel(context: Context, item: str, patience: float = math.inf) -> int:
    """Cancel what is owed and not tried, for so many seconds."""
    cancelled, after, until = 0, 0, context.clock.elapsed() + patience
    while context.clock.elapsed() < until:
        with context.store.write() as connection:
            now = context.clock.now()
            order = issue_order.find(connection, item)
            if order is None or not order.is_cancelled:
                return cancelled
            some = _few(store.untried(connection, item, now, _BATCHES, held=True, after=after))
            for batch in some:
                cancelled += store.cancel_batch(connection, batch, order.words)
        if not some:
            break
        after = some[-1]["id"]
        reached("taken back")
    return cancelled


def _take_back(context: Context, item: str, patience: float = math.inf) -> None:
    """Take back what is owed and not tried: it is owed again once the issue goes on."""
    after, until = 0, context.clock.elapsed() + patience
    while context.clock.elapsed() < until:
        with context.store.write() as connection:
            order = issue_order.find(connection, item)
            if order is None or not order.is_paused:
                return
            # What a cap keeps back does not go out now, and keeps its day.
            now = context.clock.now()
            some = _few(store.untried(connection, item, now, _BATCHES, held=False, after=after))
            for batch in some:
                binding.unowe(connection, batch["id"], store.mine(connection, batch["id"]))
                store.empty_batch(connection, batch["id"])
                issues.reopen(connection, item, batch["due_at"])
        if not some:
            return
        after = some[-1]["id"]
        reached("taken back")


def _few(batches: Sequence[Row]) -> Sequence[Row]:
    """Return the first of them, so many that their transaction is short; at least one."""
    people = accumulate(batch["size"] for batch in batches)
    return [batch for batch, total in zip(batches, people, strict=True) if total <= _PEOPLE] or (
        batches[:1]
    )


def _key(target: Target) -> tuple[str, str]:
    return target.newsletter, target.issue


def _said(now: datetime, voice: Voice) -> dict[str, Any]:
    return {"at": now, "by": voice.by}


def _filed(connection: Connection, issue_id: int) -> bool:
    """Tell whether an issue came too late in some zone, so that a new time means something."""
    return any(state != "done" for state in issues.zone_states(connection, issue_id).values())


def _refuse_cancelled(connection: Connection, target: Target) -> None:
    known = issue_order.find(connection, target.item)
    if known is not None and known.is_cancelled:
        raise SettingsError(
            f"{target.item}: it was cancelled on {known.at:%-d %B %Y}\n"
            f"    as long as nobody had it: bypost newsletter clear {target.item}"
        )


def _refuse_settled(connection: Connection, target: Target) -> None:
    """Refuse where nothing is left to send: every zone is closed, and every batch settled."""
    known = issues.find(connection, *_key(target))
    if known is None or known["state"] == "planned":
        return
    if not store.is_open(connection, target.item):
        raise SettingsError(f"{target.item}: nothing of it is left to send")
