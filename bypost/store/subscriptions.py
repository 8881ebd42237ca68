"""Who gets which newsletter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, exists, insert, select, update

from bypost.store import daily, holds
from bypost.store.engine import Connection
from bypost.store.schema import deliveries, issues, subscribers, subscriptions


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert subscriptions."""
    if rows:
        connection.execute(insert(subscriptions), [{"status": "active", **row} for row in rows])
        daily.add_all(
            connection,
            (
                daily.Count(
                    day=daily.day_of(row["started_at"]),
                    kind=daily.Kind.JOINED,
                    collection=daily.newsletter(row["newsletter"]),
                )
                for row in rows
            ),
        )


def of_subscribers(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Return every subscription of these people."""
    query = select(subscriptions).where(subscriptions.c.subscriber_id.in_(ids))
    return connection.execute(query.order_by(subscriptions.c.id)).mappings().all()


def by_id(connection: Connection, subscription_id: int) -> RowMapping | None:
    """Return one subscription."""
    query = select(subscriptions).where(subscriptions.c.id == subscription_id)
    return connection.execute(query).mappings().first()


def by_link(connection: Connection, link_id: bytes) -> RowMapping | None:
    """Return the subscription that a link in a mail names."""
    query = select(subscriptions).where(subscriptions.c.link_id == link_id)
    return connection.execute(query).mappings().first()


def leave(connection: Connection, subscription_id: int, now: datetime) -> bool:
    """End a subscription; return False where it had ended before."""
    done = connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription_id, subscriptions.c.status != "left")
        .values(status="left", left_at=now)
    )
    return done.rowcount == 1


def rejoin(connection: Connection, subscription_id: int, now: datetime) -> None:
    """Let a subscription that was left begin again."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription_id)
        .values(status="active", started_at=now, left_at=None)
    )


def zones(connection: Connection, newsletter: str) -> list[str]:
    """Return the zones of the active audience; an empty one means the newsletter's."""
    query = (
        select(subscribers.c.time_zone)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(subscriptions.c.newsletter == newsletter, subscriptions.c.status == "active")
        .distinct()
    )
    return sorted(connection.execute(query).scalars())


def audience(
    connection: Connection,
    newsletter: str,
    item: str,
    *,
    zone: str | None,
    before: datetime,
    limit: int | None,
    free_at: datetime | None = None,
    freed_since: datetime | None = None,
    among: ColumnElement[bool] | None = None,
    after: int = 0,
) -> Sequence[RowMapping]:
    """Return active members who joined by ``before`` and are not owed ``item`` yet.

    Args:
        after: Only subscriptions with a higher number: a million people are taken in a thousand
            steps, and each would else begin with all who were taken before.
        zone: Only people of this zone; None for everybody.
        limit: None for all of them.
        free_at: Only people who are not held then; None: whether they are held or not.
        freed_since: Of those only whose hold came to its end since.
        among: Only people of whom this is true, a condition on ``subscribers``; None for all.
    """
    owed = exists().where(
        deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
        deliveries.c.kind == "issue",
        deliveries.c.item == item,
    )
    # Of an issue that was folded nobody knows any more who had it: nobody gets it.
    folded = exists().where(
        issues.c.newsletter == newsletter,
        issues.c.issue == item.removeprefix(f"{newsletter}/"),
        issues.c.folded_at.is_not(None),
    )
    query = (
        select(
            subscriptions.c.id,
            subscriptions.c.subscriber_id,
            subscriptions.c.started_at,
            subscribers.c.email_key,
            subscribers.c.time_zone,
        )
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.id > after,
            subscriptions.c.status == "active",
            subscriptions.c.started_at <= before,
            subscribers.c.status == "confirmed",
            ~owed,
            ~folded,
        )
        .order_by(subscriptions.c.id)
        .limit(limit)
    )
    if zone is not None:
        query = query.where(subscribers.c.time_zone == zone)
    if among is not None:
        query = query.where(among)
    if free_at is not None and holds.any_person(connection):
        query = query.where(~holds.holds_somebody(free_at))
        if freed_since is not None:
            query = query.where(holds.freed_somebody(freed_since, free_at))
    elif freed_since is not None:
        return []
    return connection.execute(query).mappings().all()


def is_among(connection: Connection, subscriber_id: int, among: ColumnElement[bool]) -> bool:
    """Tell whether a condition on ``subscribers`` is true of one person."""
    query = select(subscribers.c.id).where(subscribers.c.id == subscriber_id, among)
    return connection.execute(query).first() is not None
