"""Addresses that must not be mailed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import insert, select

from bypost.store.engine import Connection
from bypost.store.schema import suppressions

#: Nothing at all is sent to an address under this scope.
EVERYTHING = "all"


def find(
    connection: Connection, hashes: Sequence[bytes], scope: str = EVERYTHING
) -> dict[bytes, str]:
    """Return the reason for each address hash that is suppressed for ``scope`` or everything."""
    if not hashes:
        return {}
    query = select(suppressions.c.address_hash, suppressions.c.reason).where(
        suppressions.c.address_hash.in_(hashes),
        suppressions.c.scope.in_({scope, EVERYTHING}),
    )
    return {row.address_hash: row.reason for row in connection.execute(query)}


def add(
    connection: Connection,
    address_hash: bytes,
    *,
    reason: str,
    scope: str = EVERYTHING,
    now: datetime,
    detail: str = "",
) -> None:
    """Suppress an address; a second time for the same reason changes nothing."""
    known: Iterable[object] = connection.execute(
        select(suppressions.c.id).where(
            suppressions.c.address_hash == address_hash,
            suppressions.c.reason == reason,
            suppressions.c.scope == scope,
        )
    ).all()
    if not known:
        connection.execute(
            insert(suppressions).values(
                address_hash=address_hash,
                reason=reason,
                scope=scope,
                created_at=now,
                detail=detail[:300],
            )
        )
