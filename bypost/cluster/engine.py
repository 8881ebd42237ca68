"""Putting the engine in place of a pass's own threads."""

from __future__ import annotations

from dataclasses import replace

from bypost.cluster import schema
from bypost.cluster.jobs import Jobs
from bypost.delivery.context import Context
from bypost.errors import SettingsError
from bypost.store import Store


def with_engine(context: Context) -> Context:
    """Return the context whose passes hand over to workers.

    Raises:
        SettingsError: The database is no server's.
        StoreError: The engine's tables cannot be made.
    """
    prepare(context.store)
    return replace(context, queue=Jobs())


def prepare(store: Store) -> None:
    """Make the engine's tables, or bring them up to date.

    Raises:
        SettingsError: The database is no server's.
        StoreError: The tables cannot be made.
    """
    if not store.is_shared:
        raise SettingsError(
            "[sending] engine: `procrastinate` needs PostgreSQL\n"
            "    name one in [database] url, or leave `engine` out: threads serve one machine"
        )
    schema.prepare(store)
