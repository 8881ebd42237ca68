"""Clicks of courses that count them, and where their links may lead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, insert, literal_column, or_, select, update

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import batches, clicks, deliveries, redirects

#: Word for word the condition of ``ix_clicks_uncounted``.
_UNCOUNTED: ColumnElement[bool] = literal_column("counted = false")


def keep_addresses(
    connection: Connection, rows: Iterable[tuple[str, str, str, str]], now: datetime
) -> None:
    """Note where links lead: (link, collection, item, address); one that is known stays."""
    new = {row[0]: row for row in rows}
    known = select(redirects.c.link).where(redirects.c.link.in_(new))
    for link in connection.execute(known).scalars().all():
        del new[link]
    for link, collection, item, address in new.values():
        values = {"link": link, "collection": collection, "item": item, "address": address}
        add_once(connection, redirects, {**values, "created_at": now})


def address_of(connection: Connection, link: str) -> RowMapping | None:
    """Return where a link leads: address, collection and item; None for one that is not ours."""
    query = select(redirects).where(redirects.c.link == link)
    return connection.execute(query).mappings().first()


def addresses(connection: Connection, collection: str) -> dict[str, str]:
    """Return the addresses of a course or newsletter, by link, as daily counts name them."""
    query = select(redirects.c.link, redirects.c.address).where(
        redirects.c.collection == collection
    )
    return {row.link: row.address for row in connection.execute(query)}


def add(
    connection: Connection,
    *,
    at: datetime,
    link: str,
    item: str,
    sign: str,
    enrollment_id: int | None = None,
    subscription_id: int | None = None,
) -> None:
    """Write a click down; it is counted a moment later, when what follows on it is known."""
    connection.execute(
        insert(clicks).values(
            at=at,
            link=link,
            item=item,
            sign=sign,
            enrollment_id=enrollment_id,
            subscription_id=subscription_id,
        )
    )


def uncounted(connection: Connection, *, until: datetime, limit: int) -> Sequence[RowMapping]:
    """Return clicks made ``until`` then that are not in the daily counts, oldest first."""
    query = select(clicks).where(_UNCOUNTED, clicks.c.at <= until).order_by(clicks.c.id)
    return connection.execute(query.limit(limit)).mappings().all()


def around(
    connection: Connection, rows: Sequence[RowMapping], margin: timedelta
) -> Sequence[RowMapping]:
    """Return all clicks of the time of ``rows``, and ``margin`` before and after."""
    first, last = min(row["at"] for row in rows), max(row["at"] for row in rows)
    query = select(clicks).where(clicks.c.at.between(first - margin, last + margin))
    return connection.execute(query.order_by(clicks.c.at)).mappings().all()


def accepted_at(
    connection: Connection, rows: Sequence[RowMapping]
) -> dict[tuple[int | None, int | None, str], datetime]:
    """Return when the mails of these clicks were accepted: (run, subscription, item) -> instant."""
    runs = {row["enrollment_id"] for row in rows} - {None}
    letters = {row["subscription_id"] for row in rows} - {None}
    items = {row["item"] for row in rows}
    which: list[Any] = []
    if runs:
        which.append(deliveries.c.enrollment_id.in_(runs))
    if letters:
        which.append(_of_letters(letters, items))
    if not which:
        return {}
    query = (
        select(
            deliveries.c.enrollment_id,
            deliveries.c.subscription_id,
            deliveries.c.item,
            batches.c.accepted_at,
        )
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(or_(*which), deliveries.c.item.in_(items), batches.c.accepted_at.is_not(None))
        .order_by(batches.c.accepted_at.desc())
    )
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}


def _of_letters(letters: Collection[int], items: Collection[str]) -> ColumnElement[bool]:
    """Return the condition for issues, by the index of people: subscriptions have none here."""
    from bypost.store.schema import subscriptions

    people = select(subscriptions.c.subscriber_id).where(subscriptions.c.id.in_(letters))
    return and_(
        deliveries.c.kind == "issue",
        deliveries.c.subscriber_id.in_(people),
        deliveries.c.item.in_(items),
        deliveries.c.subscription_id.in_(letters),
    )


def mark_counted(connection: Connection, ids: Sequence[int]) -> None:
    """Note that clicks are in the daily counts."""
    connection.execute(update(clicks).where(clicks.c.id.in_(ids)).values(counted=True))
