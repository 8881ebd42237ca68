"""What an operator ordered about single issues: one row each, until it is cleared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, exists, func, literal_column, null, select, update

from bypost.store.engine import Connection
from bypost.store.ledger import OPEN
from bypost.store.once import add_once
from bypost.store.schema import batches, deliveries, issue_orders

#: Word for word the condition of ``ix_batches_issue``: a bound value would not use it.
_OF_ISSUES = batches.c.kind == literal_column("'issue'")
#: A row that says nothing yet.
_BLANK: Mapping[str, Any] = {
    "schedule": None,
    "audience": None,
    "state": "scheduled",
    "reason": "",
    "paused_at": None,
    "resumed_at": None,
}


def every(connection: Connection) -> Sequence[RowMapping]:
    """Return all orders; there are as many as issues that somebody ever touched."""
    return connection.execute(select(issue_orders).order_by(issue_orders.c.id)).mappings().all()


def find(connection: Connection, newsletter: str, issue: str) -> RowMapping | None:
    """Return the order about one issue."""
    query = select(issue_orders).where(_is(newsletter, issue))
    return connection.execute(query).mappings().first()


def put(
    connection: Connection, newsletter: str, issue: str, values: Mapping[str, Any]
) -> RowMapping:
    """Change the order about an issue, or make one; return it.

    Args:
        values: The columns to write; ``at`` and ``by`` always.
    """
    key = {"newsletter": newsletter, "issue": issue}
    if not add_once(connection, issue_orders, {**_BLANK, **key, **values}):
        connection.execute(update(issue_orders).where(_is(newsletter, issue)).values(**values))
    return connection.execute(select(issue_orders).where(_is(newsletter, issue))).mappings().one()


def remove(connection: Connection, newsletter: str, issue: str) -> bool:
    """Remove the order about an issue; return whether there was one."""
    done = connection.execute(delete(issue_orders).where(_is(newsletter, issue)))
    return done.rowcount == 1


def untried(
    connection: Connection, item: str, now: datetime, limit: int, *, held: bool, after: int = 0
) -> Sequence[RowMapping]:
    """Return batches of an issue of which surely nothing was ever accepted, in nobody's hands.

    Args:
        item: As deliveries name it: newsletter/issue.
        held: Those as well that a cap keeps back for another day.
        after: The last one that was looked at; those before it are not looked at again.
    """
    free = batches.c.lease_until.is_(None) | (batches.c.lease_until <= now)
    query = (
        select(batches)
        .where(
            _OF_ISSUES,
            batches.c.item == item,
            batches.c.id > after,
            batches.c.state == "pending",
            batches.c.ambiguous.is_(False),
            free,
            *(() if held else (batches.c.held.is_(null()),)),
        )
        .order_by(batches.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def cancel_batch(connection: Connection, batch: RowMapping, why: str) -> int:
    """Cancel what is left in a batch that nobody tried; return how many deliveries that are."""
    own = deliveries.c.batch_id == batch["id"], deliveries.c.state.is_(None)
    done = connection.execute(
        update(deliveries).where(*own).values(state="cancelled", detail=why[:300])
    )
    values = {
        "state": "settled",
        "cancelled": batches.c.cancelled + done.rowcount,
        # Whoever looked at it before this must not go on: the next write under a lease fails.
        "fence": batches.c.fence + 1,
        "held": None,
        "lease_until": None,
        "detail": "",
    }
    connection.execute(update(batches).where(batches.c.id == batch["id"]).values(values))
    return done.rowcount


def empty_batch(connection: Connection, batch_id: int) -> None:
    """Close a batch from which everybody was taken: nothing is left in it to send."""
    values = {"state": "dissolved", "fence": batches.c.fence + 1, "held": None}
    emptied = batches.c.id == batch_id, batches.c.size == 0
    connection.execute(update(batches).where(*emptied).values({**values, "lease_until": None}))
    # Some of it is settled, and stays: refused by the provider, say.
    rest = batches.c.id == batch_id, batches.c.size > 0
    connection.execute(update(batches).where(*rest).values({**values, "state": "settled"}))


def mine(connection: Connection, batch_id: int) -> list[int]:
    """Return the deliveries of a batch that have no state of their own."""
    query = select(deliveries.c.id).where(
        deliveries.c.batch_id == batch_id, deliveries.c.state.is_(None)
    )
    return list(connection.execute(query).scalars())


def look_again(connection: Connection, batch_id: int, at: datetime) -> None:
    """Leave a batch that nobody has in hand alone until then."""
    connection.execute(update(batches).where(batches.c.id == batch_id).values(next_try=at))


def wake(connection: Connection, item: str) -> None:
    """Let what a cap kept back of an issue be tried on its day again, after a pause."""
    mine = _OF_ISSUES, batches.c.item == item, batches.c.state == "pending"
    connection.execute(
        update(batches)
        .where(*mine, batches.c.held.is_not(null()))
        .values(next_try=batches.c.due_at)
    )


def size(connection: Connection, item: str) -> int:
    """Return how many people are owed an issue."""
    query = select(func.coalesce(func.sum(batches.c.size), 0)).where(
        _OF_ISSUES, batches.c.item == item
    )
    return int(connection.execute(query).scalar() or 0)


def is_open(connection: Connection, item: str) -> bool:
    """Tell whether something of an issue is owed and not settled."""
    query = select(exists().where(_OF_ISSUES, batches.c.item == item, batches.c.state.in_(OPEN)))
    return bool(connection.execute(query).scalar())


def has_begun(connection: Connection, newsletter: str, issue: str) -> bool:
    """Tell whether anybody was ever owed an issue."""
    query = select(exists().where(_OF_ISSUES, batches.c.item == f"{newsletter}/{issue}"))
    return bool(connection.execute(query).scalar())


def _is(newsletter: str, issue: str) -> Any:
    return (issue_orders.c.newsletter == newsletter) & (issue_orders.c.issue == issue)
