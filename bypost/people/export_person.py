"""Everything that is kept about one person, as plain values for JSON.

Names are those of the tables, so that an answer to "what do you keep" is not a matter of opinion.
What is only for links (random ids that would let whoever reads the file act) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bypost.links import AddressHash
from bypost.store import (
    Connection,
    Row,
    address_changes,
    consents,
    counts,
    enrollments,
    events,
    holds,
    signups,
    subscribers,
    subscriptions,
    suppressions,
)

#: The number of this form; another one gets another number.
FORM = 1
#: Not told: secrets of links, and numbers that mean nothing outside the database.
_HIDDEN = frozenset({"link_id", "subscriber_id", "email_key"})
#: What became of a delivery that goes with its batch.
_STATES = {"settled": "accepted", "unknown": "unknown"}


def export_person(
    connection: Connection,
    subscriber_id: int,
    *,
    address_hash: AddressHash,
    reference: Callable[[int], str],
    now: datetime,
) -> dict[str, Any]:
    """Return everything about one person; every instant is in UTC.

    Args:
        reference: Returns the reference of a delivery, as it stands in its mail.

    Raises:
        LookupError: if there is no such person.
    """
    person = subscribers.by_id(connection, subscriber_id)
    if person is None:
        raise LookupError(subscriber_id)
    told = events.of_person(connection, subscriber_id)
    return {
        "form": FORM,
        "exported_at": now,
        "person": _plain(person),
        "courses": _rows(enrollments.of_subscribers(connection, [subscriber_id])),
        "newsletters": _rows(subscriptions.of_subscribers(connection, [subscriber_id])),
        "requests": _rows(signups.of_subscriber(connection, subscriber_id)),
        "address_changes": _rows(address_changes.of_subscriber(connection, subscriber_id)),
        "consents": _rows(consents.of_subscriber(connection, subscriber_id)),
        "mails": [_mail(row, reference) for row in counts.of_subscriber(connection, subscriber_id)],
        "events": [{**_plain(row), "mail": reference(row["delivery_id"])} for row in told],
        "pauses": _rows(holds.of_people(connection, [subscriber_id])),
        "suppressions": _suppressions(connection, person, address_hash),
    }


def _mail(row: Row, reference: Callable[[int], str]) -> dict[str, Any]:
    """Return one mail as it concerns the person; the request it went in is not about them."""
    return {
        "ref": reference(row["id"]),
        **{name: row[name] for name in ("kind", "collection", "item", "copy", "request")},
        "state": row["state"] or _STATES.get(row["batch_state"], "pending"),
        **{name: row[name] for name in ("due_at", "accepted_at", "provider_id", "detail")},
    }


def _suppressions(
    connection: Connection, person: Row, address_hash: AddressHash
) -> list[dict[str, Any]]:
    if not person["email_key"]:
        return []
    rows = suppressions.of_address(connection, address_hash(person["email_key"]))
    return [{name: row[name] for name in ("reason", "scope", "created_at")} for row in rows]


def _rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [_plain(row) for row in rows]


def _plain(row: Row) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if name not in _HIDDEN}
