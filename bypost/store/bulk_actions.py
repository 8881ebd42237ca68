"""What is done for everybody in an audience, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import bulk_actions


def add(connection: Connection, values: Mapping[str, Any], *, now: datetime) -> int:
    """Write down what is to be done; return its number."""
    row = {
        **dict.fromkeys(("after_id", "found", "changed", "refused"), 0),
        "state": "running",
        "started_at": now,
        "changed_at": now,
        **values,
    }
    number: int = connection.execute(
        insert(bulk_actions).values(row).returning(bulk_actions.c.id)
    ).scalar_one()
    return number


def by_id(connection: Connection, number: int) -> RowMapping | None:
    """Return one; None where there is none of that number."""
    query = select(bulk_actions).where(bulk_actions.c.id == number)
    return connection.execute(query).mappings().first()


def change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Write down how far it came."""
    connection.execute(update(bulk_actions).where(bulk_actions.c.id == number).values(**values))


def newest(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Return the last ones, newest first."""
    query = select(bulk_actions).order_by(bulk_actions.c.id.desc()).limit(limit)
    return connection.execute(query).mappings().all()
