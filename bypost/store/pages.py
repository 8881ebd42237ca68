"""What the pages ask of the database and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, func, select, update

from bypost.store.engine import Connection
from bypost.store.ledger import OPEN
from bypost.store.schema import batches, deliveries, enrollments, subscribers, subscriptions


def answers(connection: Connection) -> bool:
    """Tell whether the database answers at all."""
    return connection.execute(select(1)).scalar() == 1


def highest_delivery(connection: Connection) -> int:
    """Return the highest delivery number in use; 0 for none."""
    return connection.execute(select(func.max(deliveries.c.id))).scalar() or 0


def people_of(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, RowMapping]:
    """Return whom each delivery is for: name, address, zone, and of which course it is."""
    query = (
        select(
            deliveries.c.id,
            deliveries.c.subscriber_id,
            subscribers.c.name,
            subscribers.c.email,
            subscribers.c.time_zone,
            batches.c.collection,
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.id.in_(delivery_ids))
    )
    return {row["id"]: row for row in connection.execute(query).mappings()}


def people_on_courses(connection: Connection) -> int:
    """Return how many people are in a course now."""
    people = func.count(enrollments.c.subscriber_id.distinct())
    return connection.execute(select(people).where(enrollments.c.status == "active")).scalar() or 0


def sample_link(connection: Connection) -> bytes | None:
    """Return the link id of the first run that is still on; None where there is none."""
    query = select(enrollments.c.link_id).where(enrollments.c.status == "active")
    return connection.execute(query.order_by(enrollments.c.id).limit(1)).scalar()


def keep_first_people(connection: Connection, limit: int) -> None:
    """Make a *copy* small enough to look ahead: everybody after the first people is out.

    Never for a database that is in use: it ends runs and forgets what is on its way.
    """
    ids = (
        select(enrollments.c.subscriber_id)
        .where(enrollments.c.status == "active")
        .distinct()
        .order_by(enrollments.c.subscriber_id)
    )
    last = connection.execute(ids.offset(limit - 1).limit(1)).scalar()
    for table in (enrollments, subscriptions):
        beyond = table.c.subscriber_id > (last or 0)
        connection.execute(
            update(table).where(beyond, table.c.status == "active").values(status="left")
        )
    connection.execute(update(batches).where(batches.c.state.in_(OPEN)).values(state="dissolved"))
