"""Bringing one batch to its provider, at most once accepted, however often this is called.

    T1 lease    a fencing number that every later write names
       gate     who may still be mailed; messages are built
    T2 intent   members and bytes are frozen, committed before the first byte leaves
       HTTP     within half the lease
    T3 record   the provider's answer, fenced

A process that dies between T2 and T3 leaves ``sending`` behind: the request may have been accepted.
Whoever takes the batch over repeats the same key and bytes where the provider honours them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bypost.delivery import gate, owner, shape
from bypost.delivery.compose import Composer
from bypost.delivery.context import Context
from bypost.delivery.outcome import Next, after_error, may_repeat
from bypost.delivery.steps import reached
from bypost.errors import NotSent, SendError
from bypost.model.course import Kind
from bypost.model.message import Key, Result
from bypost.providers.base import Provider
from bypost.render.storage import load as load_content
from bypost.store import Connection, Row, budgets, contents, enrollments, ledger
from scheduler import pacing


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
    """The provider's breaker is open."""

    reason: str


Progress = Done | Later | Blocked


@dataclass(frozen=True, slots=True)
class _Claim:
    """A batch under our lease."""

    batch: Row
    fence: int
    ambiguous: bool
    started: float


@dataclass(frozen=True, slots=True)
class _Request:
    """What is handed over: a body, and the deliveries in it, in order."""

    body: bytes
    ids: Sequence[int]
    key: str


def deliver(context: Context, batch_id: int) -> Progress:
    """Bring a batch one attempt further; safe to call any number of times from anywhere."""
    claim = _lease(context, batch_id)
    if not isinstance(claim, _Claim):
        return claim
    reached("leased")
    provider = context.providers[claim.batch["provider"]]
    request = _commit_intent(context, provider, claim)
    if request is None:
        return Done()
    reached("intended")
    try:
        if context.clock.elapsed() - claim.started > context.lease.total_seconds() / 2:
            raise NotSent("the process stood still for half its lease; nothing was sent")
        results = provider.send(request.body, count=len(request.ids), key=request.key)
    except SendError as error:
        return _record_error(context, provider, claim, error)
    reached("answered")
    _record(context, claim, request, results)
    reached("recorded")
    return Done()


# -- T1 -----------------------------------------------------------------------------------------


def _lease(context: Context, batch_id: int) -> _Claim | Progress:
    """Take the lease, if the batch is free, its time has come and the pace allows."""
    now = context.clock.now()
    with context.store.write() as connection:
        batch = ledger.batch(connection, batch_id)
        if batch is None or batch["state"] not in ledger.OPEN:
            return Done()
        busy = _held_until(batch, now)
        if busy is not None:
            return Later(busy)
        # A lease that ran out, or whose owner died, over an intent: it may have been accepted.
        ambiguous = batch["ambiguous"] or batch["state"] == "sending"
        if ambiguous and not _repeatable(context, batch, now):
            _give_up(connection, batch, now)
            return Done()
        pace = _take_budget(context, connection, batch, now)
        if pace is not None:
            return pace
        fence = batch["fence"]
        if batch["state"] == "sending":
            _close_lost_attempt(connection, batch, now)
        until = now + context.lease
        if not ledger.lease(connection, batch_id, fence=fence, until=until, owner=owner.current()):
            return Done()
        ledger.update_fenced(connection, batch_id, fence + 1, {"ambiguous": ambiguous})
    return _Claim(batch, fence + 1, ambiguous, context.clock.elapsed())


def _held_until(batch: Row, now: datetime) -> datetime | None:
    """Return until when the batch must be left alone; None if it is free."""
    lease = batch["lease_until"]
    if lease is not None and lease > now and not owner.is_gone(batch["lease_owner"]):
        return lease  # type: ignore[no-any-return]
    if batch["next_try"] > now:
        return batch["next_try"]  # type: ignore[no-any-return]
    return None


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


def _give_up(connection: Connection, batch: Row, now: datetime) -> None:
    """Show as unknown what can neither be repeated nor known."""
    fence = batch["fence"]
    values = {
        "state": "unknown",
        "frozen": None,
        "lease_until": None,
        "detail": "the answer never came, and repeating the request would not be safe",
    }
    ledger.update_fenced(connection, batch["id"], fence, values)
    ledger.end_attempt(
        connection, batch["id"], fence, now=now, outcome="unknown", status=None, detail=""
    )


def _take_budget(
    context: Context, connection: Connection, batch: Row, now: datetime
) -> Progress | None:
    """Take one request out of the provider's budget; None if it is granted."""
    name = batch["provider"]
    budget, breaker = budgets.load(connection, name)
    if breaker:
        return Blocked(breaker)
    rate = context.rates.get(name, pacing.Rate())
    if name not in context.providers:
        return Blocked(f"`{name}` is not among the providers in [sending] provider")
    if rate == pacing.Rate() and budget.paused_until is None:
        return None
    taken, wait = pacing.take(budget, rate, calls=1, items=batch["size"], now=now)
    if wait:
        return Later(now + wait, everybody=True)
    budgets.save(connection, name, taken)
    return None


