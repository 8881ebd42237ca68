"""Which engine brings batches: the passes' own threads, or workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bypost.errors import SettingsError

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.settings import Settings
    from bypost.store import Store


def with_engine(context: Context) -> Context:
    """Return the context whose passes hand over to workers, if the settings say so.

    Raises:
        SettingsError: The engine's packages are not installed, or it has no PostgreSQL.
        StoreError: Its tables cannot be made.
    """
    if not _is_asked_for(context.settings):
        return context
    from bypost import cluster

    return cluster.with_engine(context)


def prepare_engine(settings: Settings, store: Store) -> None:
    """Make the engine's tables, or bring them up to date, if the settings ask for one.

    Raises:
        SettingsError: The engine's packages are not installed, or it has no PostgreSQL.
        StoreError: The tables cannot be made.
    """
    if _is_asked_for(settings):
        from bypost import cluster

        cluster.prepare(store)


def _is_asked_for(settings: Settings) -> bool:
    if settings.sending.engine == "threads":
        return False
    from importlib.util import find_spec

    if find_spec("procrastinate") is None:
        raise SettingsError(
            "[sending] engine: `procrastinate` needs more packages\n"
            "    install them: pip install 'bypost[postgres]'"
        )
    return True
