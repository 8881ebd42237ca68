"""What we ask of the engine's own tables beside ours, in the same transaction.

Their shape is procrastinate's (3.x). It is made and changed by :mod:`bypost.cluster.schema`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, column, func, literal_column, select, table, text

from bypost.store.engine import Connection

_JOBS = table("procrastinate_jobs", column("queue_name"), column("queueing_lock"), column("status"))
#: Word for word the condition of procrastinate's own indexes over jobs that nobody has taken.
_IS_WAITING: ColumnElement[bool] = literal_column("status = 'todo'::procrastinate_job_status")


def exist(connection: Connection) -> bool:
    """Tell whether the engine's tables are there."""
    return bool(connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar())


def waiting(connection: Connection, queue: str) -> int:
    """Return how many jobs of a queue nobody has taken yet."""
    query = select(func.count()).where(_IS_WAITING, _JOBS.c.queue_name == queue)
    return connection.execute(query.select_from(_JOBS)).scalar_one()


def locked(connection: Connection, locks: Sequence[str]) -> list[str]:
    """Return those queueing locks that a waiting job holds."""
    query = select(_JOBS.c.queueing_lock).where(_IS_WAITING, _JOBS.c.queueing_lock.in_(locks))
    return list(connection.execute(query).scalars())
