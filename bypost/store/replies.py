"""Answers to requests that carry an Idempotency-Key: the same request again has the same answer.

An answer is written in the transaction that does what was asked for: either both are there, or
neither. What failed has done nothing and leaves no answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, select, update

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import replies

#: How long a repetition has the same answer.
KEPT = timedelta(hours=24)


def claim(
    connection: Connection, token_id: int, key: str, *, request: bytes, now: datetime
) -> RowMapping | None:
    """Take a key for this request; return the reply of whoever had it before, None: it is ours.

    Where the database lets several write at once, this waits for the other's transaction.
    """
    remove_over(connection, now)
    mine = {
        "token_id": token_id,
        "key": key,
        "request": request,
        "status": 0,
        "body": "",
        "location": "",
        "created_at": now,
        "ends_at": now + KEPT,
    }
    if add_once(connection, replies, mine):
        return None
    query = select(replies).where(replies.c.token_id == token_id, replies.c.key == key)
    return connection.execute(query).mappings().one()


def keep(
    connection: Connection,
    token_id: int,
    key: str,
    *,
    status: int,
    body: str,
    location: str = "",
    subscriber_id: int | None = None,
) -> None:
    """Write the answer under a key that was claimed.

    Args:
        subscriber_id: Whose data is in it, so that erasing them finds it.
    """
    connection.execute(
        update(replies)
        .where(replies.c.token_id == token_id, replies.c.key == key)
        .values(status=status, body=body, location=location, subscriber_id=subscriber_id)
    )


def drop(connection: Connection, token_id: int, key: str) -> None:
    """Give a claimed key back: nothing was done under it."""
    connection.execute(delete(replies).where(replies.c.token_id == token_id, replies.c.key == key))


def remove_over(connection: Connection, now: datetime) -> None:
    """Delete the answers that repetitions have no more."""
    connection.execute(delete(replies).where(replies.c.ends_at <= now))


def forget_of(connection: Connection, subscriber_id: int) -> None:
    """Delete the answers that tell something of a person."""
    connection.execute(delete(replies).where(replies.c.subscriber_id == subscriber_id))