# -- T2 -----------------------------------------------------------------------------------------


def _commit_intent(context: Context, provider: Provider, claim: _Claim) -> _Request | None:
    """Commit what will be sent; None if there is nobody to send to, or the lease is lost."""
    if claim.ambiguous and claim.batch["frozen"] is not None:
        return _repeat(context, claim)
    now = context.clock.now()
    while True:
        with context.store.read() as connection:
            members = ledger.members(connection, claim.batch["id"])
            verdict = _gate(context, connection, claim, members, now)
            composer = _composer(context, connection, claim.batch, now)
        messages = composer.messages(verdict.go)
        objections = {
            m["id"]: provider.objection(x) for m, x in zip(verdict.go, messages, strict=True)
        }
        going = [m for m in verdict.go if not objections[m["id"]]]
        body = (
            provider.prepare([x for x in messages if not objections[_id(context, x.ref)]])
            if going
            else b""
        )
        reached("built")
        with context.store.write() as connection:
            again = _gate(
                context, connection, claim, ledger.members(connection, claim.batch["id"]), now
            )
            if not again.agrees_with(verdict):
                continue  # somebody left while we were building
            refused = [(i, "failed", why) for i, why in objections.items() if why]
            return _write_intent(
                context, connection, provider, claim, verdict, refused, going, body, now
            )


def _id(context: Context, ref: str) -> int:
    return int(ref.removeprefix(f"{context.tag}-"))


def _gate(
    context: Context, connection: Connection, claim: _Claim, members: Sequence[Row], now: datetime
) -> gate.Verdict:
    """Look once more, unless an earlier attempt may have reached these very members."""
    if claim.ambiguous:
        return gate.Verdict(members, {}, ())
    return gate.look(context, connection, claim.batch, members, now)


def _composer(context: Context, connection: Connection, batch: Row, now: datetime) -> Composer:
    content = load_content(contents.load(connection, batch["content_hash"]))
    plain = (
        contents.applied(connection).get(batch["collection"])
        if batch["kind"] == Kind.LESSON
        else None
    )
    return Composer(context, content, shape.load(plain) if plain else None, now)


def _repeat(context: Context, claim: _Claim) -> _Request | None:
    """Commit that the frozen bytes leave once more, under the same key."""
    now = context.clock.now()
    batch = claim.batch
    with context.store.write() as connection:
        ids = [member["id"] for member in ledger.members(connection, batch["id"])]
        values = {"state": "sending", "attempts": batch["attempts"] + 1}
        if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
            return None
        ledger.begin_attempt(connection, batch["id"], claim.fence, now)
    body = contents.decompress(batch["frozen"])
    return _Request(body, ids, _key(context, batch["id"], batch["generation"]))


def _write_intent(
    context: Context,
    connection: Connection,
    provider: Provider,
    claim: _Claim,
    verdict: gate.Verdict,
    refused: Sequence[tuple[int, str, str]],
    going: Sequence[Row],
    body: bytes,
    now: datetime,
) -> _Request | None:
    """Freeze members and bytes; the caller commits."""
    batch = claim.batch
    send_class = provider.send_class
    freeze = isinstance(send_class, Key) and send_class.same_bytes
    generation = batch["generation"] if claim.ambiguous else batch["generation"] + 1
    values = {
        "state": "sending" if going else "settled",
        "attempts": batch["attempts"] + (1 if going else 0),
        "generation": generation,
        "members": len(going),
        "cancelled": batch["cancelled"] + len(verdict.cancelled),
        "failed": batch["failed"] + len(refused),
        "first_sent_at": batch["first_sent_at"] if claim.ambiguous else now,
        "frozen": contents.compress(body) if freeze and going else None,
        **({} if going else {"lease_until": None}),
    }
    if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
        return None
    cancelled = [(i, "cancelled", why) for i, why in verdict.cancelled.items()]
    ledger.except_deliveries(connection, [*cancelled, *refused])
    _postpone(connection, batch["id"], verdict.postponed)
    if not going:
        return None
    ledger.begin_attempt(connection, batch["id"], claim.fence, now)
    return _Request(body, [m["id"] for m in going], _key(context, batch["id"], generation))


def _postpone(connection: Connection, batch_id: int, members: Sequence[Row]) -> None:
    """Take paused people out: their lesson is owed when the pause is over."""
    if members:
        ledger.unowe(connection, batch_id, [member["id"] for member in members])
        for member in members:
            enrollments.change(
                connection, member["enrollment_id"], {"next_due": member["paused_until"]}
            )


def _key(context: Context, batch_id: int, generation: int) -> str:
    """Return the idempotency key: one for each set of frozen bytes, never used for others."""
    return f"{context.tag}-b{batch_id}-{generation}"


# -- T3 -----------------------------------------------------------------------------------------


def _record(context: Context, claim: _Claim, request: _Request, results: Sequence[Result]) -> None:
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


def _record_error(
    context: Context, provider: Provider, claim: _Claim, error: SendError
) -> Progress:
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
