"""Forgetting a person altogether: their row, and every mail that was made for them.

A recipe describes the mails of a whole request; it is packed again without the one person. The
bytes of a request that may have been accepted stay until its fate is settled, because repeating
them under the same key is what keeps others from having it twice; then they go as they always do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bypost.delivery import recipe
from bypost.delivery.context import Context
from bypost.people.erase import erase
from bypost.store import Connection, erasure, subscribers

#: A request that was under way while somebody was erased has ended by then.
_UNDER_WAY = timedelta(days=1)


def forget(
    context: Context,
    subscriber_id: int,
    *,
    note: Callable[[Connection], None] | None = None,
) -> bool:
    """Erase a person; return False where there is nobody (any more) to erase.

    Mails that providers took over are in mailboxes and in the providers' own logs; no program
    calls them back.

    Args:
        note: Writes into the log that it was done, in the same transaction.
    """
    now = context.clock.now()
    with context.store.write() as connection:
        person = subscribers.by_id(connection, subscriber_id)
        if person is None or person["status"] == "erased":
            return False
        mails = erasure.deliveries_of(connection, subscriber_id)
        _repack(connection, subscriber_id, mails)
        erase(connection, person, context.address_hash, now=now)
        if note is not None:
            note(connection)
    _remove_files(context, mails)
    context.store.settle_down()
    return True


def sweep(context: Context, now: datetime) -> None:
    """Remove what a request that was under way has written after its person was erased."""
    with context.store.read() as connection:
        people = erasure.erased_since(connection, now - _UNDER_WAY)
        mails = [mail for one in people for mail in erasure.deliveries_of(connection, one)]
    if mails:
        _remove_files(context, mails)
        context.store.settle_down()


def _repack(connection: Connection, subscriber_id: int, mails: Sequence[int]) -> None:
    """Take somebody out of every recipe."""
    theirs = set(mails)
    for row in erasure.recipes(connection, subscriber_id):
        shared, people = recipe.unpack(row["recipe"])
        others = {number: facts for number, facts in people.items() if number not in theirs}
        if len(others) < len(people):
            packed = recipe.pack(shared, recipe.Roll.of(others)) if others else None
            erasure.put_recipe(connection, row["id"], packed)


def _remove_files(context: Context, mails: Iterable[int]) -> None:
    refs = [context.reference(number) for number in mails]
    former = [context.mailbox] if context.mailbox else []
    for provider in (*context.providers.values(), *former):
        provider.forget(refs)
