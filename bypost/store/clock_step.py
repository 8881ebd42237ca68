"""Instants that lie ahead of the clock: found, and brought back to what they can be at most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, func, or_, select, type_coerce, update

from bypost.store import meta
from bypost.store.engine import Connection
from bypost.store.ledger import IS_OPEN
from bypost.store.schema import attempts, batches

_KEY = "clock_step"
#: Attempts looked at: a pass under way when the clock steps back adds some with the right date.
_RECENT = 200
_recent = (
    select(attempts.c.id, attempts.c.started_at)
    .order_by(attempts.c.id.desc())
    .limit(_RECENT)
    .subquery()
)
_LAST = select(_recent).order_by(_recent.c.started_at.desc(), _recent.c.id.desc()).limit(1)
_LEASE = select(func.max(batches.c.lease_until)).where(IS_OPEN)
#: One that waits for the end of a pause says so.
_UNTRIED = select(func.max(batches.c.next_try)).where(
    IS_OPEN, batches.c.attempts == 0, batches.c.detail == ""
)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest instants of the ledger.

    Attributes:
        attempt: Number of the attempt that began last, by its own date; 0 before the first.
        attempted_at: When it began.
        leased_until: The lease that ends last.
        untried_until: The longest wait of a batch that was never tried, and so has nothing to wait
            for: it was owed by a clock that was ahead.
    """

    attempt: int
    attempted_at: datetime | None
    leased_until: datetime | None
    untried_until: datetime | None


def newest(connection: Connection) -> Newest:
    """Return the newest instants of the ledger."""
    last = connection.execute(_LAST).first()
    lease = connection.execute(_LEASE).scalar()
    untried = connection.execute(_UNTRIED).scalar()
    return Newest(last.id if last else 0, last.started_at if last else None, lease, untried)


def noticed(connection: Connection, attempt: int, now: datetime) -> bool:
    """Tell whether a step was noticed at ``attempt``, and none came since."""
    known, _, at = (meta.get(connection, _KEY) or "").partition(" ")
    return known == str(attempt) and now >= datetime.fromisoformat(at)


def remember(connection: Connection, attempt: int, now: datetime) -> None:
    """Remember that a step was noticed at ``attempt``."""
    meta.put(connection, _KEY, f"{attempt} {now.isoformat()}")


def end_leases(connection: Connection, *, beyond: datetime) -> None:
    """Let no lease last beyond an instant."""
    _set(connection, and_(IS_OPEN, batches.c.lease_until > beyond), lease_until=beyond)


def hasten(connection: Connection, *, now: datetime, longest: timedelta) -> None:
    """Let no open batch wait for longer than ``longest``, and not at all where it need not.

    A batch never tried, or being tried, was ready; only one that failed waits on purpose.
    """
    late = batches.c.next_try > now + longest
    ready = and_(
        batches.c.next_try > now, or_(batches.c.attempts == 0, batches.c.state == "sending")
    )
    _set(connection, and_(IS_OPEN, ready), next_try=now)
    _set(connection, and_(IS_OPEN, late), next_try=now + longest)


def ask_by(connection: Connection, *, beyond: datetime, at: datetime) -> None:
    """Ask ``at`` about unknown batches that were to be asked about ``beyond``."""
    unknown = batches.c.state == "unknown"
    _set(connection, and_(unknown, batches.c.next_try > beyond), next_try=at)


def date_back(connection: Connection, *, now: datetime, by: timedelta) -> None:
    """Move the first sending of batches that are not settled back, where it lies ahead of now."""
    first = type_coerce(batches.c.first_sent_at, BigInteger)
    which = and_(
        batches.c.state.in_(("pending", "sending", "unknown")), batches.c.first_sent_at > now
    )
    _set(connection, which, first_sent_at=first - by // _MICROSECOND)


def _set(connection: Connection, which: ColumnElement[bool], **values: Any) -> None:
    connection.execute(update(batches).where(which).values(**values))
