"""How often something may be done in a time: counted in the database, for all processes together.

A window begins with the first use and ends after its time; the next use begins another. Counting is
one statement, so that two processes never take the last place both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bypost.store.engine import Connection
from bypost.store.schema import limits


def take(
    connection: Connection, name: str, *, most: int, per: timedelta | None, now: datetime
) -> bool:
    """Count one use; return False, without counting, where ``most`` were counted already.

    Args:
        most: Uses allowed in a window, at least 1.
        per: How long a window lasts; None: for ever.
    """
    values = {
        "name": name,
        "started_at": now,
        "ends_at": None if per is None else now + per,
        "used": 1,
        "closed_at": None,
    }
    return (
        connection.execute(_taking(connection.dialect.name), {**values, "most": most}).first()
        is not None
    )


@cache
def _taking(dialect: str) -> Any:
    """Return the statement of :func:`take`; to build it takes longer than to run it."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    new = make(limits)
    over = or_(
        limits.c.ends_at <= new.excluded.started_at,
        # A window that begins later than this one would end: the clock was wrong then.
        limits.c.started_at > new.excluded.ends_at,
    )
    fresh = ("started_at", "ends_at", "closed_at")
    return new.on_conflict_do_update(
        index_elements=[limits.c.name],
        set_={
            "used": case((over, 1), else_=limits.c.used + 1),
            **{name: case((over, new.excluded[name]), else_=limits.c[name]) for name in fresh},
        },
        where=or_(over, limits.c.used < bindparam("most")),
    ).returning(limits.c.used)


def close(connection: Connection, name: str, now: datetime) -> bool:
    """Note that a use was refused; return False where that was noted in this window before."""
    done = connection.execute(
        update(limits)
        .where(limits.c.name == name, limits.c.closed_at.is_(None))
        .values(closed_at=now)
    )
    return done.rowcount == 1


def closed(connection: Connection, prefix: str, now: datetime) -> Sequence[RowMapping]:
    """Return what begins with ``prefix``, refused something, and is not over yet."""
    query = select(limits).where(
        limits.c.name.startswith(prefix, autoescape=True),
        limits.c.closed_at.is_not(None),
        limits.c.ends_at > now,
    )
    return connection.execute(query.order_by(limits.c.name)).mappings().all()


def clear(connection: Connection, names: Sequence[str]) -> None:
    """Count anew from nothing."""
    connection.execute(delete(limits).where(limits.c.name.in_(names)))


def forget_over(connection: Connection, now: datetime) -> int:
    """Delete windows that are over; return how many."""
    return connection.execute(delete(limits).where(limits.c.ends_at <= now)).rowcount
