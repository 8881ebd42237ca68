"""T2: gate, build, freeze: what will be sent is committed before the first byte leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.delivery import answers, gate, holds, shape_file
from bypost.delivery.claim import Claim
from bypost.delivery.compose import Composer, needs_runs
from bypost.delivery.context import Context
from bypost.delivery.due import Run
from bypost.delivery.read_run import run_of
from bypost.delivery.recipe import Facts, Roll, pack, unpack
from bypost.delivery.shape import Shape
from bypost.delivery.steps import reached
from bypost.errors import ContentError
from bypost.model.bulk import Bulk
from bypost.model.compressed import compress, decompress
from bypost.model.course import Kind
from bypost.model.message import Key
from bypost.providers.base import Provider
from bypost.store import (
    Connection,
    Row,
    batch_members,
    binding,
    contents,
    enrollments,
    issues,
    ledger,
    settle,
)
from bypost.store.batch_members import Member


@dataclass(frozen=True, slots=True)
class Request:
    """What is handed over: a body, and the deliveries in it, in order."""

    body: bytes
    ids: Sequence[int]
    key: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """A request before it is committed.

    Attributes:
        going: Deliveries in the body, in order.
        refused: Members no message can be made for: (id, ``failed``, why).
        recipe: What makes each mail its own, to rebuild it later.
        most: People that one request can hold by now.
    """

    verdict: gate.Verdict[Member]
    going: Sequence[int]
    refused: Sequence[tuple[int, str, str]]
    body: bytes
    recipe: bytes
    most: int


def commit(context: Context, provider: Provider, claim: Claim) -> Request | None:
    """Commit what will be sent; None if there is nobody to send to, or the lease is lost."""
    if claim.ambiguous and claim.batch["frozen"] is not None:
        return _repeat(context, claim)
    now = context.clock.now()
    while True:
        draft = _draft(context, provider, claim, now)
        reached("built")
        # Who is put off is written into runs and issues, which other batches may share.
        with context.store.write(together=not draft.verdict.postponed) as connection:
            standing = batch_members.standing(connection, claim.batch["id"])
            if not _gate(context, connection, claim, standing, now).agrees_with(draft.verdict):
                continue  # somebody left while we were building
            if not claim.ambiguous and _is_too_large(provider, draft):
                _split(connection, provider, claim, draft.most)
                return None
            return _write_intent(context, connection, provider, claim, draft, now)


def _draft(context: Context, provider: Provider, claim: Claim, now: datetime) -> _Draft:
    """Gate the members and build their messages; one that cannot be built fails alone."""
    with context.store.read() as connection:
        members = batch_members.of(connection, claim.batch["id"])
        verdict = _gate(context, connection, claim, members, now)
        composer = _composer(context, connection, claim.batch, verdict.go, now)
    roll, bulk, refused = _build(composer, verdict.go)
    if bulk is None:
        return _Draft(verdict, [], refused, b"", pack(composer.shared, roll), 1)
    objections = provider.objections(bulk)
    if objections:
        refused += [(roll.ids[index], "failed", why) for index, why in objections.items()]
        kept = [index for index in range(len(roll.ids)) if index not in objections]
        roll, bulk = roll.only(kept), bulk.only(kept)
    body, most = b"", context.most(provider)
    if roll.ids:
        most = min(most, provider.room(bulk))
        # What an earlier attempt may have handed over goes again as it went.
        if claim.ambiguous or len(roll.ids) <= most:
            body = provider.encode_bulk(bulk)
    return _Draft(verdict, roll.ids, refused, body, pack(composer.shared, roll), most)


def _build(
    composer: Composer, members: Sequence[Member]
) -> tuple[Roll, Bulk | None, list[tuple[int, str, str]]]:
    """Return what makes each member's mail, the mails, and for whom none can be made, with why."""
    # Nobody without an address is here, but where an earlier attempt may have reached them.
    refused = {one.id: "the person was erased" for one in members if not one.email}
    roll, gone = composer.roll([one for one in members if one.email])
    refused |= gone
    bulk = None
    if roll.ids:
        try:
            bulk = composer.bulk(roll)
        except ContentError:  # somebody's: the others are not to wait for it
            failed = _unfillable(composer, roll)
            refused |= {roll.ids[index]: why for index, why in failed.items()}
            roll = roll.only([n for n in range(len(roll.ids)) if n not in failed])
            bulk = composer.bulk(roll) if roll.ids else None
    return roll, bulk, [(number, "failed", why) for number, why in refused.items()]


def _unfillable(composer: Composer, roll: Roll) -> dict[int, str]:
    """Return whose mails cannot be made, by their place, and why."""
    failed = {}
    for index in range(len(roll.ids)):
        try:
            composer.bulk(roll.only([index]))
        except ContentError as error:
            failed[index] = str(error)
    return failed


def _is_too_large(provider: Provider, draft: _Draft) -> bool:
    """Tell whether a request holds more than it may by now; one message always goes."""
    count = len(draft.going)
    return count > draft.most or (count > 1 and len(draft.body) > provider.max_bytes)


