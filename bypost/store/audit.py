"""The log of what was done: rows are only added, and read newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, insert, select

from bypost.store.engine import Connection
from bypost.store.schema import audit


def add(
    connection: Connection,
    *,
    at: datetime,
    who: str,
    via: str,
    action: str,
    subject: str,
    detail: str,
) -> None:
    """Add a row."""
    connection.execute(
        insert(audit).values(at=at, who=who, via=via, action=action, subject=subject, detail=detail)
    )


def newest(
    connection: Connection,
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
    who: str = "",
    action: str = "",
    subject: str = "",
) -> Sequence[RowMapping]:
    """Return rows, newest first; each narrowing has an index that also gives the order.

    Args:
        before: Only rows older than this one.
        after: Only rows newer than this one; of those the ``limit`` oldest.
    """
    query = select(audit)
    for column, value in (("who", who), ("action", action), ("subject", subject)):
        if value:
            query = query.where(audit.c[column] == value)
    if after is not None:
        query = query.where(audit.c.id > after).order_by(audit.c.id)
        return connection.execute(query.limit(limit)).mappings().all()[::-1]
    if before is not None:
        query = query.where(audit.c.id < before)
    return connection.execute(query.order_by(audit.c.id.desc()).limit(limit)).mappings().all()
