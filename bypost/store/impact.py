"""Whom an edit of a mail still reaches, and who has it already.

Measured on SQLite with 100,000 enrollments and 350,000 deliveries (2026-11): 0.1 to 0.35 s for a
lesson.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from bypost.store.engine import Connection
from bypost.store.ledger import IS_OPEN, IS_UNKNOWN
from bypost.store.schema import (
    batches,
    deliveries,
    enrollments,
    issue_zones,
    issues,
    subscribers,
    subscriptions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """People, by what an edit of one mail means to them.

    Attributes:
        had: A provider accepted it for them.
        on_its_way: It is owed to them with the text of before, or nobody knows what became of it.
        ahead: They get it with the text of then, if nothing else changes.
    """

    had: int
    on_its_way: int
    ahead: int


_ACCEPTED = or_(
    deliveries.c.state == "accepted",
    and_(deliveries.c.state.is_(None), batches.c.state == "settled"),
)


def of_lesson(connection: Connection, course: str, lessons: Sequence[str]) -> Impact:
    """Return whom an edit of a lesson reaches.

    Args:
        lessons: It, and those after it in the course: who was owed one of them is past it.
    """
    lesson = lessons[0]
    had = (
        select(func.count(enrollments.c.subscriber_id.distinct()))
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            enrollments.c.course == course,
            deliveries.c.item == lesson,
            deliveries.c.copy == 0,
            _ACCEPTED,
        )
    )
    past = exists().where(
        deliveries.c.enrollment_id == enrollments.c.id, deliveries.c.item.in_(lessons)
    )
    ahead = (
        select(func.count())
        .select_from(enrollments)
        .join(subscribers, subscribers.c.id == enrollments.c.subscriber_id)
        .where(
            enrollments.c.course == course,
            enrollments.c.status == "active",
            subscribers.c.status == "confirmed",
            ~past,
        )
    )
    return Impact(
        had=connection.execute(had).scalar_one(),
        on_its_way=_on_its_way(connection, course, lesson),
        ahead=connection.execute(ahead).scalar_one(),
    )


def of_issue(connection: Connection, newsletter: str, issue: str) -> Impact:
    """Return whom an edit of an issue reaches: nobody by mail, once it is out everywhere."""
    item = f"{newsletter}/{issue}"
    mine = (
        deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
        deliveries.c.kind == "issue",
        deliveries.c.item == item,
    )
    had = (
        select(func.count())
        .select_from(subscriptions)
        .join(deliveries, and_(*mine, deliveries.c.copy == 0))
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(subscriptions.c.newsletter == newsletter, _ACCEPTED)
    )
    ahead = (
        select(func.count())
        .select_from(subscriptions)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.status == "active",
            subscribers.c.status == "confirmed",
            ~exists().where(*mine),
            ~_is_out(newsletter, issue),
        )
    )
    return Impact(
        had=connection.execute(had).scalar_one(),
        on_its_way=_on_its_way(connection, newsletter, item),
        ahead=connection.execute(ahead).scalar_one(),
    )


def _is_out(newsletter: str, issue: str) -> ColumnElement[bool]:
    """Tell whether an issue's time has passed: everywhere, or in the person's own zone."""
    known = and_(issues.c.newsletter == newsletter, issues.c.issue == issue)
    over = exists().where(known, issues.c.state != "planned")
    zone = (
        exists()
        .where(
            known,
            issue_zones.c.issue_id == issues.c.id,
            # The zone "" stands for all people of an issue with one instant, and else for those
            # who named none.
            issue_zones.c.time_zone == subscribers.c.time_zone,
        )
        .correlate(subscribers)
    )
    return or_(over, zone)


def _on_its_way(connection: Connection, collection: str, item: str) -> int:
    left = batches.c.size - batches.c.accepted - batches.c.failed - batches.c.cancelled
    mine = (batches.c.collection == collection, batches.c.item == item)
    # Two questions, since each has an index of its own.
    waiting = select(func.coalesce(func.sum(left), 0)).where(IS_OPEN, *mine)
    unknown = select(func.coalesce(func.sum(batches.c.members), 0)).where(IS_UNKNOWN, *mine)
    found = connection.execute(waiting).scalar_one() + connection.execute(unknown).scalar_one()
    return int(found)
