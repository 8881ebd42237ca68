"""Tokens of the HTTP API: only their hashes are here.

A token is 256 random bits, so nobody can try them all: one round of SHA-256 keeps it as safe as a
slow hash keeps a password, which somebody thought up and others can guess.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, or_, select, update

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import tokens

#: What a token may do: look at everything; ask people for their consent; change what there is.
SCOPES = ("read", "signup", "write")
#: Begins every token, so that programs that look for lost secrets know one.
PREFIX = "bypost_"

_RANDOM_BYTES = 32
#: The last use is written no more often: reading must not cost a commit each time.
_SELDOM = timedelta(minutes=1)


def make() -> str:
    """Return a new token; it is shown once and cannot be had again."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def hash_of(token: str) -> bytes:
    """Return what is kept of a token, for whatever text."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def add(
    connection: Connection, name: str, token_hash: bytes, *, scopes: Sequence[str], now: datetime
) -> bool:
    """Add a token; return False where one of that name is in use."""
    return add_once(
        connection,
        tokens,
        {"name": name, "hash": token_hash, "scopes": sorted(set(scopes)), "created_at": now},
    )


def find(connection: Connection, token_hash: bytes) -> RowMapping | None:
    """Return the token with this hash; None where there is none, or it was revoked."""
    query = select(tokens).where(tokens.c.hash == token_hash, tokens.c.revoked_at.is_(None))
    return connection.execute(query).mappings().first()


def every(connection: Connection) -> Sequence[RowMapping]:
    """Return all tokens, oldest first, revoked ones too."""
    return connection.execute(select(tokens).order_by(tokens.c.id)).mappings().all()


def stale(token: RowMapping, now: datetime) -> bool:
    """Tell whether the use at ``now`` is worth writing down."""
    last = token["last_used_at"]
    return last is None or not last <= now < last + _SELDOM


def touch(connection: Connection, token_id: int, now: datetime) -> bool:
    """Note a use; return False where one was noted within the minute, by whichever process."""
    last = tokens.c.last_used_at
    done = connection.execute(
        update(tokens)
        .where(tokens.c.id == token_id, or_(last.is_(None), last <= now - _SELDOM, last > now))
        .values(last_used_at=now)
    )
    return done.rowcount == 1


def revoke(connection: Connection, name: str, now: datetime) -> bool:
    """End a token from now on; return False where none of that name is in use."""
    done = connection.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return done.rowcount == 1
