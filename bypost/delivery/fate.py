"""What became of one delivery, in sentences; and what a batch that has not left is waiting for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from bypost.delivery import owner
from bypost.delivery.context import Context
from bypost.delivery.instants import instant
from bypost.delivery.room import held_issue
from bypost.delivery.trace import Trace
from bypost.store import Connection, Row, budgets, ledger
from scheduler import pacing

#: What providers tell, by the kind of event; others are told by their name.
_EVENTS = {
    "sent": "sent on by {provider}",
    "delivered": "delivered to the recipient's server",
    "bounced": "bounced for good",
    "soft-bounced": "bounced this time",
    "deferred": "{provider} is still trying",
    "complained": "marked as spam by its reader",
    "rejected": "not sent by {provider} after all",
}


def fate(context: Context, connection: Connection, trace: Trace, zone: ZoneInfo) -> Iterator[str]:
    """Yield what became of a delivery: how it stands, then each event."""
    row = trace.row
    why = f": {trace.reason}" if trace.reason else ""
    match trace.state:
        case "accepted":
            when = f" on {instant(row['accepted_at'], zone)}" if row["accepted_at"] else ""
            yield f"accepted by {row['provider']}{when}"
        case "failed" | "cancelled":
            yield f"{trace.state}{why}"
        case "unknown":
            began = trace.attempts[-1]["started_at"] if trace.attempts else row["due_at"]
            yield f"unknown since {instant(began, zone)}: it may have been delivered{why}"
            yield f"settle it: bypost reconcile --sent {trace.ref}, or --resend {trace.ref}"
        case _:
            batch = ledger.batch(connection, row["batch_id"])
            if batch is not None and batch["state"] in ledger.OPEN:
                yield from waiting(context, connection, batch, zone)
    for event in trace.events:
        words = _EVENTS.get(event["kind"], event["kind"]).format(provider=event["provider"])
        yield f"{words} on {instant(event['at'], zone)}, says {event['provider']}"


def waiting(context: Context, connection: Connection, batch: Row, zone: ZoneInfo) -> Iterator[str]:
    """Yield what an open batch is waiting for, as the sender would find it."""
    now, kept = context.clock.now(), held_issue(batch)
    if kept is not None:
        since = datetime.fromisoformat(batch["held"]["since"])
        yield f"its time came on {instant(since, zone)}, and they had no room: {kept.words}"
        yield f"it is looked at again on {instant(kept.until, zone)}"
        return
    yield f"owed since {instant(batch['due_at'], zone)}, and not accepted yet"
    name = batch["provider"]
    if name not in context.providers:
        yield f"`{name}` is not in [sending] provider: the next pass moves it"
        return
    if batch["ambiguous"]:
        yield "an attempt got no answer: the same request is repeated"
    lease = batch["lease_until"]
    if lease is not None and lease > now and not owner.is_gone(batch["lease_owner"]):
        yield f"a process has it in its hands, until {instant(lease, zone)} at most"
        return
    budget, breaker = budgets.load(connection, name)
    if breaker:
        yield f"{name} is stopped: {breaker}; it goes on after `bypost resume {name}`"
        return
    if batch["next_try"] > now:
        yield _next_try(batch, zone)
        return
    yield _pace(context, batch, budget, now, zone)


def _next_try(batch: Row, zone: ZoneInfo) -> str:
    tries = "1 try" if batch["attempts"] == 1 else f"{batch['attempts']} tries"
    after = f", after {tries}" if batch["attempts"] else ""
    why = f": {batch['detail']}" if batch["detail"] else ""
    return f"it is tried on {instant(batch['next_try'], zone)}{after}{why}"


def _pace(
    context: Context, batch: Row, budget: pacing.Budget, now: datetime, zone: ZoneInfo
) -> str:
    """Return when the provider's pace lets a batch leave."""
    rate = context.rates.get(batch["provider"], pacing.Rate())
    limit, left = rate.limit_on(now.date()), pacing.remaining(budget, rate, now=now)
    items = min(batch["size"], limit or batch["size"])
    _, wait = pacing.take(budget, rate, calls=1, items=items, now=now)
    if not wait:
        return "it leaves with the next pass"
    if budget.paused_until is not None and budget.paused_until > now:
        why = f"{batch['provider']} asked everybody to wait"
    elif left is not None and left < items:
        why = f"the {limit:,} mails that {batch['provider']} allows today are used up"
    else:
        why = f"{batch['provider']} allows {rate.per_second:g} requests a second"
    return f"{why}: it leaves on {instant(now + wait, zone)} at the earliest"
