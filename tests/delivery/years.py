"""Years of issues, notices and their events in a ledger, written as owing and sending would."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from bypost.model.event import Event, EventKind
from bypost.store import Connection, binding, contents, events, issues, ledger, subscriptions
from bypost.store.schema import attempts, batches, deliveries, metadata
from bypost.store.schema import subscriptions as table

#: What holds people and what they chose: it grows with them.
OF_PEOPLE = {"subscribers", "enrollments", "subscriptions", "consents", "suppressions"}
PEOPLE = 12


def subscribe(connection: Connection, ids: Sequence[int], at: datetime) -> dict[int, int]:
    """Put people on the newsletter; return person -> subscription."""
    rows = [
        {"subscriber_id": i, "newsletter": "news", "started_at": at, "link_id": bytes([i]) * 16}
        for i in ids
    ]
    subscriptions.add_all(connection, rows)
    query = select(table.c.subscriber_id, table.c.id)
    return {row.subscriber_id: row.id for row in connection.execute(query)}


def issue(connection: Connection, name: str, members: dict[int, int], at: datetime) -> int:
    """Send an issue to everybody; return its batch."""
    keep_text(connection, at)
    issues.add(connection, "news", name, state="done", schedule=str(at), now=at)
    people = [{"subscriber_id": i, "subscription_id": s} for i, s in members.items()]
    return _sent(connection, "issue", "news", f"news/{name}", people, at)


def notice(connection: Connection, person: int, request: str, at: datetime) -> int:
    """Send a notice; return its batch."""
    keep_text(connection, at)
    people = [{"subscriber_id": person, "request": request}]
    return _sent(connection, "notice", "", "goodbye", people, at)


def hear(connection: Connection, batch: int, at: datetime) -> None:
    """Record that each mail of a batch was delivered."""
    query = select(deliveries.c.id).where(deliveries.c.batch_id == batch)
    for number in connection.execute(query).scalars():
        event = Event(
            event_id=f"e{number}",
            kind=EventKind.DELIVERED,
            ref="",
            provider_id="",
            recipient="",
            at=at,
            raw={"text": "as received"},
        )
        events.add(connection, "resend", event, delivery_id=number, now=at)


def keep_text(connection: Connection, at: datetime) -> None:
    contents.save(
        connection, "a" * 64, b"x", kind="issue", collection="news", item="a", title="", now=at
    )


def _sent(
    connection: Connection,
    kind: str,
    collection: str,
    item: str,
    people: Sequence[dict[str, Any]],
    at: datetime,
) -> int:
    values = {
        "provider": "resend",
        "kind": kind,
        "collection": collection,
        "item": item,
        "content_hash": "a" * 64,
        "due_at": at,
    }
    number = binding.owe(connection, values, people, now=at)
    ledger.begin_attempt(connection, number, 1, at)
    ledger.end_attempt(connection, number, 1, now=at, outcome="accepted", status=200, detail="")
    connection.execute(
        update(batches)
        .where(batches.c.id == number)
        .values(
            state="settled",
            accepted=len(people),
            members=len(people),
            accepted_at=at,
            first_sent_at=at,
            recipe=b"r" * 200,
        )
    )
    return number


def sizes(connection: Connection) -> dict[str, int]:
    """Return the rows of each table."""
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in metadata.tables.items()
    }


def many_attempts(connection: Connection, batch: int, number: int, at: datetime) -> None:
    """Write attempts, so that those of before are not among the newest."""
    row = {"batch_id": batch, "started_at": at, "ended_at": at, "outcome": "accepted", "detail": ""}
    connection.execute(insert(attempts), [{**row, "fence": i} for i in range(number)])


MONTH = timedelta(days=30)
