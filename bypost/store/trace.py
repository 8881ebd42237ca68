"""Everything known of one delivery."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, select

from bypost.store.engine import Connection
from bypost.store.schema import attempts, batches, contents, deliveries, events, subscribers


def delivery(connection: Connection, delivery_id: int) -> RowMapping | None:
    """Return a delivery with its person, its batch and the title of what it carries."""
    query = (
        select(
            deliveries.c.id,
            deliveries.c.kind,
            deliveries.c.item,
            deliveries.c.state,
            deliveries.c.provider_id,
            deliveries.c.detail,
            deliveries.c.batch_id,
            subscribers.c.email,
            subscribers.c.name,
            contents.c.title,
            batches.c.collection,
            batches.c.content_hash,
            batches.c.recipe,
            batches.c.provider,
            batches.c.size,
            batches.c.due_at,
            batches.c.next_try,
            batches.c.accepted_at,
            batches.c.ambiguous,
            batches.c.state.label("batch_state"),
            batches.c.detail.label("batch_detail"),
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(contents, contents.c.hash == batches.c.content_hash)
        .where(deliveries.c.id == delivery_id)
    )
    return connection.execute(query).mappings().first()


def deliveries_of(connection: Connection, batch_id: int) -> Sequence[int]:
    """Return the deliveries bound to a batch, in order."""
    query = (
        select(deliveries.c.id).where(deliveries.c.batch_id == batch_id).order_by(deliveries.c.id)
    )
    return connection.execute(query).scalars().all()


def attempts_of(connection: Connection, batch_id: int) -> Sequence[RowMapping]:
    """Return the attempts to send a batch, oldest first."""
    query = select(attempts).where(attempts.c.batch_id == batch_id).order_by(attempts.c.id)
    return connection.execute(query).mappings().all()


def events_of(connection: Connection, delivery_id: int) -> Sequence[RowMapping]:
    """Return what providers told about a delivery, in the order in which it happened."""
    query = (
        select(events.c.provider, events.c.kind, events.c.at, events.c.received_at)
        .where(events.c.delivery_id == delivery_id)
        .order_by(events.c.at, events.c.id)
    )
    return connection.execute(query).mappings().all()
