"""Tidying up: requests that nobody confirmed do not stay, and nothing of an erased person does."""

from __future__ import annotations

from datetime import datetime, timedelta

from bypost.delivery import forget
from bypost.delivery.context import Context
from bypost.people.abuse import Rules
from bypost.people.signup import remove_unconfirmed
from bypost.store import address_changes, meta, replies

#: Between two looks; nobody waits for this.
_EVERY = timedelta(hours=1)
_KEY = "tidied_at"
#: How long wishes for another address are kept once their link is over: the mails about them are
#: made from these rows.
_WISHES = timedelta(days=1)
#: Requests in one transaction: other writers wait meanwhile.
_CHUNK = 200


def tidy(context: Context) -> int:
    """Remove requests that nobody confirmed in time, at most once an hour; return how many."""
    now = context.clock.now()
    with context.store.read() as connection:
        before = meta.get(connection, _KEY)
    if before is not None and abs(now - datetime.fromisoformat(before)) < _EVERY:
        return 0
    forget.sweep(context, now)
    rules = Rules(settings=context.settings.signup, address_hash=context.address_hash)
    removed = 0
    while True:
        with context.store.write() as connection:
            some = remove_unconfirmed(connection, now=now, rules=rules, limit=_CHUNK)
            if some < _CHUNK:
                address_changes.remove_over(connection, now - _WISHES)
                replies.remove_over(connection, now)
                meta.put(connection, _KEY, now.isoformat())
        removed += some
        if some < _CHUNK:
            return removed
