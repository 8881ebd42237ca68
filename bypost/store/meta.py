"""Facts about this database: its tag, and the instance it belongs to."""

from __future__ import annotations

import secrets

from sqlalchemy import insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import meta

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def get(connection: Connection, key: str) -> str | None:
    """Return a fact."""
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def put(connection: Connection, key: str, value: str) -> None:
    """Write a fact."""
    if get(connection, key) is None:
        connection.execute(insert(meta).values(key=key, value=value))
    else:
        connection.execute(update(meta).where(meta.c.key == key).values(value=value))


def tag(connection: Connection) -> str | None:
    """Return this database's tag: it begins every reference, so that two never share one."""
    return get(connection, "tag")


def make_tag(connection: Connection) -> str:
    """Make the tag on first use; eight letters and digits that cannot be misread."""
    made = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    put(connection, "tag", made)
    return made
