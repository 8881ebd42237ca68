"""Rows that the rules of a database need: people with their runs, lessons owed to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, select

from bypost.people import join
from bypost.store import Connection, binding, contents, enrollments, subscribers
from bypost.store.schema import metadata

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def add_people(connection: Connection, number: int, course: str = "alpha") -> list[int]:
    """Add people, each with one run; return the runs' ids (the same as the people's)."""
    first = subscribers.next_id(connection)
    ids = list(range(first, first + number))
    subscribers.add_all(
        connection,
        [
            join.new_subscriber(
                subscriber_id=i,
                email=f"p{i}@example.org",
                name="",
                time_zone="",
                status="confirmed",
                now=NOON,
            )
            for i in ids
        ],
    )
    runs = [join.new_enrollment(subscriber_id=i, course=course, now=NOON) for i in ids]
    enrollments.add_all(connection, runs)
    found = enrollments.of_subscribers(connection, ids)
    return [run["id"] for run in found]


def owe(
    connection: Connection, members: Sequence[Mapping[str, Any]], item: str = "one", **batch: Any
) -> int:
    """Owe one lesson to members, as owing does."""
    contents.save(
        connection, "a" * 64, b"x", kind="lesson", collection="alpha", item=item, title="", now=NOON
    )
    values: dict[str, Any] = {
        "provider": "outbox",
        "kind": "lesson",
        "collection": "alpha",
        "item": item,
    }
    values |= {"content_hash": "a" * 64, "due_at": NOON, **batch}
    return binding.owe(connection, values, members, now=NOON)


def lessons(connection: Connection, runs: Sequence[int]) -> list[dict[str, int]]:
    """Return these runs as members of a batch."""
    query = select(metadata.tables["enrollments"]).where(
        metadata.tables["enrollments"].c.id.in_(runs)
    )
    return [
        {"subscriber_id": run["subscriber_id"], "enrollment_id": run["id"]}
        for run in connection.execute(query).mappings()
    ]


@contextmanager
def statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Gather the queries that are asked within the block, with their parameters."""
    connection.begin()
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, sql: str, parameters: Any, *___: Any) -> None:
        seen.append((sql, parameters))

    event.listen(connection.engine, "before_cursor_execute", note)
    yield seen
    event.remove(connection.engine, "before_cursor_execute", note)
