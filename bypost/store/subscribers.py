"""People: found by address, added and changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import subscribers
from bypost.store.schema.base import microseconds
from bypost.store.sheets import Sheet, as_json


def by_keys(connection: Connection, email_keys: Sequence[str]) -> dict[str, RowMapping]:
    """Return the rows of these case-folded addresses, by address; at most 1,000 are asked for."""
    rows = connection.execute(select(subscribers).where(subscribers.c.email_key.in_(email_keys)))
    return {row["email_key"]: row for row in rows.mappings()}


def by_id(connection: Connection, subscriber_id: int) -> RowMapping | None:
    """Return one person's row."""
    query = select(subscribers).where(subscribers.c.id == subscriber_id)
    return connection.execute(query).mappings().first()


def by_ids(connection: Connection, ids: Sequence[int]) -> dict[int, RowMapping]:
    """Return the rows of these people, by number; at most 1,000 are asked for."""
    rows = connection.execute(select(subscribers).where(subscribers.c.id.in_(ids)))
    return {row["id"]: row for row in rows.mappings()}


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert people."""
    if rows:
        connection.execute(insert(subscribers), [dict(row) for row in rows])


def add(connection: Connection, row: Mapping[str, Any]) -> RowMapping:
    """Return the new person, or whoever has had that address before."""
    add_once(connection, subscribers, row)
    return by_keys(connection, [row["email_key"]])[row["email_key"]]


def change(connection: Connection, subscriber_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of one person."""
    connection.execute(
        update(subscribers).where(subscribers.c.id == subscriber_id).values(**values)
    )


def change_all(connection: Connection, changes: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Change columns of many people, each their own; those who change alike go together."""
    alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for number, values in changes:
        kept = [_KEPT[name](value) if name in _KEPT else value for name, value in values.items()]
        alike.setdefault(tuple(values), []).append((*kept, number))
    for names, rows in alike.items():
        Sheet("subscribers", (*names, "id")).update(connection, rows)


#: How values of columns are kept that are kept otherwise than they are.
_KEPT: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("tags", "attributes", "own_choice", "csv_cells"), as_json),
    "confirmed_at": lambda at: None if at is None else microseconds(at),
}


def every(connection: Connection, chunk: int = 1000) -> Iterable[RowMapping]:
    """Yield everybody who is not erased, in the order of arrival, ``chunk`` rows at a time."""
    last = 0
    while True:
        rows = (
            connection.execute(
                select(subscribers)
                .where(subscribers.c.id > last, subscribers.c.email_key.is_not(None))
                .order_by(subscribers.c.id)
                .limit(chunk)
            )
            .mappings()
            .all()
        )
        yield from rows
        if len(rows) < chunk:
            return
        last = rows[-1]["id"]


def count(connection: Connection) -> int:
    """Return how many people there are, erased ones left out."""
    query = select(func.count()).where(subscribers.c.email_key.is_not(None))
    return connection.execute(query).scalar_one()


def next_id(connection: Connection) -> int:
    """Return a number higher than any in use, for rows that are written together."""
    return (connection.execute(select(func.max(subscribers.c.id))).scalar() or 0) + 1
