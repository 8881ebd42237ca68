"""People with mails in any state, without content behind them, and events about those mails."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from bypost.delivery import events
from bypost.delivery.context import Context
from bypost.model.event import Event, EventKind
from bypost.people.join import new_enrollment, new_subscriber
from bypost.store import (
    Connection,
    binding,
    contents,
    counts,
    enrollments,
    subscribers,
    suppressions,
)
from bypost.store.schema import batches, deliveries
from tests.conftest import MONDAY

_NUMBERS = itertools.count(1)


def add_people(connection: Connection, number: int) -> list[int]:
    """Add ``p1@example.org`` and so on, each on the course ``letters``; return their ids."""
    first = subscribers.next_id(connection)
    ids = list(range(first, first + number))
    rows = [
        new_subscriber(
            subscriber_id=i,
            email=f"p{i}@example.org",
            name="",
            time_zone="",
            status="confirmed",
            now=MONDAY,
        )
        for i in ids
    ]
    subscribers.add_all(connection, rows)
    runs = [new_enrollment(subscriber_id=i, course="letters", now=MONDAY) for i in ids]
    enrollments.add_all(connection, runs)
    return ids


def owe_lesson(connection: Connection, people: Sequence[int], item: str = "one") -> int:
    """Owe a lesson of ``letters`` to people; return the batch."""
    runs = enrollments.of_subscribers(connection, people)
    members = [{"subscriber_id": r["subscriber_id"], "enrollment_id": r["id"]} for r in runs]
    return owe(connection, {"kind": "lesson", "collection": "letters", "item": item}, members)


def owe(connection: Connection, what: dict[str, Any], members: Sequence[dict[str, Any]]) -> int:
    """Owe anything through Resend; return the batch."""
    contents.save(connection, "c" * 64, b"x", title="", now=MONDAY, **what)
    batch = {"provider": "resend", "content_hash": "c" * 64, "due_at": MONDAY, **what}
    return binding.owe(connection, batch, members, now=MONDAY)


def put(connection: Connection, batch: int, state: str, **values: Any) -> None:
    """Put a batch in a state, its numbers with it."""
    taken = state == "settled"
    usual = {
        "members": batches.c.size,
        "accepted": batches.c.size if taken else 0,
        "accepted_at": MONDAY if taken else None,
        "first_sent_at": None if state == "pending" else MONDAY,
    }
    change = update(batches).where(batches.c.id == batch)
    connection.execute(change.values({"state": state, **usual, **values}))


def mails(connection: Connection, batch: int) -> list[int]:
    """Return the deliveries of a batch."""
    query = select(deliveries.c.id).where(deliveries.c.batch_id == batch)
    return list(connection.execute(query.order_by(deliveries.c.id)).scalars())


def told(context: Context, kind: EventKind, mail: int | None, **values: Any) -> Event:
    """Return an event of its own about one of our deliveries."""
    plain = Event(
        event_id=f"evt-{next(_NUMBERS)}",
        kind=kind,
        ref=context.reference(mail) if mail else "",
        provider_id="",
        recipient="",
        at=MONDAY,
        raw={"to": "p2@example.org"},
    )
    return replace(plain, **values)


def take(context: Context, kind: EventKind, mail: int | None, **values: Any) -> int:
    """Let Resend tell one thing; return how much of it is new."""
    return events.take(context, "resend", [told(context, kind, mail, **values)])


def why_muted(context: Context, address: str) -> str | None:
    """Return why nothing is sent to an address."""
    key = context.address_hash(address)
    with context.store.read() as connection:
        return suppressions.find(connection, [key]).get(key)


def numbers(context: Context) -> counts.Counts:
    """Return the ledger's numbers, which add up."""
    with context.store.read() as connection:
        found = counts.count(connection)
    parts = found.accepted + found.failed + found.cancelled + found.unknown + found.pending
    assert found.owed == parts
    return found
