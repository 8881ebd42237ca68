"""The deliveries of a batch that are still its own, with their people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row as SqlRow
from sqlalchemy import func, select

from bypost.store.engine import Connection
from bypost.store.schema import deliveries, enrollments, subscribers, subscriptions


class Standing(NamedTuple):
    """A delivery that is still its batch's own, and how things stand with its person.

    Columns are those of the tables; ``email_key`` is null for somebody who was erased.
    """

    id: int
    kind: str
    copy: int
    request: str
    subscriber_id: int
    email_key: str | None
    person_status: str
    enrollment_status: str | None
    subscription_status: str | None
    paused_until: datetime | None


class Member(NamedTuple):
    """A :class:`Standing`, and what its mail is made of.

    Attributes:
        since: When the run or the subscription began.
        link_id: Of the run or the subscription.
    """

    id: int
    kind: str
    copy: int
    request: str
    subscriber_id: int
    email_key: str | None
    person_status: str
    enrollment_status: str | None
    subscription_status: str | None
    paused_until: datetime | None
    item: str
    enrollment_id: int | None
    email: str | None
    name: str
    time_zone: str
    hour: str | None
    attributes: Mapping[str, str] | None
    pace: str | None
    counts_from: datetime | None
    since: datetime | None
    link_id: bytes | None


#: The columns of :class:`Standing`, in its order.
_STANDING = (
    deliveries.c.id,
    deliveries.c.kind,
    deliveries.c.copy,
    deliveries.c.request,
    deliveries.c.subscriber_id,
    subscribers.c.email_key,
    subscribers.c.status,
    enrollments.c.status,
    subscriptions.c.status,
    enrollments.c.paused_until,
)
#: Those that :class:`Member` has besides.
_MADE_OF = (
    deliveries.c.item,
    deliveries.c.enrollment_id,
    subscribers.c.email,
    subscribers.c.name,
    subscribers.c.time_zone,
    subscribers.c.hour,
    subscribers.c.attributes,
    enrollments.c.pace,
    enrollments.c.counts_from,
    func.coalesce(enrollments.c.started_at, subscriptions.c.started_at),
    func.coalesce(enrollments.c.link_id, subscriptions.c.link_id),
)


def of(connection: Connection, batch_id: int) -> list[Member]:
    """Return the deliveries of a batch that are still its own, with their people, in order."""
    return [Member._make(row) for row in _rows(connection, batch_id, *_STANDING, *_MADE_OF)]


def standing(connection: Connection, batch_id: int) -> list[Standing]:
    """Return how things stand with the :func:`of` of a batch, and no more."""
    return [Standing._make(row) for row in _rows(connection, batch_id, *_STANDING)]


def ids(connection: Connection, batch_id: int) -> list[int]:
    """Return which deliveries the :func:`of` of a batch are."""
    own = deliveries.c.batch_id == batch_id, deliveries.c.state.is_(None)
    query = select(deliveries.c.id).where(*own).order_by(deliveries.c.id)
    return list(connection.execute(query).scalars())


def _rows(connection: Connection, batch_id: int, *columns: Any) -> Sequence[SqlRow[Any]]:
    query = (
        select(*columns)
        .select_from(deliveries)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
        .outerjoin(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(deliveries.c.batch_id == batch_id, deliveries.c.state.is_(None))
        .order_by(deliveries.c.id)
    )
    return connection.execute(query).all()
