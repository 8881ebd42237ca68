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
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from bypost.store.among import among
from bypost.store.engine import Connection
from bypost.store.schema import (
    attempts,
    batches,
    deliveries,
)
from bypost.store.schema.base import Instant

#: States of a batch in which there is something left to do.
OPEN = ("pending", "sending")
#: The same, word for word the condition of ``ix_batches_open``: bound values would not use it.
IS_OPEN = batches.c.state.in_([literal_column(f"'{state}'") for state in OPEN])
#: With :data:`IS_OPEN`, the condition of ``ix_batches_open_notices``.
IS_NOTICE = batches.c.kind == literal_column("'notice'")
#: Attempts that are looked through for those of one provider.
_LATEST = 200
#: The same for ``ix_batches_unknown``.
IS_UNKNOWN = batches.c.state == literal_column("'unknown'")


def history(connection: Connection, enrollment_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """Return what each run was owed: item, batch, own state, and its batch's state and times.

    Copies that somebody asked for are left out: the course does not go on by them.
    """
    query = (
        select(
            deliveries.c.enrollment_id,
            deliveries.c.batch_id,
            deliveries.c.item,
            deliveries.c.state,
            deliveries.c.detail,
            batches.c.state.label("batch_state"),
            batches.c.due_at,
            batches.c.accepted_at,
            batches.c.first_sent_at,
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            among(connection, deliveries.c.enrollment_id, enrollment_ids), deliveries.c.copy == 0
        )
        .order_by(deliveries.c.id)
    )
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["enrollment_id"], []).append(row)
    return found


def copies(connection: Connection, enrollment_id: int) -> Sequence[RowMapping]:
    """Return the copies somebody asked for: item, copy, states, and when it was asked for."""
    query = (
        select(
            deliveries.c.item,
            deliveries.c.copy,
            deliveries.c.state,
            batches.c.state.label("batch_state"),
            batches.c.due_at,
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(deliveries.c.enrollment_id == enrollment_id, deliveries.c.copy > 0)
        .order_by(deliveries.c.id)
    )
    return connection.execute(query).mappings().all()


def first_copy(connection: Connection, enrollment_id: int, item: str) -> RowMapping | None:
    """Return the mail of a lesson as it first came: id, own state, and its batch's columns."""
    query = (
        select(
            deliveries.c.id.label("delivery_id"),
            deliveries.c.state.label("own_state"),
            deliveries.c.subscriber_id,
            batches,
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            deliveries.c.enrollment_id == enrollment_id,
            deliveries.c.item == item,
            deliveries.c.copy == 0,
        )
    )
    return connection.execute(query).mappings().first()


def last_item(
    connection: Connection,
    subscriber_id: int,
    *,
    enrollment_id: int | None = None,
    subscription_id: int | None = None,
) -> str:
    """Return the last lesson or issue of a run or subscription that was accepted; empty: none."""
    query = (
        select(deliveries.c.item)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.enrollment_id == enrollment_id,
            deliveries.c.subscription_id == subscription_id,
            or_(
                deliveries.c.state == "accepted",
                and_(deliveries.c.state.is_(None), batches.c.state == "settled"),
            ),
        )
        .order_by(deliveries.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or ""


def ready(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Return open batches whose time has come, oldest first; some may be under a lease.

    Notices come before all others: somebody is waiting for them, however much is being sent.
    """
    notices = ready_notices(connection, now, limit)
    query = (
        select(batches.c.id)
        .where(IS_OPEN, batches.c.next_try <= now)
        .order_by(batches.c.next_try, batches.c.id)
        .limit(limit)
    )
    return list(dict.fromkeys([*notices, *connection.execute(query).scalars()]))[:limit]


def ready_notices(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Return those of :func:`ready` that carry a notice."""
    query = (
        select(batches.c.id)
        .where(IS_OPEN, IS_NOTICE, batches.c.next_try <= now)
        .order_by(batches.c.next_try, batches.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def next_try(connection: Connection, *, after: datetime | None = None) -> datetime | None:
    """Return when the next open batch may be tried, of those not before ``after``."""
    query = select(func.min(batches.c.next_try)).where(IS_OPEN)
    if after is not None:
        query = query.where(batches.c.next_try > after)
    return connection.execute(query).scalar()


def batch(connection: Connection, batch_id: int) -> RowMapping | None:
    """Return one batch."""
    query = select(batches).where(batches.c.id == batch_id)
    return connection.execute(query).mappings().first()


def hold(connection: Connection, batch_id: int) -> RowMapping | None:
    """Return one batch that nobody else can change until the transaction ends.

    None where it is gone, and where somebody else has it in hand this very moment: on a database
    that locks rows nobody waits here for another's transaction.
    """
    query = select(batches).where(batches.c.id == batch_id).with_for_update(skip_locked=True)
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
    names = {name for _, name in ids}
    if len(names) == 1:  # one for the whole request
        mine = among(connection, deliveries.c.id, [number for number, _ in ids])
        connection.execute(update(deliveries).where(mine).values(provider_id=names.pop()))
    elif ids:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == bindparam("_id"))
            .values(provider_id=bindparam("_name")),
            [{"_id": i, "_name": name} for i, name in ids],
        )


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


def lately(connection: Connection, provider: str, limit: int) -> list[str]:
    """Return the outcomes of a provider's latest attempts that have ended, newest first."""
    query = (
        select(attempts.c.outcome)
        .join(batches, batches.c.id == attempts.c.batch_id)
        .where(batches.c.provider == provider, attempts.c.ended_at.is_not(None))
        .order_by(attempts.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def latest(connection: Connection, provider: str, limit: int) -> list[tuple[str, datetime]]:
    """Return outcome and end of a provider's last attempts, of the last 200 of all providers."""
    newest = select(func.max(attempts.c.id)).scalar_subquery()
    query = (
        select(attempts.c.outcome, attempts.c.ended_at)
        .join(batches, batches.c.id == attempts.c.batch_id)
        .where(
            attempts.c.id > newest - _LATEST,
            batches.c.provider == provider,
            attempts.c.ended_at.is_not(None),
        )
        .order_by(attempts.c.id.desc())
        .limit(limit)
    )
    return [(row.outcome, row.ended_at) for row in connection.execute(query)]


def wake_waiting(connection: Connection, provider: str, now: datetime) -> None:
    """Let each open batch of a provider be tried as soon as it is due (after ``bypost resume``)."""
    connection.execute(
        update(batches)
        .where(
            batches.c.provider == provider,
            batches.c.state.in_(OPEN),
            or_(batches.c.lease_until.is_(None), batches.c.lease_until <= now),
        )
        .values(
            next_try=case(
                (batches.c.due_at > now, batches.c.due_at), else_=literal(now, Instant())
            ),
            offered_until=None,
        )
    )
