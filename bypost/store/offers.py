"""Offers: which ready batches wait for a worker, and until when they are not offered again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select, update

from bypost.store.engine import Connection
from bypost.store.ledger import IS_NOTICE, IS_OPEN, OPEN
from bypost.store.schema import batches


def choose(
    connection: Connection, now: datetime, *, stopped: Sequence[str], notices: int, others: int
) -> list[RowMapping]:
    """Return id and kind of batches that are ready and not on offer: notices, then the oldest.

    Args:
        stopped: Providers that take nothing; of theirs only what an attempt has left open.
        notices: So many of those at most.
        others: So many of the rest.
    """
    free = _is_free(now, stopped)
    return [
        *_first(connection, and_(IS_NOTICE, free), notices),
        *_first(connection, and_(batches.c.kind != "notice", free), others),
    ]


def _is_free(now: datetime, stopped: Sequence[str]) -> ColumnElement[bool]:
    return and_(
        IS_OPEN,
        batches.c.next_try <= now,
        or_(batches.c.offered_until.is_(None), batches.c.offered_until <= now),
        or_(batches.c.lease_until.is_(None), batches.c.lease_until <= now),
        or_(
            batches.c.provider.not_in(stopped),
            batches.c.ambiguous.is_(True),
            batches.c.state == "sending",
        ),
    )


def _first(connection: Connection, which: ColumnElement[bool], limit: int) -> Sequence[RowMapping]:
    if not limit:
        return []
    query = (
        select(batches.c.id, batches.c.kind)
        .where(which)
        .order_by(batches.c.next_try, batches.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def offer(connection: Connection, ids: Sequence[int], *, until: datetime) -> None:
    """Note that batches are on offer."""
    connection.execute(update(batches).where(batches.c.id.in_(ids)).values(offered_until=until))


def end(connection: Connection, batch_id: int, until: datetime | None) -> None:
    """Let a batch that is still open be offered again, at once or from ``until`` on."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id, batches.c.state.in_(OPEN))
        .values(offered_until=until)
    )


def is_ready(connection: Connection, batch_id: int, now: datetime) -> bool:
    """Tell whether a batch is open and its time has come, whoever holds it."""
    query = select(batches.c.id).where(
        batches.c.id == batch_id, batches.c.state.in_(OPEN), batches.c.next_try <= now
    )
    return connection.execute(query).first() is not None


def ready(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """Return how many batches could be brought now, and since when the oldest of them waits.

    Those that somebody brings at the moment are left out.
    """
    query = select(func.count(), func.min(batches.c.next_try)).where(
        IS_OPEN,
        batches.c.next_try <= now,
        or_(batches.c.lease_until.is_(None), batches.c.lease_until <= now),
    )
    row = connection.execute(query).one()
    return row[0], row[1]
