"""What each import did: the numbers of those it added, and what it changed in others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, exists, false, or_, select

from bypost.store import daily
from bypost.store.engine import Connection
from bypost.store.schema import (
    address_changes,
    consents,
    deliveries,
    enrollments,
    holds,
    import_changes,
    imports,
    replies,
    signups,
    subscribers,
    subscriptions,
)
from bypost.store.sheets import Sheet, as_json


def add_all(connection: Connection, import_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note what one chunk of an import did.

    Args:
        rows: ``what``, ``first_id``, ``last_id``, ``before`` and ``after`` of each.
    """
    _CHANGES.insert(
        connection,
        [
            (
                import_id,
                row["what"],
                row["first_id"],
                row["last_id"],
                _kept(row["before"]),
                _kept(row["after"]),
            )
            for row in rows
        ],
    )


_CHANGES = Sheet("import_changes", ("import_id", "what", "first_id", "last_id", "before", "after"))


def _kept(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else as_json(value)


def of_import(
    connection: Connection, import_id: int, *, after_id: int, limit: int
) -> Sequence[RowMapping]:
    """Return what an import did, in the order in which it did it."""
    query = (
        select(import_changes)
        .where(import_changes.c.import_id == import_id, import_changes.c.id > after_id)
        .order_by(import_changes.c.id)
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def changed_later(connection: Connection, import_id: int, ids: Sequence[int]) -> set[int]:
    """Return which of these people a later import changed, unless that one was taken back."""
    query = (
        select(import_changes.c.first_id)
        .join(imports, imports.c.id == import_changes.c.import_id)
        .where(
            import_changes.c.first_id.in_(ids),
            import_changes.c.what == "changed",
            import_changes.c.import_id > import_id,
            imports.c.state != "undone",
        )
    )
    return set(connection.execute(query).scalars())


def with_mail(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return who of these was ever owed a mail: it was sent, or is on its way."""
    query = select(deliveries.c.subscriber_id).where(deliveries.c.subscriber_id.in_(ids))
    return set(connection.execute(query.distinct()).scalars())


def runs_with_mail(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these runs were ever owed a lesson."""
    query = select(deliveries.c.enrollment_id).where(deliveries.c.enrollment_id.in_(ids))
    return set(connection.execute(query.distinct()).scalars())


def letters_with_mail(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these subscriptions were ever owed an issue."""
    people = select(subscriptions.c.subscriber_id).where(subscriptions.c.id.in_(ids))
    query = select(deliveries.c.subscription_id).where(
        deliveries.c.subscriber_id.in_(people), deliveries.c.subscription_id.in_(ids)
    )
    return set(connection.execute(query.distinct()).scalars())


def acted(connection: Connection, ids: Sequence[int], at: datetime) -> set[int]:
    """Return who of these did something of their own, or had it done, since an import of ``at``.

    They chose something, signed up, asked for another address, paused, left, began again, were put
    on hold, or agreed to something that came by another way.
    """
    mine = subscribers.c.id
    query = select(mine).where(
        mine.in_(ids),
        or_(
            subscribers.c.hour != "",
            exists().where(address_changes.c.subscriber_id == mine),
            exists().where(signups.c.subscriber_id == mine),
            exists().where(holds.c.subscriber_id == mine),
            exists().where(replies.c.subscriber_id == mine),
            exists().where(
                enrollments.c.subscriber_id == mine,
                or_(
                    enrollments.c.status != "active",
                    enrollments.c.started_at != at,
                    enrollments.c.paused_until.is_not(None),
                    enrollments.c.asked_next_at.is_not(None),
                    enrollments.c.pace != "",
                ),
            ),
            exists().where(
                subscriptions.c.subscriber_id == mine,
                or_(subscriptions.c.status != "active", subscriptions.c.started_at != at),
            ),
            exists().where(
                consents.c.subscriber_id == mine,
                or_(consents.c.source != "csv", consents.c.requested_at != at),
            ),
        ),
    )
    return set(connection.execute(query).scalars())


def remove_people(connection: Connection, ids: Sequence[int]) -> None:
    """Remove people to whom nothing was ever owed, with what they were on."""
    _uncount(
        connection, enrollments.c.subscriber_id.in_(ids), subscriptions.c.subscriber_id.in_(ids)
    )
    for table in (consents, enrollments, subscriptions):
        connection.execute(delete(table).where(table.c.subscriber_id.in_(ids)))
    connection.execute(delete(subscribers).where(subscribers.c.id.in_(ids)))


def remove_runs(connection: Connection, ids: Sequence[int]) -> None:
    """Remove runs of which nothing was ever owed."""
    _uncount(connection, enrollments.c.id.in_(ids), false())
    connection.execute(delete(enrollments).where(enrollments.c.id.in_(ids)))


def remove_letters(connection: Connection, ids: Sequence[int]) -> None:
    """Remove subscriptions of which nothing was ever owed."""
    _uncount(connection, false(), subscriptions.c.id.in_(ids))
    connection.execute(delete(subscriptions).where(subscriptions.c.id.in_(ids)))


def _uncount(
    connection: Connection, runs: ColumnElement[bool], letters: ColumnElement[bool]
) -> None:
    """Take what is about to be removed out of the daily counts of who joined."""
    began = [
        (row.started_at, daily.course(row.course))
        for row in connection.execute(
            select(enrollments.c.started_at, enrollments.c.course).where(runs)
        )
    ] + [
        (row.started_at, daily.newsletter(row.newsletter))
        for row in connection.execute(
            select(subscriptions.c.started_at, subscriptions.c.newsletter).where(letters)
        )
    ]
    joined = daily.Kind.JOINED
    daily.add_all(
        connection,
        (
            daily.Count(day=daily.day_of(at), kind=joined, collection=where, number=-1)
            for at, where in began
        ),
    )


def remove_consents(connection: Connection, ids: Sequence[int], purpose: str, at: datetime) -> None:
    """Remove the evidence that an import brought along with what it began."""
    connection.execute(
        delete(consents).where(
            consents.c.subscriber_id.in_(ids),
            consents.c.purpose == purpose,
            consents.c.source == "csv",
            consents.c.requested_at == at,
        )
    )


def forget_of(connection: Connection, subscriber_id: int) -> None:
    """Forget what imports changed in a person: it tells who they were."""
    connection.execute(
        delete(import_changes).where(
            import_changes.c.first_id == subscriber_id, import_changes.c.what == "changed"
        )
    )


def kept(connection: Connection, import_id: int) -> bool:
    """Tell whether it is still known what an import changed."""
    query = select(import_changes.c.id).where(import_changes.c.import_id == import_id).limit(1)
    return connection.execute(query).first() is not None
