"""Settling: what became of deliveries whose answer was lost.

A batch in state ``unknown`` holds them: those without a state of their own, counted by its
``members``. Each function here moves some of them in one step that is harmless to repeat: a
delivery that is open no more is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, and_, exists, func, literal, or_, select, update

from bypost.store import binding, ledger
from bypost.store.engine import Connection
from bypost.store.schema import batches, deliveries, enrollments, subscribers
from bypost.store.schema.base import Instant

#: In place of a provider where nobody can be asked: sent, if at all, in a time that a backup does
#: not know.
NOBODY = ""


def unknown_due(connection: Connection, now: datetime, limit: int) -> Sequence[RowMapping]:
    """Return batches whose fate is open and whose quiet period is over, oldest first."""
    query = (
        select(batches)
        .where(ledger.IS_UNKNOWN, batches.c.next_try <= now)
        .order_by(batches.c.next_try, batches.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def next_question(connection: Connection) -> datetime | None:
    """Return when the next quiet period ends; None if nothing is open."""
    return connection.execute(
        select(func.min(batches.c.next_try)).where(ledger.IS_UNKNOWN)
    ).scalar()


def open_members(connection: Connection, batch_id: int) -> Sequence[RowMapping]:
    """Return id and address of the deliveries of a batch nobody knows the fate of."""
    query = (
        select(deliveries.c.id, subscribers.c.email)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            deliveries.c.batch_id == batch_id,
            deliveries.c.state.is_(None),
            batches.c.state == "unknown",
        )
        .order_by(deliveries.c.id)
    )
    return connection.execute(query).mappings().all()


def doubt(connection: Connection, *, at: datetime, next_try: datetime, why: str) -> int:
    """Make every open batch unknown: it may have been sent since ``at``; return how many people.

    Args:
        at: Its first byte may have left then, where no attempt is known.
        next_try: When to ask.
    """
    held = (
        select(func.count())
        .where(deliveries.c.batch_id == batches.c.id, deliveries.c.state.is_(None))
        .scalar_subquery()
    )
    before = connection.execute(select(func.sum(batches.c.members)).where(ledger.IS_UNKNOWN))
    known = before.scalar() or 0
    connection.execute(
        update(batches)
        .where(ledger.IS_OPEN)
        .values(
            state="unknown",
            fence=batches.c.fence + 1,  # whoever is at it has lost it
            lease_until=None,
            frozen=None,
            ambiguous=False,
            members=held,
            first_sent_at=func.coalesce(batches.c.first_sent_at, literal(at, Instant())),
            next_try=next_try,
            detail=why[:400],
        )
    )
    connection.execute(
        update(batches)
        .where(ledger.IS_UNKNOWN, batches.c.members <= 0)
        .values(state="settled", detail="")
    )
    # A lesson may have been owed anew since, and so have left under another reference: that a
    # provider does not know this one proves nothing (``attempts`` 0: none is known).
    lessons = batches.c.kind == "lesson"
    connection.execute(update(batches).where(ledger.IS_UNKNOWN, lessons).values(attempts=0))
    after = connection.execute(select(func.sum(batches.c.members)).where(ledger.IS_UNKNOWN))
    return (after.scalar() or 0) - known


def all_unknown(connection: Connection) -> list[int]:
    """Return every unknown delivery."""
    query = (
        select(deliveries.c.id)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(ledger.IS_UNKNOWN, deliveries.c.state.is_(None))
    )
    return sorted(connection.execute(query).scalars())


def unknown_of(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Return id and batch of those of ``ids`` that are unknown."""
    return list(_open(connection, ids, ("unknown",)))


def ask_later(connection: Connection, batch_id: int, at: datetime) -> None:
    """Look at an unknown batch again at ``at``."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id, batches.c.state == "unknown")
        .values(next_try=at)
    )


def ask_nobody(connection: Connection, batch_id: int) -> None:
    """Leave what is still unknown of a batch to the operator."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id, batches.c.state == "unknown")
        .values(provider=NOBODY)
    )


def accept(
    connection: Connection, ids: Sequence[tuple[int, str]], *, how: str, now: datetime
) -> int:
    """Settle deliveries as accepted: (id, the provider's id or ""); return how many it changed.

    Also those that are owed again and wait for a first attempt of their new batch: the mail has
    arrived after all, so that attempt is not made for them. And those that were taken for failed:
    who has proof is right, in whatever order the news came.

    Args:
        how: How it became known, for people.
    """
    names = dict(ids)
    changed = 0
    for row in _open(connection, list(names), ("unknown", "pending"), also="failed"):
        if row["state"] == "pending" and row["ambiguous"]:
            continue  # the same key and bytes are repeated; its answer will tell
        values: dict[str, Any] = {"state": "accepted", "detail": how[:300]}
        if names[row["id"]]:
            values["provider_id"] = names[row["id"]]
        changed += _settle(connection, row, values, "accepted", now)
    return changed


