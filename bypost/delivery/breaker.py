"""The breaker by share: sending stops when too many of the mails just taken over go wrong."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.model.event import EventKind
from bypost.model.quantity import quantity
from bypost.store import Connection, budgets, events

_LOG = logging.getLogger(__name__)

#: What is counted -> its word for one.
WATCHED: Mapping[EventKind, str] = {
    EventKind.BOUNCED: "hard bounce",
    EventKind.COMPLAINED: "complaint",
}


def check(context: Context, connection: Connection, provider: str, now: datetime) -> str:
    """Open a provider's breaker if too much went wrong; return why, empty if it stays as it is.

    The share is of the mails accepted within ``breaker_hours``, each counted once, and begins anew
    when the breaker is closed: what an operator has seen does not stop the provider again.
    """
    _, open_already = budgets.load(connection, provider)
    if open_already:
        return ""
    reason = _reason(context, connection, provider, now)
    if reason:
        budgets.open_breaker(connection, provider, reason, now)
        _LOG.warning("%s is stopped: %s", provider, reason)
    return reason


def _reason(context: Context, connection: Connection, provider: str, now: datetime) -> str:
    """Return why sending must stop; empty if it need not."""
    sending = context.settings.sending
    since, span = now - timedelta(hours=sending.breaker_hours), f"in {sending.breaker_hours:g} h"
    closed = budgets.closed_at(connection, provider)
    if closed is not None and closed > since:
        since, span = closed, "since it was resumed"
    limits = {
        EventKind.BOUNCED: sending.breaker_bounce_share,
        EventKind.COMPLAINED: sending.breaker_complaint_share,
    }
    for kind, limit in limits.items():
        many = events.troubled(connection, provider, kind, since)
        if many < sending.breaker_events:
            continue
        accepted = events.accepted(connection, provider, since)
        if accepted >= sending.breaker_accepted and many >= limit * accepted:
            mails = quantity(accepted, "mail")
            return (
                f"{quantity(many, WATCHED[kind])} among {mails} accepted {span}: "
                f"{_percent(many / accepted)}, the limit is {_percent(limit)}"
            )
    return ""


def _percent(share: float) -> str:
    """Return a share in words: 0.3 %, 5.5 %, 12 %."""
    digits = 1 if share >= 0.01 else 2
    return f"{100 * share:.{digits}f}".rstrip("0").rstrip(".") + " %"
