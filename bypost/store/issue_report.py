"""One issue in numbers: how far it is, what became of it, and who would get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    case,
    exists,
    func,
    literal_column,
    select,
)

from bypost.store import holds
from bypost.store.engine import Connection
from bypost.store.schema import batches, deliveries, subscribers, subscriptions

#: Word for word the condition of ``ix_batches_issue``: a bound value would not use it.
_OF_ISSUES = batches.c.kind == literal_column("'issue'")
_UNKNOWN = case((batches.c.state == "unknown", batches.c.members), else_=0)
_SUMS = (
    func.coalesce(func.sum(batches.c.size), 0).label("owed"),
    func.coalesce(func.sum(batches.c.accepted), 0).label("accepted"),
    func.coalesce(func.sum(batches.c.failed), 0).label("failed"),
    func.coalesce(func.sum(batches.c.cancelled), 0).label("cancelled"),
    func.coalesce(func.sum(_UNKNOWN), 0).label("unknown"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """The subscribers of one newsletter in one zone.

    Attributes:
        zone: Empty for people who have none of their own.
        ready: Confirmed, and subscribed in time.
        among: Those of them who are in the audience.
        had: Those of these who were owed the issue already.
        held: Those of the others whose mails an operator holds back.
    """

    zone: str
    ready: int
    among: int
    had: int
    held: int

    @property
    def to_come(self) -> int:
        """Return how many get it, as far as nothing stands against their addresses."""
        return self.among - self.had - self.held


def by_instant(connection: Connection, item: str) -> Sequence[RowMapping]:
    """Return the numbers of an issue by when it fell due, soonest first.

    Columns: due_at, held (whether a cap keeps these back), owed, accepted, failed, cancelled,
    unknown. A million people are some 10,000 batches, which take 30 ms.
    """
    held = batches.c.held.is_not(None).label("held")
    query = (
        select(batches.c.due_at, held, *_SUMS)
        .where(_OF_ISSUES, batches.c.item == item, batches.c.size > 0)
        .group_by(batches.c.due_at, held)
        .order_by(batches.c.due_at, held)
    )
    return connection.execute(query).mappings().all()


def of_issues(connection: Connection, items: Sequence[str]) -> dict[str, RowMapping]:
    """Return the sums of issues by item; one that nobody was owed is not among them."""
    query = (
        select(batches.c.item, *_SUMS)
        .where(_OF_ISSUES, batches.c.item.in_(items))
        .group_by(batches.c.item)
    )
    return {row["item"]: row for row in connection.execute(query).mappings()}


def accepted_since(connection: Connection, item: str, since: datetime | None) -> int:
    """Return how many were accepted from then on; of all time where it is None."""
    query = select(func.coalesce(func.sum(batches.c.accepted), 0)).where(
        _OF_ISSUES, batches.c.item == item
    )
    if since is not None:
        query = query.where(batches.c.accepted_at >= since)
    return int(connection.execute(query).scalar() or 0)


def acceptances(connection: Connection, item: str) -> Sequence[tuple[datetime, int]]:
    """Return when how many were accepted: a row for each request."""
    query = (
        select(batches.c.accepted_at, batches.c.accepted)
        .where(_OF_ISSUES, batches.c.item == item, batches.c.accepted_at.is_not(None))
        .order_by(batches.c.accepted_at)
    )
    return [(at, number) for at, number in connection.execute(query) if at is not None]


def subscribed(connection: Connection, newsletter: str) -> int:
    """Return how many are on a newsletter; by its indexes alone."""
    mine = subscriptions.c.newsletter == newsletter
    every = connection.execute(select(func.count()).where(mine)).scalar() or 0
    gone = select(func.count()).where(mine, subscriptions.c.left_at.is_not(None))
    return int(every - (connection.execute(gone).scalar() or 0))


def left(connection: Connection, newsletter: str) -> int:
    """Return how many have left a newsletter and not come back."""
    query = select(func.count()).where(
        subscriptions.c.newsletter == newsletter, subscriptions.c.left_at.is_not(None)
    )
    return int(connection.execute(query).scalar() or 0)


def readers(
    connection: Connection,
    newsletter: str,
    item: str,
    *,
    now: datetime,
    among: ColumnElement[bool] | None,
    begun: bool,
) -> list[Readers]:
    """Return the subscribers of a newsletter by zone; looks at each of them: 1 s for a million.

    Args:
        begun: Somebody was owed the issue; else nobody has to be asked whether they were.
    """
    chosen: ColumnElement[bool] = literal_column("1 = 1") if among is None else among
    owed = exists().where(
        deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
        deliveries.c.kind == "issue",
        deliveries.c.item == item,
    )
    nobody: ColumnElement[bool] = literal_column("1 = 0")
    had = and_(chosen, owed) if begun else nobody
    hold = holds.holds_somebody(now) if holds.any_person(connection) else nobody
    held = and_(chosen, hold, ~owed) if begun else and_(chosen, hold)
    query = (
        select(
            subscribers.c.time_zone.label("zone"),
            func.count().label("ready"),
            *(_number(what).label(name) for name, what in _named(chosen, had, held)),
        )
        .select_from(subscriptions)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.status == "active",
            subscribers.c.status == "confirmed",
        )
        .group_by(subscribers.c.time_zone)
        .order_by(subscribers.c.time_zone)
    )
    return [Readers(**row) for row in connection.execute(query).mappings()]


def keys_to_come(
    connection: Connection,
    newsletter: str,
    item: str,
    *,
    among: ColumnElement[bool] | None,
    limit: int,
) -> list[tuple[int, str, str]]:
    """Return (subscriber, case-folded address, zone) of people who are not owed an issue yet."""
    owed = exists().where(
        deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
        deliveries.c.kind == "issue",
        deliveries.c.item == item,
    )
    query = (
        select(subscribers.c.id, subscribers.c.email_key, subscribers.c.time_zone)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.status == "active",
            subscribers.c.status == "confirmed",
            ~owed,
        )
        .order_by(subscriptions.c.id)
        .limit(limit)
    )
    if among is not None:
        query = query.where(among)
    return [(who, key or "", zone) for who, key, zone in connection.execute(query)]


def _named(
    among: ColumnElement[bool], had: ColumnElement[bool], held: ColumnElement[bool]
) -> list[tuple[str, ColumnElement[bool]]]:
    return [("among", among), ("had", had), ("held", held)]


def _number(what: ColumnElement[bool]) -> Any:
    return func.sum(case((what, 1), else_=0))
