"""Accounts of the desk, where they are signed in, and how long signing in has to wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, exists, func, insert, or_, select, update

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import admin_sessions, admins, sign_in_waits


def add(connection: Connection, name: str, role: str, password: str, now: datetime) -> bool:
    """Add an account; return False where one of that name is there.

    Args:
        password: Its hash.
    """
    values = {"name": name, "role": role, "password": password}
    return add_once(connection, admins, {**values, "created_at": now, "password_at": now})


def by_name(connection: Connection, name: str) -> RowMapping | None:
    """Return the account of that name."""
    return connection.execute(select(admins).where(admins.c.name == name)).mappings().first()


def by_id(connection: Connection, admin_id: int) -> RowMapping | None:
    """Return an account."""
    return connection.execute(select(admins).where(admins.c.id == admin_id)).mappings().first()


def every(connection: Connection) -> Sequence[RowMapping]:
    """Return all accounts by name, each with ``sessions``: in how many places it is signed in."""
    here = (
        select(func.count())
        .where(admin_sessions.c.admin_id == admins.c.id)
        .scalar_subquery()
        .label("sessions")
    )
    return connection.execute(select(admins, here).order_by(admins.c.name)).mappings().all()


def is_any(connection: Connection) -> bool:
    """Tell whether there is an account."""
    return bool(connection.execute(select(exists().select_from(admins))).scalar())


def operators(connection: Connection) -> int:
    """Return how many accounts may act."""
    query = select(func.count()).where(admins.c.role == "operator")
    return connection.execute(query).scalar_one()


def set_role(connection: Connection, admin_id: int, role: str) -> None:
    """Give an account another role; it holds from its next request on."""
    connection.execute(update(admins).where(admins.c.id == admin_id).values(role=role))


def set_password(
    connection: Connection, admin_id: int, password: str, now: datetime | None = None
) -> None:
    """Keep another hash; without ``now`` it is the same password, hashed anew."""
    values = {"password": password} if now is None else {"password": password, "password_at": now}
    connection.execute(update(admins).where(admins.c.id == admin_id).values(**values))


def remove(connection: Connection, admin_id: int) -> None:
    """Delete an account, and sign it out everywhere."""
    end_sessions(connection, admin_id)
    connection.execute(delete(admins).where(admins.c.id == admin_id))


def begin_session(connection: Connection, admin_id: int, token_hash: bytes, now: datetime) -> None:
    """Note that an account has signed in."""
    values = {"admin_id": admin_id, "hash": token_hash, "created_at": now, "seen_at": now}
    connection.execute(insert(admin_sessions).values(**values))
    connection.execute(update(admins).where(admins.c.id == admin_id).values(seen_at=now))


def session(connection: Connection, token_hash: bytes) -> RowMapping | None:
    """Return a session with the name and the role of its account."""
    query = (
        select(admin_sessions, admins.c.name, admins.c.role)
        .join(admins, admins.c.id == admin_sessions.c.admin_id)
        .where(admin_sessions.c.hash == token_hash)
    )
    return connection.execute(query).mappings().first()


def touch_session(connection: Connection, session_id: int, now: datetime) -> None:
    """Note a request."""
    connection.execute(
        update(admin_sessions).where(admin_sessions.c.id == session_id).values(seen_at=now)
    )


def end_session(connection: Connection, token_hash: bytes) -> bool:
    """Sign out in one place; return False where nobody was signed in there."""
    done = connection.execute(delete(admin_sessions).where(admin_sessions.c.hash == token_hash))
    return done.rowcount == 1


def end_sessions(connection: Connection, admin_id: int, *, but: bytes | None = None) -> int:
    """Sign an account out everywhere; return in how many places.

    Args:
        but: The hash of the session that stays.
    """
    which = admin_sessions.c.admin_id == admin_id
    if but is not None:
        which &= admin_sessions.c.hash != but
    return connection.execute(delete(admin_sessions).where(which)).rowcount


def forget_sessions(connection: Connection, *, made: datetime, seen: datetime) -> int:
    """Delete sessions that were made or seen last before these instants; return how many."""
    old = or_(admin_sessions.c.created_at <= made, admin_sessions.c.seen_at <= seen)
    return connection.execute(delete(admin_sessions).where(old)).rowcount


def waits(connection: Connection, names: Sequence[str]) -> dict[str, RowMapping]:
    """Return what is counted under these names."""
    query = select(sign_in_waits).where(sign_in_waits.c.name.in_(names))
    return {row["name"]: row for row in connection.execute(query).mappings()}


def set_wait(
    connection: Connection, name: str, *, failures: int, now: datetime, until: datetime
) -> None:
    """Note how many failures there were, and how long the next attempt has to wait."""
    values = {"failures": failures, "last_at": now, "until": until}
    changed = connection.execute(
        update(sign_in_waits).where(sign_in_waits.c.name == name).values(**values)
    )
    if not changed.rowcount:
        add_once(connection, sign_in_waits, {"name": name, **values})


def clear_waits(connection: Connection, names: Sequence[str]) -> None:
    """Begin to count anew."""
    connection.execute(delete(sign_in_waits).where(sign_in_waits.c.name.in_(names)))


def forget_waits(connection: Connection, before: datetime) -> int:
    """Delete what was counted last before an instant; return how much."""
    return connection.execute(
        delete(sign_in_waits).where(sign_in_waits.c.last_at <= before)
    ).rowcount
