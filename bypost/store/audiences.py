"""Saved audiences, by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import audiences


def every(connection: Connection) -> Sequence[RowMapping]:
    """Return all of them, by name."""
    return connection.execute(select(audiences).order_by(audiences.c.name)).mappings().all()


def by_name(connection: Connection, name: str) -> RowMapping | None:
    """Return one; None where there is none of that name."""
    return connection.execute(select(audiences).where(audiences.c.name == name)).mappings().first()


def expressions(connection: Connection) -> dict[str, str]:
    """Return what each name stands for."""
    rows = connection.execute(select(audiences.c.name, audiences.c.expression))
    return {row.name: row.expression for row in rows}


def save(connection: Connection, name: str, *, expression: str, note: str, now: datetime) -> bool:
    """Save an audience under a name; return whether the name is new."""
    told = {"expression": expression, "note": note[:300], "changed_at": now}
    done = connection.execute(update(audiences).where(audiences.c.name == name).values(told))
    if done.rowcount:
        return False
    connection.execute(insert(audiences).values(name=name, created_at=now, **told))
    return True


def remove(connection: Connection, name: str) -> bool:
    """Remove an audience; return False where there was none. Nobody is removed by it."""
    done = connection.execute(delete(audiences).where(audiences.c.name == name))
    return done.rowcount == 1
