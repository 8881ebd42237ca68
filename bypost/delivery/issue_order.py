"""One order about one issue, and an issue as it stands with its order: read in one place.

Whoever asks when an issue goes out, and to whom, asks :func:`ordered`; nobody else looks at the
table of orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bypost.delivery.schedule import Schedule, parse_schedule
from bypost.model.course import Issue, Newsletter
from bypost.store import Connection, Row, issues
from bypost.store import orders as store


class OrderState(StrEnum):
    """What an order says."""

    SCHEDULED = "scheduled"  #: it goes out when its time comes
    PAUSED = "paused"  #: nothing of it goes out until it is resumed
    CANCELLED = "cancelled"  #: nothing more of it ever goes out


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an operator said about one issue; it overrides the file until it is cleared.

    Attributes:
        schedule: None: as the file says.
        audience: Name or expression; empty: everybody; None: as the file says.
        at: When the last word was given.
        by: Who gave it: an account's name, or ``command``.
        paused_at: When it was paused the last time.
        resumed_at: When that ended.
    """

    newsletter: str
    issue: str
    schedule: Schedule | None
    audience: str | None
    state: OrderState
    at: datetime
    by: str
    reason: str
    paused_at: datetime | None
    resumed_at: datetime | None

    @property
    def is_paused(self) -> bool:
        """Tell whether nothing of it goes out for now."""
        return self.state is OrderState.PAUSED

    @property
    def is_cancelled(self) -> bool:
        """Tell whether nothing more of it ever goes out."""
        return self.state is OrderState.CANCELLED

    @property
    def words(self) -> str:
        """Return why deliveries of a cancelled issue are cancelled."""
        return "the issue was cancelled" + (f": {self.reason}" if self.reason else "")

    def paused_for(self, at: datetime) -> timedelta | None:
        """Return how long something that fell due at ``at`` waited for the end of the pause.

        None where no pause stood against it, or one that is not over.
        """
        if self.paused_at is None or self.resumed_at is None or at >= self.resumed_at:
            return None
        return self.resumed_at - max(self.paused_at, at)


@dataclass(frozen=True, slots=True)
class ReadyIssue:
    """An issue that may go out, and its compiled content.

    Attributes:
        order: What an operator said about it; ``issue`` has the schedule of that already.
        by_zone: Its audience is taken zone by zone, even where all have the same instant.
    """

    newsletter: Newsletter
    issue: Issue
    content_hash: str
    order: Order | None = None
    by_zone: bool = False

    @property
    def item(self) -> str:
        """Return the issue as deliveries name it: newsletter/issue."""
        return f"{self.newsletter.id}/{self.issue.id}"

    @property
    def whole(self) -> bool:
        """Tell whether everybody is taken at once."""
        return self.issue.at is not None and not self.by_zone

    @property
    def audience(self) -> str:
        """Return the name or expression of who gets it; empty for everybody."""
        if self.order is not None and self.order.audience is not None:
            return self.order.audience
        return self.issue.audience or self.newsletter.audience

    @property
    def is_paused(self) -> bool:
        """Tell whether the operator has paused just this issue."""
        return self.order is not None and self.order.is_paused


def order_of(row: Row) -> Order:
    """Return an order from its row."""
    return Order(
        newsletter=row["newsletter"],
        issue=row["issue"],
        schedule=parse_schedule(row["schedule"]) if row["schedule"] else None,
        audience=row["audience"],
        state=OrderState(row["state"]),
        at=row["at"],
        by=row["by"],
        reason=row["reason"],
        paused_at=row["paused_at"],
        resumed_at=row["resumed_at"],
    )


def find(connection: Connection, item: str) -> Order | None:
    """Return the order about an issue, named newsletter/issue."""
    newsletter, _, issue = item.partition("/")
    row = store.find(connection, newsletter, issue)
    return order_of(row) if row is not None else None


def every(connection: Connection) -> Mapping[tuple[str, str], Order]:
    """Return all orders by newsletter and issue."""
    return {(row["newsletter"], row["issue"]): order_of(row) for row in store.every(connection)}


def told(connection: Connection) -> list[dict[str, Any]]:
    """Return the issues that are paused, as :func:`bypost.delivery.holds.told` tells of holds."""
    return [
        {
            "scope": "issue",
            "name": f"{one.newsletter}/{one.issue}",
            "since": one.paused_at,
            "until": None,
            "reason": one.reason,
        }
        for one in every(connection).values()
        if one.is_paused
    ]


def ordered(connection: Connection, ready: Iterable[ReadyIssue]) -> list[ReadyIssue]:
    """Return issues as they go out by what was ordered; those that are cancelled are left out."""
    orders, zoned = every(connection), issues.by_zone(connection)
    found = []
    for one in ready:
        key = (one.newsletter.id, one.issue.id)
        order = orders.get(key)
        if order is None or not order.is_cancelled:
            found.append(with_order(one, order, by_zone=key in zoned))
    return found


def with_order(one: ReadyIssue, order: Order | None, *, by_zone: bool = False) -> ReadyIssue:
    """Return an issue with the schedule of an order."""
    issue = scheduled(one.issue, order)
    own = order is not None and order.schedule is not None
    return replace(one, issue=issue, order=order, by_zone=by_zone or own)


def scheduled(issue: Issue, order: Order | None) -> Issue:
    """Return an issue that goes out when its order says."""
    if order is None or order.schedule is None:
        return issue
    when = order.schedule
    return replace(issue, at=when.instant, day=when.day, hour=when.hour)


def stands(connection: Connection, one: ReadyIssue) -> bool:
    """Tell whether nobody has ordered anything else since ``one`` was read."""
    return find(connection, one.item) == one.order
