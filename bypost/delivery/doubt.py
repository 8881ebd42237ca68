"""Leaving a request in doubt: it may have been accepted, and repeating it would not be safe."""

from __future__ import annotations

from datetime import datetime

from bypost.delivery import events
from bypost.delivery.context import Context
from bypost.store import Connection, Row, ledger


def leave_open(
    context: Context, connection: Connection, batch: Row, fence: int, *, why: str, now: datetime
) -> bool:
    """Show the deliveries of a batch as unknown, from now on for a quiet period at least.

    No byte of the request can leave any more: the caller made it and heard it end, or its lease
    ran out, and a request ends within its lease.

    Returns:
        False where the lease ``fence`` is no longer ours.
    """
    values = {
        "state": "unknown",
        "ambiguous": False,
        "frozen": None,
        "lease_until": None,
        "next_try": now + context.quiet,
        "detail": why[:400],
    }
    if not ledger.update_fenced(connection, batch["id"], fence, values):
        return False
    events.settle_from_events(connection, batch["id"], now)
    return True
