"""T3: writing down what the provider answered, under the lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bypost.delivery import doubt, failover, line, outcome
from bypost.delivery.claim import Blocked, Claim, Done, Later, Progress
from bypost.delivery.context import Context
from bypost.delivery.intent import Request
from bypost.delivery.outcome import Next, Verdict
from bypost.errors import Refused, SendError
from bypost.model.message import Result
from bypost.providers.base import Provider
from bypost.store import Connection, Row, batch_members, binding, budgets, events, ledger
from scheduler import pacing


def answer(context: Context, claim: Claim, request: Request, results: Sequence[Result]) -> None:
    """Write down the answer; a lease lost meanwhile means that somebody else does."""
    now = context.clock.now()
    pairs = list(zip(request.ids, results, strict=True))
    accepted = [(i, r.provider_id) for i, r in pairs if r.accepted]
    again = [i for i, r in pairs if r.retry]
    failed = [(i, "failed", r.error) for i, r in pairs if not r.accepted and not r.retry]
    batch_id = claim.batch["id"]
    with context.store.write(together=True) as connection:
        batch = ledger.batch(connection, batch_id)
        if batch is None:
            return
        values = {
            "state": "settled",
            "accepted": batch["accepted"] + len(accepted),
            "failed": batch["failed"] + len(failed),
            "size": batch["size"] - len(again),
            "accepted_at": now,
            "frozen": None,
            "lease_until": None,
            "ambiguous": False,
            "detail": "",
        }
        if not ledger.update_fenced(connection, batch_id, claim.fence, values):
            return
        ledger.except_deliveries(connection, failed)
        _owe_again(context, connection, batch, again, now)
        ledger.name_deliveries(connection, [(i, name) for i, name in accepted if name])
        _end_attempt(connection, claim, now, "accepted")
    refused = [i for i, _, _ in failed]
    line.tell(context, claim, "accepted", accepted=len(accepted), refused=refused)


def _owe_again(
    context: Context, connection: Connection, batch: Row, ids: Sequence[int], now: datetime
) -> None:
    """Give those that were not taken, through no fault of theirs, a batch of their own."""
    if ids:
        wait = timedelta(seconds=context.settings.sending.retry_seconds)
        provider = batch["provider"]
        binding.rebind(connection, batch, ids, provider=provider, next_try=now + wait)


def failure(context: Context, provider: Provider, claim: Claim, error: SendError) -> Progress:
    """Write down what went wrong and when to try again."""
    now = context.clock.now()
    with context.store.write() as connection:
        batch = ledger.batch(connection, claim.batch["id"])
        if batch is None:
            return Done()
        verdict = _judge(context, connection, provider, claim, batch, error)
        if not _write(context, connection, claim, batch, verdict, error, now):
            return Done()
        _end_attempt(connection, claim, now, verdict.word, error)
        _tell_everybody(connection, provider.name, verdict, now)
    line.tell(context, claim, verdict.word, status=error.status)
    if _moves(context, verdict):  # the next claim says who takes it over
        return Done()
    if verdict.breaker:
        return Blocked(verdict.breaker, everybody=not failover.exists(context))
    if verdict.next in (Next.AGAIN, Next.REPEAT):
        return Later(now + verdict.wait, str(error))
    return Done()


def _moves(context: Context, verdict: Verdict) -> bool:
    """Tell whether the batch need not wait here: another provider may take it over at once."""
    if verdict.next is not Next.AGAIN or not failover.exists(context):
        return False
    return bool(verdict.breaker) or failover.is_long(context, verdict.pause or timedelta(0))


def _judge(
    context: Context,
    connection: Connection,
    provider: Provider,
    claim: Claim,
    batch: Row,
    error: SendError,
) -> Verdict:
    return outcome.after_error(
        error,
        ambiguous=claim.ambiguous,
        send_class=provider.send_class,
        attempts=batch["attempts"],
        first_retry=timedelta(seconds=context.settings.sending.retry_seconds),
        suspicion=outcome.suspicion(
            error,
            refusals=batch["refusals"],
            size=batch["members"],
            lately=ledger.lately(connection, provider.name, outcome.ALL_REFUSED),
            others=_others_get_through(connection, claim.batch),
        ),
    )


def _others_get_through(connection: Connection, before: Row) -> bool:
    """Tell whether a provider accepted anything since it was mended, and these people were tried.

    Args:
        before: The batch as it was before this attempt.
    """
    provider = before["provider"]
    instants = [budgets.closed_at(connection, provider), before["first_sent_at"]]
    since = max((at for at in instants if at is not None), default=None)
    if since is None:
        return False
    # While it was stopped nothing was accepted: the same instant counts.
    return events.accepted(connection, provider, since - timedelta(microseconds=1)) > 0


def _write(
    context: Context,
    connection: Connection,
    claim: Claim,
    batch: Row,
    verdict: Verdict,
    error: SendError,
    now: datetime,
) -> bool:
    """Do what the verdict says; False where the lease is no longer ours."""
    refused = isinstance(error, Refused)
    words = failover.words(batch, batch["provider"], error) if refused else str(error)
    match verdict.next:
        case Next.UNKNOWN:
            return doubt.leave_open(context, connection, batch, claim.fence, why=words, now=now)
        case Next.FAILED:
            return _fail(connection, claim, batch, words)
        case Next.SPLIT:
            return _halve(connection, claim, batch, words, now)
    values = {
        "state": "pending",
        "ambiguous": verdict.next is Next.REPEAT,
        "next_try": now if _moves(context, verdict) else now + verdict.wait,
        "lease_until": None,
        "refusals": batch["refusals"] + refused,
        "detail": words[:400],
        **({} if verdict.next is Next.REPEAT else {"frozen": None}),
    }
    return ledger.update_fenced(connection, batch["id"], claim.fence, values)


def _fail(connection: Connection, claim: Claim, batch: Row, words: str) -> bool:
    """Settle a request whose only recipient is refused."""
    ids = batch_members.ids(connection, batch["id"])
    values = {
        "state": "settled",
        "failed": batch["failed"] + len(ids),
        "frozen": None,
        "lease_until": None,
        "detail": words[:400],
    }
    if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
        return False
    ledger.except_deliveries(connection, [(i, "failed", words) for i in ids])
    return True


def _halve(connection: Connection, claim: Claim, batch: Row, words: str, now: datetime) -> bool:
    """Give each half of a refused request a batch of its own."""
    ids = batch_members.ids(connection, batch["id"])
    values = {
        "state": "settled",
        "size": batch["size"] - len(ids),
        "frozen": None,
        "recipe": None,
        "lease_until": None,
    }
    if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
        return False
    past = {"refusals": batch["refusals"], "first_sent_at": batch["first_sent_at"]}
    half = (len(ids) + 1) // 2
    for part in (ids[:half], ids[half:]):
        binding.rebind(
            connection,
            batch,
            part,
            provider=batch["provider"],
            next_try=now,
            past={**past, "detail": words[:400]},
        )
    return True


def _end_attempt(
    connection: Connection,
    claim: Claim,
    now: datetime,
    word: str,
    error: SendError | None = None,
) -> None:
    ledger.end_attempt(
        connection,
        claim.batch["id"],
        claim.fence,
        now=now,
        outcome=word,
        status=error.status if error else None,
        detail=str(error or ""),
    )


def _tell_everybody(connection: Connection, name: str, verdict: Verdict, now: datetime) -> None:
    """Share the provider's pause, or a breaker's opening, with all workers."""
    if verdict.pause:
        budget, _ = budgets.load(connection, name)
        budgets.save(connection, name, pacing.pause(budget, now + verdict.pause))
    if verdict.breaker:
        budgets.open_breaker(connection, name, verdict.breaker, now)
