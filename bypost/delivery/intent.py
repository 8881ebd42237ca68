"""T2: gate, build, freeze: what will be sent is committed before the first byte leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.delivery import gate, shape
from bypost.delivery.claim import Claim
from bypost.delivery.compose import Composer
from bypost.delivery.context import Context
from bypost.delivery.steps import reached
from bypost.model.course import Kind
from bypost.model.message import Key
from bypost.providers.base import Provider
from bypost.store import Connection, Row, binding, contents, enrollments, ledger


@dataclass(frozen=True, slots=True)
class Request:
    """What is handed over: a body, and the deliveries in it, in order."""

    body: bytes
    ids: Sequence[int]
    key: str


def commit(context: Context, provider: Provider, claim: Claim) -> Request | None:
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
            if len(body) > provider.max_bytes and len(going) > 1:
                _split(connection, provider, claim)
                return None
            refused = [(i, "failed", why) for i, why in objections.items() if why]
            return _write_intent(
                context, connection, provider, claim, verdict, refused, going, body, now
            )


def _split(connection: Connection, provider: Provider, claim: Claim) -> None:
    """Bind the members of a request that would be too long to two batches instead."""
    if ledger.update_fenced(connection, claim.batch["id"], claim.fence, {"lease_until": None}):
        half = (claim.batch["size"] + 1) // 2
        binding.dissolve(connection, claim.batch, provider=provider.name, size=half)


def _id(context: Context, ref: str) -> int:
    return int(ref.removeprefix(f"{context.tag}-"))


def _gate(
    context: Context, connection: Connection, claim: Claim, members: Sequence[Row], now: datetime
) -> gate.Verdict:
    """Look once more, unless an earlier attempt may have reached these very members."""
    if claim.ambiguous:
        return gate.Verdict(members, {}, ())
    return gate.look(context, connection, claim.batch, members, now)


def _composer(context: Context, connection: Connection, batch: Row, now: datetime) -> Composer:
    content = contents.load(connection, batch["content_hash"])
    plain = (
        contents.applied(connection).get(batch["collection"])
        if batch["kind"] == Kind.LESSON
        else None
    )
    return Composer(context, content, shape.load(plain) if plain else None, now)


def _repeat(context: Context, claim: Claim) -> Request | None:
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
    return Request(body, ids, _key(context, batch["id"], batch["generation"]))


def _write_intent(
    context: Context,
    connection: Connection,
    provider: Provider,
    claim: Claim,
    verdict: gate.Verdict,
    refused: Sequence[tuple[int, str, str]],
    going: Sequence[Row],
    body: bytes,
    now: datetime,
) -> Request | None:
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
    return Request(body, [m["id"] for m in going], _key(context, batch["id"], generation))


def _postpone(connection: Connection, batch_id: int, members: Sequence[Row]) -> None:
    """Take paused people out: their lesson is owed when the pause is over."""
    if members:
        binding.unowe(connection, batch_id, [member["id"] for member in members])
        for member in members:
            enrollments.change(
                connection, member["enrollment_id"], {"next_due": member["paused_until"]}
            )


def _key(context: Context, batch_id: int, generation: int) -> str:
    """Return the idempotency key: one for each set of frozen bytes, never used for others."""
    return f"{context.tag}-b{batch_id}-{generation}"
