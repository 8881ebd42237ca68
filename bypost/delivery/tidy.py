"""Tidying up behind the sign-up form: requests that nobody confirmed do not stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.people.abuse import Rules
from bypost.people.signup import remove_unconfirmed
from bypost.store import meta

#: Between two looks; nobody waits for this.
_EVERY = timedelta(hours=1)
_KEY = "tidied_at"
#: Requests in one transaction: other writers wait meanwhile.
_CHUNK = 200


def tidy(context: Context) -> int:
    """Remove requests that nobody confirmed in time, at most once an hour; return how many."""
    now = context.clock.now()
    with context.store.read() as connection:
        before = meta.get(connection, _KEY)
    if before is not None and abs(now - datetime.fromisoformat(before)) < _EVERY:
        return 0
    rules = Rules(settings=context.settings.signup, address_hash=context.address_hash)
    removed = 0
    while True:
        with context.store.write() as connection:
            some = remove_unconfirmed(connection, now=now, rules=rules, limit=_CHUNK)
            if some < _CHUNK:
                meta.put(connection, _KEY, now.isoformat())
        removed += some
        if some < _CHUNK:
            return removed
