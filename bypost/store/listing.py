"""Rows a page at a time, in the order of their primary key.

A page begins behind the last row of the page before. Rows that come meanwhile have higher numbers:
they stand on a later page, and none is skipped or shown twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, Select, and_, or_, select

from bypost.store.engine import Connection
from bypost.store.ledger import IS_OPEN, IS_UNKNOWN
from bypost.store.schema import (
    batches,
    contents,
    deliveries,
    enrollments,
    events,
    subscribers,
    subscriptions,
)

Rows = Sequence[RowMapping]

_MAILS = (
    select(
        deliveries.c.id,
        deliveries.c.kind,
        deliveries.c.item,
        deliveries.c.copy,
        deliveries.c.subscriber_id,
        deliveries.c.enrollment_id,
        deliveries.c.subscription_id,
        deliveries.c.state,
        deliveries.c.provider_id,
        deliveries.c.detail,
        deliveries.c.batch_id,
        contents.c.title,
        batches.c.collection,
        batches.c.provider,
        batches.c.due_at,
        batches.c.accepted_at,
        batches.c.state.label("batch_state"),
        batches.c.detail.label("batch_detail"),
    )
    .join(batches, batches.c.id == deliveries.c.batch_id)
    .join(contents, contents.c.hash == batches.c.content_hash)
)


def people(
    connection: Connection,
    *,
    after: int,
    limit: int,
    status: str | None = None,
    email_key: str | None = None,
) -> Rows:
    """Return subscribers; erased ones only where that status is asked for."""
    query = select(subscribers)
    if status is None:
        query = query.where(subscribers.c.status != "erased")
    query = _where(query, {subscribers.c.status: status, subscribers.c.email_key: email_key})
    return _page(connection, query, subscribers.c.id, after, limit)


def runs(
    connection: Connection,
    *,
    after: int,
    limit: int,
    subscriber_id: int | None = None,
    course: str | None = None,
    status: str | None = None,
) -> Rows:
    """Return enrollments."""
    table = enrollments.c
    given = {table.subscriber_id: subscriber_id, table.course: course, table.status: status}
    return _page(connection, _where(select(enrollments), given), table.id, after, limit)


def letters(
    connection: Connection,
    *,
    after: int,
    limit: int,
    subscriber_id: int | None = None,
    newsletter: str | None = None,
    status: str | None = None,
) -> Rows:
    """Return subscriptions."""
    table = subscriptions.c
    given = {table.subscriber_id: subscriber_id, table.newsletter: newsletter, table.status: status}
    return _page(connection, _where(select(subscriptions), given), table.id, after, limit)


def mails(
    connection: Connection,
    *,
    after: int,
    limit: int,
    state: str | None = None,
    subscriber_id: int | None = None,
    since: datetime | None = None,
) -> Rows:
    """Return deliveries with what their batch says of them.

    Args:
        state: accepted, failed, cancelled, unknown, pending or sending.
        since: Only those that fell due then or later.
    """
    query = _where(_MAILS, {deliveries.c.subscriber_id: subscriber_id})
    if since is not None:
        query = query.where(
            deliveries.c.batch_id.in_(select(batches.c.id).where(batches.c.due_at >= since))
        )
    if state is not None:
        query = query.where(_stands(state))
    return _page(connection, query, deliveries.c.id, after, limit)


def mail(connection: Connection, delivery_id: int) -> RowMapping | None:
    """Return one delivery as :func:`mails` does."""
    return connection.execute(_MAILS.where(deliveries.c.id == delivery_id)).mappings().first()


def told(
    connection: Connection,
    *,
    after: int,
    limit: int,
    kind: str | None = None,
    provider: str | None = None,
    delivery_id: int | None = None,
    since: datetime | None = None,
) -> Rows:
    """Return events, without the text as received; ``since`` is about when we heard."""
    table = events.c
    query: Select[*tuple[Any, ...]] = select(
        *(table.id, table.provider, table.delivery_id, table.kind, table.at, table.received_at)
    )
    given = {table.kind: kind, table.provider: provider, table.delivery_id: delivery_id}
    query = _where(query, given)
    if since is not None:
        query = query.where(table.received_at >= since)
    return _page(connection, query, table.id, after, limit)


def _stands(state: str) -> ColumnElement[bool]:
    """Return the condition of a delivery's state: its own, or its batch's.

    Few batches are open or unknown; their indexes find them.
    """
    of_batch = deliveries.c.state.is_(None)
    if state in {"failed", "cancelled"}:
        return deliveries.c.state == state
    if state == "accepted":
        return or_(deliveries.c.state == state, and_(of_batch, batches.c.state == "settled"))
    indexed = IS_UNKNOWN if state == "unknown" else IS_OPEN
    such = select(batches.c.id).where(indexed, batches.c.state == state)
    return and_(of_batch, deliveries.c.batch_id.in_(such))


def _where(query: Select[*tuple[Any, ...]], given: Mapping[Column[Any], object]) -> Select[Any]:
    """Return the query narrowed to what was asked for."""
    return query.where(*(column == value for column, value in given.items() if value is not None))


def _page(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    key: Column[Any],
    after: int,
    limit: int,
) -> Rows:
    query = query.where(key > after).order_by(key).limit(limit)
    return connection.execute(query).mappings().all()
