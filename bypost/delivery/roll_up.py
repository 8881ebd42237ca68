"""Bringing the daily counts up to date with the ledger: a step of every pass."""

from __future__ import annotations

from bypost.delivery.context import Context
from bypost.delivery.measure_clicks import count_clicks
from bypost.store import roll_up as store

#: Transactions in one pass, each with up to 1,000 mails: what is left waits for the next pass.
_MOST = 500


def roll_up(context: Context) -> bool:
    """Count what became of mails since the last time; return whether all of it is counted.

    Stopped anywhere, it goes on where it stopped.
    """
    count_clicks(context)
    with context.store.read() as connection:
        if not store.any_uncounted(connection):
            return True
    for _ in range(_MOST):
        with context.store.write() as connection:
            if not store.take_up(connection):
                return True
    return False
