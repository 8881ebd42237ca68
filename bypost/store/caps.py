"""What people had and are owed of late, and what keeps being back: the questions of caps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, and_, or_, select, update

from bypost.store import binding
from bypost.store.engine import Connection
from bypost.store.ledger import OPEN
from bypost.store.schema import batches, deliveries, enrollments, issues, subscribers


def mails(
    connection: Connection, subscriber_ids: Sequence[int], *, since: datetime
) -> tuple[Sequence[tuple[int, int, str | None, int]], dict[int, RowMapping]]:
    """Return the lessons and issues these people got since then, or are owed.

    Notices and copies that somebody asked for are left out, and what failed or was cancelled.

    Returns:
        (delivery, subscriber, own state, batch); and the batches by number: state, collection,
        accepted_at, first_sent_at, due_at and held. A batch is shared by many.
    """
    query = (
        select(
            deliveries.c.id, deliveries.c.subscriber_id, deliveries.c.state, deliveries.c.batch_id
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            _among(deliveries.c.subscriber_id, subscriber_ids),
            deliveries.c.kind != "notice",
            deliveries.c.copy == 0,
            or_(deliveries.c.state.is_(None), deliveries.c.state.in_(("accepted", "unknown"))),
            or_(
                batches.c.accepted_at >= since,
                batches.c.state.in_(OPEN),
                and_(batches.c.state == "unknown", batches.c.first_sent_at >= since),
            ),
        )
    )
    wanted = frozenset(subscriber_ids)
    rows = [row for row in connection.execute(query) if row[1] in wanted]
    return rows, _batches(connection, {row[3] for row in rows})


def _among(column: Column[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Return that a column is one of ``ids``, or lies among them where they are close together.

    A thousand values are a statement of their own each time: 4 ms, as much as all else (measured).
    """
    if ids and max(ids) - min(ids) < 2 * len(ids):
        return column.between(min(ids), max(ids))
    return column.in_(ids)


def _batches(connection: Connection, ids: Collection[int]) -> dict[int, RowMapping]:
    query = select(
        batches.c.id,
        batches.c.collection,
        batches.c.state,
        batches.c.accepted_at,
        batches.c.first_sent_at,
        batches.c.due_at,
        batches.c.held,
    ).where(batches.c.id.in_(ids))
    return {row["id"]: row for row in connection.execute(query).mappings()}


def runs(
    connection: Connection, subscriber_ids: Sequence[int]
) -> Sequence[tuple[int, int, datetime, datetime | None]]:
    """Return (enrollment, subscriber, start, hint) of these people's active runs."""
    query = select(
        enrollments.c.id,
        enrollments.c.subscriber_id,
        enrollments.c.started_at,
        enrollments.c.next_due,
    ).where(
        _among(enrollments.c.subscriber_id, subscriber_ids),
        enrollments.c.status == "active",
    )
    wanted = frozenset(subscriber_ids)
    return [row for row in connection.execute(query) if row[1] in wanted]


def whole_runs(connection: Connection, ids: Sequence[int]) -> dict[int, RowMapping]:
    """Return enrollments of confirmed people with their person's clock, by their numbers."""
    query = (
        select(enrollments, subscribers.c.time_zone, subscribers.c.hour)
        .join(subscribers, subscribers.c.id == enrollments.c.subscriber_id)
        .where(enrollments.c.id.in_(ids), subscribers.c.status == "confirmed")
    )
    return {row["id"]: row for row in connection.execute(query).mappings()}


def planned(connection: Connection) -> Sequence[RowMapping]:
    """Return newsletter, issue and schedule of the issues whose time has not come everywhere."""
    query = select(issues.c.newsletter, issues.c.issue, issues.c.schedule).where(
        issues.c.state == "planned"
    )
    return connection.execute(query).mappings().all()


def reschedule(connection: Connection, newsletter: str, issue: str, schedule: str) -> None:
    """Write down when a planned issue goes out; empty: its file does not say so any more."""
    connection.execute(
        update(issues)
        .where(
            issues.c.newsletter == newsletter,
            issues.c.issue == issue,
            issues.c.state == "planned",
        )
        .values(schedule=schedule)
    )


def keep_back(
    connection: Connection,
    old: RowMapping,
    ids: Sequence[int],
    *,
    until: datetime,
    held: Mapping[str, Any],
    why: str,
) -> None:
    """Move deliveries of a batch that nobody has tried into one that waits.

    The size of ``old`` is the caller's to put right.
    """
    new = binding.rebind(
        connection, old, ids, provider=old["provider"], next_try=until, due_at=until
    )
    connection.execute(
        update(batches).where(batches.c.id == new).values(held=dict(held), detail=why[:400])
    )


def let_go(connection: Connection, batch_id: int, *, moved: int, cancelled: int) -> int:
    """Make a batch that was kept back an ordinary one; return how many are left to send to.

    Args:
        moved: Deliveries that were taken out of it.
        cancelled: Deliveries that are cancelled by now.
    """
    batch = batches.c
    row = connection.execute(
        select(batch.size, batch.accepted, batch.failed, batch.cancelled).where(
            batch.id == batch_id
        )
    ).one()
    size, gone = row.size - moved, row.cancelled + cancelled
    left = int(size - row.accepted - row.failed - gone)
    values: dict[str, Any] = {"size": size, "cancelled": gone, "held": None, "detail": ""}
    if not left:
        values["state"] = "settled" if size else "dissolved"
    connection.execute(update(batches).where(batch.id == batch_id).values(**values))
    return left
