"""The ledger: what is owed, who holds it, what became of it.

Claim and record touch the *batch* row; a delivery row is written once, when it is owed, and
touched again only for an exception or the provider's id (measured 8 times faster in the send
loop). Every write under a lease names its fence: 0 rows changed means somebody else has taken
over, and the caller stops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    RowMapping,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from bypost.store.engine import Connection
from bypost.store.schema import (
    attempts,
    batches,
    deliveries,
    enrollments,
    subscribers,
    subscriptions,
)

#: States of a batch in which there is something left to do.
OPEN = ("pending", "sending")
#: The same, word for word the condition of ``ix_batches_open``: bound values would not use it.
_IS_OPEN = batches.c.state.in_([literal_column(f"'{state}'") for state in OPEN])


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
        members: subscriber_id, and enrollment_id or subscription_id or request.
    """
    fresh = {
        "state": "pending",
        "next_try": now,
        "fence": 0,
        "lease_owner": "",
        "attempts": 0,
        "generation": 0,
        "members": 0,
        "ambiguous": False,
        "accepted": 0,
        "failed": 0,
        "cancelled": 0,
        "detail": "",
    }
    values = {**fresh, **batch, "size": len(members)}
    batch_id: int = connection.execute(
        insert(batches).values(values).returning(batches.c.id)
    ).scalar_one()
    shared = {
        "batch_id": batch_id,
        "kind": batch["kind"],
        "item": batch["item"],
        "copy": 0,
        "request": "",
        "enrollment_id": None,
        "subscription_id": None,
    }
    connection.execute(insert(deliveries), [{**shared, **member} for member in members])
    return batch_id


def history(connection: Connection, enrollment_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """Return what each run was owed: item, own state, and its batch's state and times."""
    query = (
        select(
            deliveries.c.enrollment_id,
            deliveries.c.item,
            deliveries.c.state,
            batches.c.state.label("batch_state"),
            batches.c.accepted_at,
            batches.c.first_sent_at,
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(deliveries.c.enrollment_id.in_(enrollment_ids))
        .order_by(deliveries.c.id)
    )
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["enrollment_id"], []).append(row)
    return found


def ready(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Return open batches whose time has come, oldest first; some may be under a lease."""
    query = (
        select(batches.c.id)
        .where(_IS_OPEN, batches.c.next_try <= now)
        .order_by(batches.c.next_try, batches.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def next_try(connection: Connection, *, after: datetime | None = None) -> datetime | None:
    """Return when the next open batch may be tried, of those not before ``after``."""
    query = select(func.min(batches.c.next_try)).where(_IS_OPEN)
    if after is not None:
        query = query.where(batches.c.next_try > after)
    return connection.execute(query).scalar()


def batch(connection: Connection, batch_id: int) -> RowMapping | None:
    """Return one batch."""
    query = select(batches).where(batches.c.id == batch_id)
    return connection.execute(query).mappings().first()


def lease(
    connection: Connection, batch_id: int, *, fence: int, until: datetime, owner: str
) -> bool:
    """Take the lease that follows ``fence``; False where somebody else was quicker."""
    done = connection.execute(
        update(batches)
        .where(batches.c.id == batch_id, batches.c.fence == fence, batches.c.state.in_(OPEN))
        .values(fence=fence + 1, lease_until=until, lease_owner=owner)
    )
    return done.rowcount == 1


def members(connection: Connection, batch_id: int) -> Sequence[RowMapping]:
    """Return the deliveries of a batch that are still its own, with their people, in order."""
    query = (
        select(
            deliveries.c.id,
            deliveries.c.kind,
            deliveries.c.request,
            deliveries.c.enrollment_id,
            deliveries.c.subscriber_id,
            subscribers.c.email,
            subscribers.c.email_key,
            subscribers.c.name,
            subscribers.c.time_zone,
            subscribers.c.hour,
            subscribers.c.status.label("person_status"),
            subscribers.c.attributes,
            enrollments.c.status.label("enrollment_status"),
            enrollments.c.paused_until,
            enrollments.c.pace,
            func.coalesce(enrollments.c.started_at, subscriptions.c.started_at).label("since"),
            func.coalesce(enrollments.c.link_id, subscriptions.c.link_id).label("link_id"),
            subscriptions.c.status.label("subscription_status"),
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
        .outerjoin(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(deliveries.c.batch_id == batch_id, deliveries.c.state.is_(None))
        .order_by(deliveries.c.id)
    )
    return connection.execute(query).mappings().all()


def update_fenced(
    connection: Connection, batch_id: int, fence: int, values: Mapping[str, Any]
) -> bool:
    """Write to a batch under the lease ``fence``; False where that lease is no longer ours."""
    done = connection.execute(
        update(batches)
        .where(batches.c.id == batch_id, batches.c.fence == fence, batches.c.state.in_(OPEN))
        .values(**values)
    )
    return done.rowcount == 1


def except_deliveries(connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Give deliveries a state of their own: (id, state, why)."""
    if rows:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == bindparam("_id"))
            .values(state=bindparam("_state"), detail=bindparam("_detail")),
            [{"_id": i, "_state": state, "_detail": why[:300]} for i, state, why in rows],
        )


