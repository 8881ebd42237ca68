"""Evidence of who agreed to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import consents


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert records; columns not named start empty."""
    empty = dict.fromkeys(("form", "language", "network", "confirmed_network", "withdrawn_by"), "")
    if rows:
        connection.execute(insert(consents), [{**empty, **row} for row in rows])


def withdraw(
    connection: Connection, subscriber_id: int, purpose: str, *, by: str, now: datetime
) -> None:
    """Close the open records of one purpose."""
    connection.execute(
        update(consents)
        .where(
            consents.c.subscriber_id == subscriber_id,
            consents.c.purpose == purpose,
            consents.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now, withdrawn_by=by)
    )


def of_subscribers(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Return the records of these people, oldest first."""
    query = select(consents).where(consents.c.subscriber_id.in_(ids))
    return connection.execute(query.order_by(consents.c.id)).mappings().all()


def of_subscriber(connection: Connection, subscriber_id: int) -> Sequence[RowMapping]:
    """Return one person's records, oldest first."""
    query = select(consents).where(consents.c.subscriber_id == subscriber_id)
    return connection.execute(query.order_by(consents.c.id)).mappings().all()
