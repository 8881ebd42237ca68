"""Addresses that must not be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, select

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import suppressions
from bypost.store.sheets import among

#: Nothing at all is sent to an address under this scope.
EVERYTHING = "all"
#: Reasons that stop even notices a person asked for (design: the table of who stops what).
STOPS_NOTICES = frozenset({"bounced", "complained", "manual"})


def find(
    connection: Connection, hashes: Sequence[bytes], scope: str = EVERYTHING
) -> dict[bytes, str]:
    """Return the reason for each address hash that is suppressed for ``scope`` or everything.

    Of several reasons one that stops notices too is told before one that does not.
    """
    if not hashes:
        return {}
    query = "SELECT id, scope, address_hash, reason FROM suppressions WHERE address_hash"
    found: dict[bytes, str] = {}
    for _, where, address_hash, reason in sorted(among(connection, query, hashes)):
        if where not in (scope, EVERYTHING):
            continue
        known = found.get(address_hash)
        if known is None or (known not in STOPS_NOTICES and reason in STOPS_NOTICES):
            found[address_hash] = reason
    return found


def add(
    connection: Connection,
    address_hash: bytes,
    *,
    reason: str,
    scope: str = EVERYTHING,
    now: datetime,
    detail: str = "",
) -> bool:
    """Suppress an address; a second time for the same reason changes nothing and returns False."""
    return add_once(
        connection,
        suppressions,
        {
            "address_hash": address_hash,
            "reason": reason,
            "scope": scope,
            "created_at": now,
            "detail": detail[:300],
        },
    )


def of_address(connection: Connection, address_hash: bytes) -> Sequence[RowMapping]:
    """Return everything that stands against an address, oldest first."""
    query = select(suppressions).where(suppressions.c.address_hash == address_hash)
    return connection.execute(query.order_by(suppressions.c.id)).mappings().all()


def of_addresses(connection: Connection, hashes: Sequence[bytes]) -> dict[bytes, list[RowMapping]]:
    """Return everything that stands against each of these addresses, oldest first."""
    query = select(suppressions).where(suppressions.c.address_hash.in_(hashes))
    found: dict[bytes, list[RowMapping]] = {}
    for row in connection.execute(query.order_by(suppressions.c.id)).mappings():
        found.setdefault(row["address_hash"], []).append(row)
    return found


def hashes(connection: Connection, *, after: bytes, limit: int) -> list[bytes]:
    """Return hashes of addresses against which something stands, in their own order."""
    query = (
        select(suppressions.c.address_hash)
        .where(suppressions.c.address_hash > after)
        .distinct()
        .order_by(suppressions.c.address_hash)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def left_at(connection: Connection, address_hash: bytes) -> datetime | None:
    """Return when somebody left everything; None where they did not."""
    query = select(suppressions.c.created_at).where(
        suppressions.c.address_hash == address_hash,
        suppressions.c.reason == "left",
        suppressions.c.scope == EVERYTHING,
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def lift_leaving_of(connection: Connection, address_hash: bytes, scope: str) -> None:
    """Forget that somebody left one thing: they came back to it themselves."""
    connection.execute(
        delete(suppressions).where(
            suppressions.c.address_hash == address_hash,
            suppressions.c.reason == "left",
            suppressions.c.scope == scope,
        )
    )


def lift_leaving(connection: Connection, address_hash: bytes, scopes: Sequence[str]) -> None:
    """Forget that somebody left, for these scopes and for everything: they came back themselves.

    Who bounced or complained stays as they are.
    """
    connection.execute(
        delete(suppressions).where(
            suppressions.c.address_hash == address_hash,
            suppressions.c.reason == "left",
            suppressions.c.scope.in_({EVERYTHING, *scopes}),
        )
    )


def lift_manual(connection: Connection, address_hash: bytes) -> bool:
    """Take an operator's own word back; return False where there was none."""
    done = connection.execute(
        delete(suppressions).where(
            suppressions.c.address_hash == address_hash, suppressions.c.reason == "manual"
        )
    )
    return done.rowcount > 0
