"""Notices: which text each has now, and whether one was owed."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from sqlalchemy import select

from bypost.store import meta
from bypost.store.engine import Connection
from bypost.store.schema import deliveries

_TEXTS = "notices"
_TITLES = "newsletter_titles"


def put(connection: Connection, hashes: Mapping[str, str], titles: Mapping[str, str]) -> None:
    """Note what was taken over last.

    Args:
        hashes: Notice -> its content; one that is not named keeps the content it had.
        titles: Newsletter -> its title, likewise.
    """
    for key, known, found in (
        (_TEXTS, texts(connection), hashes),
        (_TITLES, newsletter_titles(connection), titles),
    ):
        if {**known, **found} != known:
            meta.put(connection, key, orjson.dumps({**known, **found}).decode())


def texts(connection: Connection) -> dict[str, str]:
    """Return the hash of each notice's content."""
    return _facts(connection, _TEXTS)


def newsletter_titles(connection: Connection) -> dict[str, str]:
    """Return what newsletters are called, by folder name."""
    return _facts(connection, _TITLES)


def is_owed(connection: Connection, subscriber_id: int, notice: str, request: str) -> bool:
    """Tell whether a notice was owed for a request before, whatever became of it."""
    query = select(deliveries.c.id).where(
        deliveries.c.subscriber_id == subscriber_id,
        deliveries.c.kind == "notice",
        deliveries.c.item == notice,
        deliveries.c.request == request,
    )
    return connection.execute(query).first() is not None


def _facts(connection: Connection, key: str) -> dict[str, str]:
    found: dict[str, str] = orjson.loads(meta.get(connection, key) or "{}")
    return found
