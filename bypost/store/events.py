"""What providers told us about deliveries: each event once, and what follows from several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, exists, func, or_, select

from bypost.model.event import Event, EventKind
from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import batches, deliveries, events, subscribers

_PROOFS = [kind for kind in EventKind if kind.proves_acceptance]
#: Characters of an event's id that are kept.
_LONGEST_ID = 200


def add(
    connection: Connection,
    provider: str,
    event: Event,
    *,
    delivery_id: int | None,
    now: datetime,
    keep_raw: bool = True,
) -> bool:
    """Record an event; return False where it was recorded before.

    Args:
        delivery_id: The delivery it is about; None where that is not ours.
        keep_raw: Keep the text as received; False where erasing a person could not find it.
    """
    values = {
        "provider": provider,
        "event_id": event.event_id[:_LONGEST_ID],
        "delivery_id": delivery_id,
        "kind": event.kind,
        "too_large": event.too_large,
        "at": event.at,
        "received_at": now,
        "raw": dict(event.raw) if keep_raw else None,
    }
    return add_once(connection, events, values)


def subjects(connection: Connection, ids: Sequence[int]) -> dict[int, RowMapping]:
    """Return the deliveries that events are about, by id: how each stands, and whose it is.

    Their batches are locked where the database has locks of rows: an answer that is being recorded
    is waited for, so that an event and the record of its request never miss each other.
    """
    query = (
        select(
            deliveries.c.id,
            deliveries.c.state,
            deliveries.c.provider_id,
            deliveries.c.subscriber_id,
            subscribers.c.email_key,
            batches.c.state.label("batch_state"),
            batches.c.kind,
            batches.c.collection,
            batches.c.item,
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.id.in_(ids))
        .order_by(batches.c.id)
        .with_for_update(of=batches)
    )
    return {row["id"]: row for row in connection.execute(query).mappings()} if ids else {}


def of_deliveries(connection: Connection, ids: Sequence[int]) -> dict[int, set[EventKind]]:
    """Return the kinds of events recorded about these deliveries; those without any are left out.

    At most 1,000 are asked for.
    """
    query = select(events.c.delivery_id, events.c.kind).where(events.c.delivery_id.in_(ids))
    found: dict[int, set[EventKind]] = {}
    for row in connection.execute(query):
        found.setdefault(row.delivery_id, set()).add(EventKind(row.kind))
    return found


def of_person(connection: Connection, subscriber_id: int) -> Sequence[RowMapping]:
    """Return what was told about one person's deliveries, oldest first, the text as received."""
    columns = (c for c in events.c if c.name != "id")
    query = (
        select(*columns)
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .where(deliveries.c.subscriber_id == subscriber_id)
        .order_by(events.c.at, events.c.id)
    )
    return connection.execute(query).mappings().all()


def soft_bounces(connection: Connection, subscriber_id: int, *, last: int) -> int:
    """Return how many of a person's ``last`` accepted deliveries bounced softly, size apart.

    A delivery counts as accepted also by its events alone: they may come before the answer.
    """
    recent = (
        select(deliveries.c.id)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            or_(
                deliveries.c.state == "accepted",
                and_(deliveries.c.state.is_(None), batches.c.state == "settled"),
                _has_event(events.c.kind.in_(_PROOFS)),
            ),
        )
        .order_by(deliveries.c.id.desc())
        .limit(last)
        .subquery()
    )
    soft = _has_event(events.c.kind == EventKind.SOFT_BOUNCED, events.c.too_large.is_(False))
    query = (
        select(func.count())
        .select_from(deliveries)
        .join(recent, recent.c.id == deliveries.c.id)
        .where(soft)
    )
    return connection.execute(query).scalar_one()


def troubled(connection: Connection, provider: str, kind: EventKind, since: datetime) -> int:
    """Return how many deliveries accepted since then had an event of this kind."""
    query = (
        select(func.count(events.c.delivery_id.distinct()))
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            events.c.provider == provider,
            events.c.kind == kind,
            events.c.received_at > since,
            batches.c.provider == provider,
            batches.c.accepted_at > since,
        )
    )
    return connection.execute(query).scalar_one()


def accepted(connection: Connection, provider: str, since: datetime) -> int:
    """Return how many deliveries a provider accepted since then."""
    query = select(func.sum(batches.c.accepted)).where(
        batches.c.provider == provider, batches.c.accepted_at > since
    )
    return connection.execute(query).scalar() or 0


def _has_event(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a delivery has an event of this sort."""
    return exists().where(events.c.delivery_id == deliveries.c.id, *conditions)
