"""Counting what providers tell of mails: each mail once for each kind of news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bypost.delivery.context import Context
from bypost.model.event import Event, EventKind
from bypost.model.receiver import receiver
from bypost.store import Connection, Row, daily
from bypost.store import events as store
from bypost.store.daily import Count, Kind

#: Kind of an event -> what it counts as, and by receiving domain.
_COUNTED = {
    EventKind.DELIVERED: (Kind.DELIVERED, Kind.DOMAIN_DELIVERED),
    EventKind.SOFT_BOUNCED: (Kind.SOFT_BOUNCED, Kind.DOMAIN_SOFT_BOUNCED),
    EventKind.BOUNCED: (Kind.BOUNCED, Kind.DOMAIN_BOUNCED),
    EventKind.COMPLAINED: (Kind.COMPLAINED, Kind.DOMAIN_COMPLAINED),
}

#: Delivery -> kinds of events that were told of it.
Known = Mapping[int, set[EventKind]]


def told_before(context: Context, connection: Connection, events: Sequence[Event]) -> Known:
    """Return what was told already of the deliveries that these events are about."""
    numbers = {context.delivery_id(one.ref) for one in events if one.kind in _COUNTED}
    return store.of_deliveries(connection, [number for number in numbers if number is not None])


def count_events(
    connection: Connection, told: Sequence[tuple[Event, Row]], known: Known, now: datetime
) -> None:
    """Count events that were recorded in this transaction, with their deliveries.

    A mail that bounces softly three times is one that bounced softly. The day is the one on which
    we heard: a provider's own time may be any.

    Args:
        known: What was told before.
    """
    seen = {number: set(kinds) for number, kinds in known.items()}
    counts = []
    for event, delivery in told:
        before = seen.setdefault(delivery["id"], set())
        if event.kind not in _COUNTED or event.kind in before:
            continue
        before.add(event.kind)
        kind, by_domain = _COUNTED[event.kind]
        day, where = daily.day_of(now), daily.of_mail(delivery["kind"], delivery["collection"])
        domain = receiver(delivery["email_key"] or "")
        counts.append(Count(day=day, kind=kind, collection=where, item=delivery["item"]))
        counts.append(Count(day=day, kind=by_domain, label=domain))
    daily.add_all(connection, counts)
