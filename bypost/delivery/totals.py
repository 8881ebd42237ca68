"""Keeping the ledger's numbers at hand: blocks of settled batches are added up once."""

from __future__ import annotations

from bypost.delivery.context import Context
from bypost.store import sums

#: Blocks of one pass: each is a transaction of a few milliseconds. Ten years of a large list are
#: caught up with within some minutes after an upgrade.
_MOST = 20


def add_up(context: Context) -> int:
    """Add up what has become final since the last pass; return how many blocks."""
    done, block = 0, -1
    while done < _MOST:
        with context.store.read() as connection:
            found = sums.next_block(connection, block)
        if found is None:
            break
        with context.store.write() as connection:
            sums.add_up(connection, found)
        done, block = done + 1, found
    return done