def fail(connection: Connection, ids: Sequence[tuple[int, str]], *, now: datetime) -> int:
    """Settle unknown deliveries as failed: (id, why); return how many it changed."""
    why = dict(ids)
    changed = 0
    for row in _open(connection, list(why), ("unknown",)):
        values = {"state": "failed", "detail": why[row["id"]][:300]}
        changed += _settle(connection, row, values, "failed", now)
    return changed


def owe_again(
    connection: Connection,
    batch_id: int,
    ids: Sequence[int],
    *,
    provider: str,
    size: int,
    now: datetime,
) -> int:
    """Bind unknown deliveries of one batch to new batches, to be sent as if for the first time.

    Those that are in another batch by now are left alone: whoever moved them has decided.
    """
    old = ledger.batch(connection, batch_id)
    if old is None or old["state"] != "unknown":
        return 0
    members = [row["id"] for row in open_members(connection, batch_id) if row["id"] in set(ids)]
    overtaken = set(overtaken_by_the_course(connection, members))
    for late in (True, False):
        group = [i for i in members if (i in overtaken) is late]
        for start in range(0, len(group), size):
            part = group[start : start + size]
            due_at = now if late else None
            binding.rebind(connection, old, part, provider=provider, next_try=now, due_at=due_at)
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(size=batches.c.size - len(members), members=batches.c.members - len(members))
    )
    _close_if_empty(connection, batch_id)
    return len(members)


def overtaken_by_the_course(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Return those of ``ids`` whose course has gone on or come to its end since, in order.

    They fall due anew. What has waited for too long is taken out of its batch, so that owing
    decides when it comes; but a course goes forward only, and never owes these again.
    """
    later = deliveries.alias()
    goes_on = exists().where(
        later.c.enrollment_id == deliveries.c.enrollment_id, later.c.id > deliveries.c.id
    )
    found: list[int] = []
    for chunk in _chunks(ids):
        query = (
            select(deliveries.c.id)
            .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
            .where(deliveries.c.id.in_(chunk), or_(goes_on, enrollments.c.status != "active"))
            .order_by(deliveries.c.id)
        )
        found += connection.execute(query).scalars()
    return found


def _open(
    connection: Connection, ids: Sequence[int], states: Sequence[str], also: str = ""
) -> Iterable[RowMapping]:
    """Return those of ``ids`` that are open in a batch of one of ``states``.

    Args:
        also: An own state of deliveries that are wanted as well, whatever their batch's is.
    """
    is_open = and_(deliveries.c.state.is_(None), batches.c.state.in_(states))
    for chunk in _chunks(ids):
        query = (
            select(
                deliveries.c.id,
                deliveries.c.batch_id,
                deliveries.c.state.label("own"),
                batches.c.state,
                batches.c.ambiguous,
            )
            .join(batches, batches.c.id == deliveries.c.batch_id)
            .where(deliveries.c.id.in_(chunk), or_(is_open, deliveries.c.state == also))
            .order_by(deliveries.c.id)
        )
        yield from connection.execute(query).mappings().all()


def _settle(
    connection: Connection, row: RowMapping, values: Mapping[str, Any], number: str, now: datetime
) -> int:
    """Give one delivery a state of its own and move the numbers of its batch."""
    own = deliveries.c.state.is_(None) if row["own"] is None else deliveries.c.state == row["own"]
    done = connection.execute(
        update(deliveries).where(deliveries.c.id == row["id"], own).values(**values)
    )
    if not done.rowcount:
        return 0
    batch = batches.c
    numbers: dict[str, Any] = {number: batch[number] + 1}
    if row["own"] is not None:
        numbers[row["own"]] = batch[row["own"]] - 1
    elif row["state"] == "unknown":
        numbers["members"] = batch.members - 1
    if number == "accepted":
        # Taken over when it was sent, not when we heard of it: the course's clock runs from there.
        numbers["accepted_at"] = func.coalesce(
            batch.accepted_at, batch.first_sent_at, literal(now, Instant())
        )
    connection.execute(update(batches).where(batch.id == row["batch_id"]).values(**numbers))
    _close_if_empty(connection, row["batch_id"])
    return 1


def _close_if_empty(connection: Connection, batch_id: int) -> None:
    """Make an unknown batch settled once nothing in it is open."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id, batches.c.state == "unknown", batches.c.members <= 0)
        .values(state="settled", detail="")
    )


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(ids), binding.CHUNK):
        yield ids[start : start + binding.CHUNK]