def name_deliveries(connection: Connection, ids: Sequence[tuple[int, str]]) -> None:
    """Note the provider's ids: (delivery, id)."""
    if ids:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == bindparam("_id"))
            .values(provider_id=bindparam("_name")),
            [{"_id": i, "_name": name} for i, name in ids],
        )


def unowe(connection: Connection, batch_id: int, ids: Sequence[int]) -> None:
    """Take deliveries back out of a batch of which nothing was accepted: they are owed later."""
    connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    connection.execute(
        update(batches).where(batches.c.id == batch_id).values(size=batches.c.size - len(ids))
    )


def foreign(
    connection: Connection, providers: Sequence[str], *, now: datetime, limit: int
) -> Sequence[RowMapping]:
    """Return batches bound to none of ``providers`` of which surely nothing was accepted."""
    query = (
        select(batches)
        .where(
            _IS_OPEN,
            batches.c.state == "pending",
            batches.c.ambiguous.is_(False),
            or_(batches.c.lease_until.is_(None), batches.c.lease_until <= now),
            batches.c.provider.not_in(providers),
        )
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def dissolve(connection: Connection, old: RowMapping, *, provider: str, size: int) -> None:
    """Bind the deliveries of a batch, none of them accepted, to batches of ``provider`` instead."""
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
        .values(state="dissolved", size=0, cancelled=0, failed=0, detail=f"moved to {provider}")
    )
    for start in range(0, len(ids), size):
        part = ids[start : start + size]
        free = {"fence": 0, "lease_until": None, "lease_owner": "", "attempts": 0}
        fresh = {**old, **free, "provider": provider, "size": len(part)}
        del fresh["id"]
        batch_id = connection.execute(
            insert(batches).values(fresh).returning(batches.c.id)
        ).scalar_one()
        connection.execute(
            update(deliveries).where(deliveries.c.id.in_(part)).values(batch_id=batch_id)
        )
        _count_exceptions(connection, batch_id)


def _count_exceptions(connection: Connection, batch_id: int) -> None:
    """Make a batch's numbers agree with the own states of its deliveries."""
    exceptions = {
        state: select(func.count())
        .where(deliveries.c.batch_id == batch_id, deliveries.c.state == state)
        .scalar_subquery()
        for state in ("cancelled", "failed")
    }
    connection.execute(update(batches).where(batches.c.id == batch_id).values(exceptions))


def begin_attempt(connection: Connection, batch_id: int, fence: int, now: datetime) -> None:
    """Open the audit row of an attempt, in the transaction that commits the intent."""
    connection.execute(
        insert(attempts).values(
            batch_id=batch_id, fence=fence, started_at=now, outcome="started", detail=""
        )
    )


def end_attempt(
    connection: Connection,
    batch_id: int,
    fence: int,
    *,
    now: datetime,
    outcome: str,
    status: int | None,
    detail: str,
) -> None:
    """Close the audit row of an attempt."""
    connection.execute(
        update(attempts)
        .where(attempts.c.batch_id == batch_id, attempts.c.fence == fence)
        .values(ended_at=now, outcome=outcome, status=status, detail=detail[:400])
    )


def wake_waiting(connection: Connection, provider: str, now: datetime) -> None:
    """Let every open batch of a provider be tried at once (after ``bypost resume``)."""
    connection.execute(
        update(batches)
        .where(
            batches.c.provider == provider,
            batches.c.state.in_(OPEN),
            or_(batches.c.lease_until.is_(None), batches.c.lease_until <= now),
        )
        .values(next_try=now)
    )
