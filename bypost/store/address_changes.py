"""Wishes for another address, from the mail they cause until they are settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import address_changes


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Insert a wish; return its number."""
    new = insert(address_changes).values(values).returning(address_changes.c.id)
    number: int = connection.execute(new).scalar_one()
    return number


def by_id(connection: Connection, number: int) -> RowMapping | None:
    """Return one wish."""
    query = select(address_changes).where(address_changes.c.id == number)
    return connection.execute(query).mappings().first()


def by_link(connection: Connection, link_id: bytes) -> RowMapping | None:
    """Return the wish that a link names."""
    query = select(address_changes).where(address_changes.c.link_id == link_id)
    return connection.execute(query).mappings().first()


def of_subscriber(connection: Connection, subscriber_id: int) -> Sequence[RowMapping]:
    """Return one person's wishes, oldest first."""
    query = select(address_changes).where(address_changes.c.subscriber_id == subscriber_id)
    return connection.execute(query.order_by(address_changes.c.id)).mappings().all()


def confirm(connection: Connection, number: int, *, old_email: str, now: datetime) -> bool:
    """Note that the new address was confirmed; False where that was done before."""
    done = connection.execute(
        update(address_changes)
        .where(address_changes.c.id == number, address_changes.c.confirmed_at.is_(None))
        .values(confirmed_at=now, old_email=old_email)
    )
    return done.rowcount == 1


def remove_over(connection: Connection, before: datetime) -> int:
    """Delete wishes whose link worked no more ``before``; return how many."""
    over = delete(address_changes).where(address_changes.c.expires_at < before)
    return connection.execute(over).rowcount


def remove_of(connection: Connection, subscriber_id: int, *, but: int | None = None) -> None:
    """Delete one person's wishes, except perhaps one."""
    theirs = delete(address_changes).where(address_changes.c.subscriber_id == subscriber_id)
    if but is not None:
        theirs = theirs.where(address_changes.c.id != but)
    connection.execute(theirs)
