"""T3: writing down what the provider answered, under the lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bypost.delivery.claim import Blocked, Claim, Done, Later, Progress
from bypost.delivery.context import Context
from bypost.delivery.intent import Request
from bypost.delivery.outcome import Next, after_error
from bypost.errors import SendError
from bypost.model.message import Result
from bypost.providers.base import Provider
from bypost.store import Connection, budgets, ledger
from scheduler import pacing


def answer(context: Context, claim: Claim, request: Request, results: Sequence[Result]) -> None:
    """Write down the answer; a lease lost meanwhile means that somebody else does."""
    now = context.clock.now()
    pairs = list(zip(request.ids, results, strict=True))
    failed = [(i, "failed", result.error) for i, result in pairs if not result.accepted]
    named = [(i, r.provider_id) for i, r in pairs if r.accepted and r.provider_id]
    batch = claim.batch
    with context.store.write() as connection:
        before = ledger.batch(connection, batch["id"])
        values = {
            "state": "settled",
            "accepted": len(pairs) - len(failed),
            "failed": (before["failed"] if before else 0) + len(failed),
            "accepted_at": now,
            "frozen": None,
            "lease_until": None,
            "ambiguous": False,
            "detail": "",
        }
        if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
            return
        ledger.except_deliveries(connection, failed)
        ledger.name_deliveries(connection, named)
        ledger.end_attempt(
            connection,
            batch["id"],
            claim.fence,
            now=now,
            outcome="accepted",
            status=None,
            detail="",
        )


def failure(context: Context, provider: Provider, claim: Claim, error: SendError) -> Progress:
    """Write down what went wrong and when to try again."""
    now = context.clock.now()
    batch = claim.batch
    verdict = after_error(
        error,
        ambiguous=claim.ambiguous,
        send_class=provider.send_class,
        attempts=batch["attempts"] + 1,
        first_retry=timedelta(seconds=context.settings.sending.retry_seconds),
    )
    until = now + verdict.wait
    values = {
        "state": "unknown" if verdict.next is Next.UNKNOWN else "pending",
        "ambiguous": verdict.next is not Next.AGAIN,
        "next_try": until,
        "lease_until": None,
        "detail": str(error)[:400],
        **({} if verdict.next is Next.REPEAT else {"frozen": None}),
    }
    with context.store.write() as connection:
        if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
            return Done()
        ledger.end_attempt(
            connection,
            batch["id"],
            claim.fence,
            now=now,
            outcome=verdict.word,
            status=error.status,
            detail=str(error),
        )
        _tell_everybody(connection, provider.name, verdict.pause, verdict.breaker, now)
    if verdict.breaker:
        return Blocked(verdict.breaker)
    return Done() if verdict.next is Next.UNKNOWN else Later(until, str(error))


def _tell_everybody(
    connection: Connection, name: str, pause: timedelta | None, breaker: str, now: datetime
) -> None:
    """Share the provider's pause, or a breaker's opening, with all workers."""
    if pause:
        budget, _ = budgets.load(connection, name)
        budgets.save(connection, name, pacing.pause(budget, now + pause))
    if breaker:
        budgets.open_breaker(connection, name, breaker, now)
