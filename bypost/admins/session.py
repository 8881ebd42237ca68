"""Where somebody is signed in: a secret in a cookie there, its hash in the database here."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta

from bypost.admins.role import Role, Visitor
from bypost.errors import StoreError
from bypost.store import Connection, Row, Store, admins

#: A session ends when nobody used it for so long, and at the latest so long after signing in.
IDLE, LONGEST = timedelta(hours=12), timedelta(days=14)
#: The last use is written no more often: looking must not cost a commit each time.
_SELDOM = timedelta(minutes=1)


def hash_of(token: str) -> bytes:
    """Return what is kept of a session's secret (256 random bits, so a fast hash is enough)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def begin(connection: Connection, admin_id: int, token: str, now: datetime) -> None:
    """Sign an account in under a secret that nobody held before: never one from a cookie."""
    admins.forget_sessions(connection, made=now - LONGEST, seen=now - IDLE)
    admins.begin_session(connection, admin_id, hash_of(token), now)


def visitor(store: Store, token: str, now: datetime) -> Visitor | None:
    """Return who is signed in under a secret; None where the session is over, or never was."""
    with store.read() as connection:
        row = admins.session(connection, hash_of(token))
    if row is None or not _lasts(row, now):
        return None
    if now - row["seen_at"] >= _SELDOM:
        # Not noted this time: then the next time. What was asked for may still be shown.
        with suppress(StoreError), store.write() as connection:
            admins.touch_session(connection, row["id"], now)
    return Visitor(row["name"], Role(row["role"]), row["admin_id"])


def end(connection: Connection, token: str) -> bool:
    """Sign out; return False where nobody was signed in."""
    return admins.end_session(connection, hash_of(token))


def has_accounts(store: Store) -> bool:
    """Tell whether anybody can sign in at all."""
    with store.read() as connection:
        return admins.is_any(connection)


def _lasts(row: Row, now: datetime) -> bool:
    seen, created = row["seen_at"], row["created_at"]
    return bool(now - seen < IDLE and now - created < LONGEST)
