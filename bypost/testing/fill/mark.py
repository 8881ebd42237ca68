"""The mark of a database whose people are invented."""

from __future__ import annotations

from bypost.store import Connection, meta

_FACT = "invented"


def mark_invented(connection: Connection, words: str) -> None:
    """Note in a database that its people do not exist, and in words how it was filled."""
    meta.put(connection, _FACT, words)


def is_invented(connection: Connection) -> bool:
    """Tell whether the people of a database are invented."""
    return meta.get(connection, _FACT) is not None