def _split(connection: Connection, provider: Provider, claim: Claim, most: int) -> None:
    """Bind the members of a request that is too large to smaller batches instead."""
    if ledger.update_fenced(connection, claim.batch["id"], claim.fence, {"lease_until": None}):
        size = min(most, (claim.batch["size"] + 1) // 2)
        binding.dissolve(connection, claim.batch, provider=provider.name, size=size)


def _gate(
    context: Context,
    connection: Connection,
    claim: Claim,
    members: Sequence[gate.Who],
    now: datetime,
) -> gate.Verdict[gate.Who]:
    """Look once more, unless an earlier attempt may have reached these very members."""
    if claim.ambiguous:
        return gate.Verdict(members, {}, ())
    return gate.look(context, connection, claim.batch, members, now)


def _composer(
    context: Context, connection: Connection, batch: Row, members: Sequence[Member], now: datetime
) -> Composer:
    content = contents.load(connection, batch["content_hash"])
    plain = (
        contents.applied(connection).get(batch["collection"])
        if batch["kind"] == Kind.LESSON
        else None
    )
    look = answers.Look(context=context, connection=connection, now=now)
    found = {
        member.id: answers.answer(look, member.request)
        for member in members
        if member.kind == Kind.NOTICE
    }
    told = {delivery: answer for delivery, answer in found.items() if answer}
    firsts = _firsts(connection, members)
    shape = shape_file.load(plain) if plain else None
    runs = (
        _runs(context, connection, members, shape) if shape and needs_runs(content, shape) else {}
    )
    return Composer(context, content, shape, now, told, firsts, runs)


def _runs(
    context: Context, connection: Connection, members: Sequence[Member], shape: Shape
) -> dict[int, Run]:
    """Return each member's way through the course, as the ledger knows it."""
    ids = [member.enrollment_id for member in members if member.enrollment_id is not None]
    past = ledger.history(connection, ids)
    rows = enrollments.with_clock(connection, ids)
    return {row["id"]: run_of(row, past.get(row["id"], ()), shape, context) for row in rows}


def _firsts(connection: Connection, members: Sequence[Member]) -> dict[int, Facts]:
    """Return, for copies that somebody asked for, what made the first mail theirs.

    A copy says what the first one said: of the lesson after it, say, when that was still to come.
    """
    found = {}
    for member in members:
        if not member.copy or member.enrollment_id is None:
            continue
        first = ledger.first_copy(connection, member.enrollment_id, member.item)
        people = unpack(first["recipe"])[1] if first is not None and first["recipe"] else {}
        if first is not None and first["delivery_id"] in people:
            found[member.id] = people[first["delivery_id"]]
    return found


def _repeat(context: Context, claim: Claim) -> Request | None:
    """Commit that the frozen bytes leave once more, under the same key."""
    now = context.clock.now()
    batch = claim.batch
    with context.store.write(together=True) as connection:
        ids = batch_members.ids(connection, batch["id"])
        values = {"state": "sending", "attempts": batch["attempts"] + 1}
        if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
            return None
        ledger.begin_attempt(connection, batch["id"], claim.fence, now)
    body = decompress(batch["frozen"])
    return Request(body, ids, _key(context, batch["id"], batch["generation"]))


def _write_intent(
    context: Context,
    connection: Connection,
    provider: Provider,
    claim: Claim,
    draft: _Draft,
    now: datetime,
) -> Request | None:
    """Freeze members and bytes; the caller commits."""
    batch, going, verdict = claim.batch, draft.going, draft.verdict
    send_class = provider.send_class
    freeze = isinstance(send_class, Key) and send_class.same_bytes
    generation = batch["generation"] if claim.ambiguous else batch["generation"] + 1
    values = {
        "state": "sending" if going else "settled",
        "attempts": batch["attempts"] + (1 if going else 0),
        "generation": generation,
        "members": len(going),
        "cancelled": batch["cancelled"] + len(verdict.cancelled),
        "failed": batch["failed"] + len(draft.refused),
        "first_sent_at": batch["first_sent_at"] if claim.ambiguous else now,
        "frozen": compress(draft.body) if freeze and going else None,
        "recipe": draft.recipe if going else None,
        **({} if going else {"lease_until": None}),
    }
    if not ledger.update_fenced(connection, batch["id"], claim.fence, values):
        return None
    cancelled = [(i, "cancelled", why) for i, why in verdict.cancelled.items()]
    ledger.except_deliveries(connection, [*cancelled, *draft.refused])
    _postpone(connection, batch, verdict.postponed, now)
    if not going:
        return None
    ledger.begin_attempt(connection, batch["id"], claim.fence, now)
    return Request(draft.body, going, _key(context, batch["id"], generation))


def _postpone(connection: Connection, batch: Row, members: Sequence[Member], now: datetime) -> None:
    """Take people out who must wait: owing decides anew when their mail comes.

    A course that has gone on meanwhile never owes this lesson again, so there it stays owed.
    """
    if not members:
        return
    gone_on = set(settle.overtaken_by_the_course(connection, [m.id for m in members]))
    binding.unowe(connection, batch["id"], [m.id for m in members if m.id not in gone_on])
    if batch["kind"] == Kind.ISSUE:
        issues.reopen(connection, batch["item"], batch["due_at"])
        return
    held = holds.read(connection, now, {m.subscriber_id for m in members} if gone_on else ())
    for member in members:
        paused = member.paused_until
        if member.id in gone_on:
            until = holds.next_look(held, batch["collection"], member.subscriber_id, now)
            binding.defer(connection, batch, member.id, max(paused or until, until))
        elif member.enrollment_id is not None:
            hint = paused or batch["due_at"]
            enrollments.change(connection, member.enrollment_id, {"next_due": hint})


def _key(context: Context, batch_id: int, generation: int) -> str:
    """Return the idempotency key: one for each set of frozen bytes, never used for others."""
    return f"{context.tag}-b{batch_id}-{generation}"
