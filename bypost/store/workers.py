"""Workers: which processes bring batches that are handed over, and when each was last seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, func, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import workers

#: Rows are kept for so long after the last sign of life.
_KEPT = timedelta(days=1)


def begin(connection: Connection, *, name: str, slots: int, now: datetime) -> int:
    """Note a worker that starts; return its number."""
    connection.execute(delete(workers).where(workers.c.seen_at < now - _KEPT))
    values = {"name": name[:120], "slots": slots, "started_at": now, "seen_at": now}
    made = connection.execute(insert(workers).values(values).returning(workers.c.id))
    return int(made.scalar_one())


def seen(connection: Connection, worker_id: int, now: datetime) -> bool:
    """Note that a worker is there; False where its row is gone."""
    query = update(workers).where(workers.c.id == worker_id).values(seen_at=now)
    return connection.execute(query).rowcount == 1


def end(connection: Connection, worker_id: int, now: datetime) -> None:
    """Note that a worker stops in good order."""
    values = {"seen_at": now, "stopped_at": now}
    connection.execute(update(workers).where(workers.c.id == worker_id).values(values))


def alive(connection: Connection, since: datetime) -> Sequence[RowMapping]:
    """Return the workers that were seen since then and go on, the longest serving first."""
    is_there = workers.c.seen_at >= since, workers.c.stopped_at.is_(None)
    query = select(workers).where(*is_there).order_by(workers.c.id)
    return connection.execute(query).mappings().all()


def last_seen(connection: Connection) -> datetime | None:
    """Return when any worker was last seen; None if none was for a day."""
    return connection.execute(select(func.max(workers.c.seen_at))).scalar()
