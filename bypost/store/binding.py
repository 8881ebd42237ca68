"""Binding: which deliveries go in which batch, until a request with them has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, or_, select, update

from bypost.store.engine import Connection
from bypost.store.ledger import IS_OPEN
from bypost.store.schema import batches, deliveries, events
from bypost.store.sheets import Sheet

#: Ids in one statement: SQLite takes 32,766 variables, and each length is a plan of its own.
CHUNK = 500
#: What a batch carries, whoever brings it.
CONTENT = ("kind", "collection", "item", "content_hash", "due_at")
#: Why a delivery was cancelled that somebody can take back by coming back (delivery/gate.py).
_LEFT = ("left the course", "the address is suppressed: left")
#: Why a delivery was cancelled that somebody did not want.
SKIPPED = "skipped"
#: Nothing of a batch is in the daily counts.
_UNCOUNTED = {"counted_accepted": 0, "counted_failed": 0, "counted_cancelled": 0}
#: A delivery that nobody asked for.
_USUAL: Mapping[str, Any] = {"copy": 0, "request": ""}
#: A batch nobody has touched.
FRESH: Mapping[str, Any] = {
    "state": "pending",
    "fence": 0,
    "lease_owner": "",
    "attempts": 0,
    "generation": 0,
    "members": 0,
    "ambiguous": False,
    "accepted": 0,
    "failed": 0,
    "cancelled": 0,
    "refusals": 0,
    "detail": "",
}


def owe(
    connection: Connection,
    batch: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
) -> int:
    """Write one batch and its deliveries; return the batch's id.

    Args:
        batch: provider, kind, collection, item, content_hash and due_at.
        members: subscriber_id, and enrollment_id or subscription_id or request; all the same.
    """
    values = {**FRESH, **batch, "next_try": now, "size": len(members)}
    batch_id: int = connection.execute(
        insert(batches).values(values).returning(batches.c.id)
    ).scalar_one()
    own = tuple(members[0])
    shared = {"batch_id": batch_id, "kind": str(batch["kind"]), "item": batch["item"]}
    shared |= {name: value for name, value in _USUAL.items() if name not in own}
    rows = [(*shared.values(), *[member[name] for name in own]) for member in members]
    Sheet("deliveries", (*shared, *own)).insert(connection, rows)
    return batch_id


def record_skip(connection: Connection, batch: Mapping[str, Any], member: Mapping[str, Any]) -> int:
    """Write down a delivery that is never sent because the person wants none; return its batch.

    Args:
        batch: As for :func:`owe`; ``due_at`` is when they said so.
        member: subscriber_id and enrollment_id.
    """
    batch_id = owe(connection, batch, [member], now=batch["due_at"])
    connection.execute(
        update(batches).where(batches.c.id == batch_id).values(state="settled", cancelled=1)
    )
    connection.execute(
        update(deliveries)
        .where(deliveries.c.batch_id == batch_id)
        .values(state="cancelled", detail=SKIPPED)
    )
    return batch_id


def unowe(connection: Connection, batch_id: int, ids: Sequence[int]) -> None:
    """Take deliveries back out of a batch of which nothing was accepted: they are owed later."""
    connection.execute(
        update(events).where(events.c.delivery_id.in_(ids)).values(delivery_id=None, raw=None)
    )
    connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    connection.execute(
        update(batches).where(batches.c.id == batch_id).values(size=batches.c.size - len(ids))
    )


def release(connection: Connection, enrollment_id: int) -> None:
    """Take back what was cancelled because somebody had left: owing decides anew.

    Only from batches that are settled: the numbers of others are about to be written.
    """
    query = (
        select(deliveries.c.id, deliveries.c.batch_id)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            deliveries.c.enrollment_id == enrollment_id,
            deliveries.c.state == "cancelled",
            deliveries.c.detail.in_(_LEFT),
            batches.c.state == "settled",
        )
    )
    for row in connection.execute(query).all():
        unowe(connection, row.batch_id, [row.id])
        connection.execute(
            update(batches)
            .where(batches.c.id == row.batch_id)
            .values(cancelled=batches.c.cancelled - 1)
        )


def foreign(
    connection: Connection, providers: Sequence[str], *, now: datetime, limit: int
) -> Sequence[RowMapping]:
    """Return batches bound to none of ``providers`` of which surely nothing was accepted."""
    query = (
        select(batches)
        .where(
            IS_OPEN,
            batches.c.state == "pending",
            batches.c.ambiguous.is_(False),
            or_(batches.c.lease_until.is_(None), batches.c.lease_until <= now),
            batches.c.provider.not_in(providers),
        )
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def dissolve(
    connection: Connection,
    old: RowMapping,
    *,
    provider: str,
    size: int,
    next_try: datetime | None = None,
) -> None:
    """Bind the deliveries of a batch, none of them accepted, to batches of ``provider`` instead.

    Args:
        size: Most of them in one batch.
        next_try: When these are tried; None: when the old one would have been.
    """
    ids = list(
        connection.execute(
            select(deliveries.c.id)
            .where(deliveries.c.batch_id == old["id"])
            .order_by(deliveries.c.id)
        ).scalars()
    )
    connection.execute(
        update(batches)
        .where(batches.c.id == old["id"])
        .values(
            state="dissolved",
            size=0,
            accepted=0,
            cancelled=0,
            failed=0,
            detail=f"moved to {provider}",
        )
    )
    for start in range(0, len(ids), size):
        part = ids[start : start + size]
        fresh = {
            **old,
            **_UNCOUNTED,
            "fence": 0,
            "lease_until": None,
            "lease_owner": "",
            "offered_until": None,
            "attempts": 0,
            "frozen": None,
            "recipe": None,
            "provider": provider,
            "size": len(part),
            "next_try": next_try or old["next_try"],
        }
        del fresh["id"]
        batch_id = connection.execute(
            insert(batches).values(fresh).returning(batches.c.id)
        ).scalar_one()
        connection.execute(
            update(deliveries).where(deliveries.c.id.in_(part)).values(batch_id=batch_id)
        )
        _count_exceptions(connection, batch_id)


def rebind(
    connection: Connection,
    old: RowMapping,
    ids: Sequence[int],
    *,
    provider: str,
    next_try: datetime,
    due_at: datetime | None = None,
    past: Mapping[str, Any] | None = None,
) -> int:
    """Bind some deliveries of ``old`` to a new batch of the same content; return its id.

    The numbers of ``old`` are the caller's to put right.

    Args:
        due_at: When they fall due anew; None: as before.
        past: What of ``old`` holds for them too, by column: its refusals, say.
    """
    same = {name: old[name] for name in CONTENT}
    fresh = {
        **FRESH,
        **same,
        "provider": provider,
        "next_try": next_try,
        "due_at": due_at or old["due_at"],
        "size": len(ids),
        **(past or {}),
        # A mail owed again may prove to have arrived the first time: it was made by this recipe.
        "recipe": old["recipe"],
    }
    batch_id: int = connection.execute(
        insert(batches).values(fresh).returning(batches.c.id)
    ).scalar_one()
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        connection.execute(
            update(deliveries).where(deliveries.c.id.in_(part)).values(batch_id=batch_id)
        )
    return batch_id


def defer(connection: Connection, old: RowMapping, delivery_id: int, until: datetime) -> None:
    """Take one delivery out of a batch that was not sent, into one of its own, due ``until``."""
    new = rebind(
        connection, old, [delivery_id], provider=old["provider"], next_try=until, due_at=until
    )
    connection.execute(
        update(batches).where(batches.c.id == new).values(detail="waits for the end of a pause")
    )
    connection.execute(
        update(batches).where(batches.c.id == old["id"]).values(size=batches.c.size - 1)
    )


def _count_exceptions(connection: Connection, batch_id: int) -> None:
    """Make a batch's numbers agree with the own states of its deliveries."""
    exceptions = {
        state: select(func.count())
        .where(deliveries.c.batch_id == batch_id, deliveries.c.state == state)
        .scalar_subquery()
        for state in ("accepted", "cancelled", "failed")
    }
    connection.execute(update(batches).where(batches.c.id == batch_id).values(exceptions))
