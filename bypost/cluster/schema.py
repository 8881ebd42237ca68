"""The engine's own tables: made and brought up to date beside ours."""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager

from bypost.store import Store, driver, jobs, meta

_FACT = "procrastinate"


def prepare(store: Store) -> bool:
    """Make the engine's tables, or run what its own migrations add; return whether there was any.

    Which of them were run is noted beside our facts: procrastinate keeps no note of its own.
    """
    with store.read() as connection:
        if meta.get(connection, _FACT) == _newest():
            return False
    with store.write() as connection:
        known, engine = meta.get(connection, _FACT), driver(connection)
        if not jobs.exist(connection):
            engine.execute(SchemaManager.get_schema().encode())
        else:
            for path in _migrations():
                if known is not None and path.stem > known:
                    engine.execute(path.read_bytes())
        meta.put(connection, _FACT, _newest())
    return True


def _migrations() -> list[Path]:
    """Return procrastinate's migrations in their order: the names begin with its version."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _newest() -> str:
    return _migrations()[-1].stem
