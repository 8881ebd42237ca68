"""Blanking what tells of a person; rows stay, so that the ledger goes on adding up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, and_, delete, not_, or_, select, update

from bypost.store import address_changes, holds, import_changes, replies
from bypost.store.engine import Connection
from bypost.store.schema import (
    attempts,
    batches,
    consents,
    deliveries,
    events,
    signups,
    subscribers,
)

#: Batches with nothing in their recipe but mails that are their own and were accepted.
_PLAIN = and_(
    batches.c.state == "settled", batches.c.members == batches.c.accepted, batches.c.accepted > 0
)


def blank(connection: Connection, subscriber_id: int, now: datetime) -> None:
    """Leave an empty person behind, of whom only numbers and times are known."""
    connection.execute(
        update(subscribers)
        .where(subscribers.c.id == subscriber_id)
        .values(
            email=None,
            email_key=None,
            name="",
            time_zone="",
            hour="",
            status="erased",
            tags=[],
            attributes={},
            own_choice=[],
            csv_cells=None,
            erased_at=now,
        )
    )
    connection.execute(
        update(consents)
        .where(consents.c.subscriber_id == subscriber_id)
        .values(note="", network="", confirmed_network="")
    )
    connection.execute(delete(signups).where(signups.c.subscriber_id == subscriber_id))
    address_changes.remove_of(connection, subscriber_id)
    replies.forget_of(connection, subscriber_id)
    holds.forget(connection, subscriber_id)
    import_changes.forget_of(connection, subscriber_id)


def forget_words(connection: Connection, subscriber_id: int, texts: Sequence[str]) -> None:
    """Forget what providers said of a person's mails.

    Args:
        texts: Their address and name: what was said of a whole request goes where it holds one.
    """
    theirs = select(deliveries.c.id).where(deliveries.c.subscriber_id == subscriber_id)
    connection.execute(update(events).where(events.c.delivery_id.in_(theirs)).values(raw=None))
    connection.execute(
        update(deliveries).where(deliveries.c.subscriber_id == subscriber_id).values(detail=None)
    )
    wanted = [text.casefold() for text in texts if text]
    own = select(deliveries.c.batch_id).where(deliveries.c.subscriber_id == subscriber_id)
    for table, key in ((attempts, attempts.c.batch_id), (batches, batches.c.id)):
        query = select(table.c.id, table.c.detail).where(key.in_(own), table.c.detail != "")
        telling = [
            row.id
            for row in connection.execute(query).all()
            if any(text in row.detail.casefold() for text in wanted)
        ]
        connection.execute(update(table).where(table.c.id.in_(telling)).values(detail=""))


def deliveries_of(connection: Connection, subscriber_id: int) -> list[int]:
    """Return the numbers of everything a person was ever owed."""
    query = select(deliveries.c.id).where(deliveries.c.subscriber_id == subscriber_id)
    return list(connection.execute(query.order_by(deliveries.c.id)).scalars())


def recipes(connection: Connection, subscriber_id: int) -> Sequence[RowMapping]:
    """Return ``id`` and ``recipe`` of the batches in which a mail of this person may be described.

    Those are the ones that hold their deliveries, and those of the same contents from which
    deliveries may have moved to another batch: they kept the recipe.
    """
    theirs = deliveries.c.subscriber_id == subscriber_id
    own = select(deliveries.c.batch_id).where(theirs)
    same = (
        select(batches.c.content_hash)
        .join(deliveries, deliveries.c.batch_id == batches.c.id)
        .where(theirs)
    )
    query = select(batches.c.id, batches.c.recipe).where(
        batches.c.recipe.is_not(None),
        or_(batches.c.id.in_(own), and_(not_(_PLAIN), batches.c.content_hash.in_(same))),
    )
    return connection.execute(query.order_by(batches.c.id)).mappings().all()


def put_recipe(connection: Connection, batch_id: int, recipe: bytes | None) -> None:
    """Replace what describes the mails of a batch; None where nobody is left in it."""
    connection.execute(update(batches).where(batches.c.id == batch_id).values(recipe=recipe))


def erased_since(connection: Connection, since: datetime) -> list[int]:
    """Return who was erased since then."""
    query = select(subscribers.c.id).where(subscribers.c.erased_at >= since)
    return list(connection.execute(query).scalars())
