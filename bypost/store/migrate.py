"""Bringing a database to the schema of this version.

Alembic is loaded by those who upgrade, not by those who only look: it takes a fifth of the time
that ``bypost status`` has.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from bypost.errors import StoreError
from bypost.store import meta
from bypost.store.engine import Connection, Store

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(store: Store) -> tuple[str | None, str]:
    """Run what is missing, in one transaction; return the versions before and after.

    Raises:
        StoreError: if the database was made by a newer version of the program, or another one.
    """
    if store.exists() and is_current(store):
        return max(known()), max(known())  # without the write lock, which somebody may hold
    with store.write() as connection:
        return run(connection, store)


def run(connection: Connection, store: Store) -> tuple[str | None, str]:
    """Run what is missing in a transaction of the caller's, which has the write lock.

    Raises:
        StoreError: As for :func:`upgrade`.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    before = version(connection, store)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if meta.tag(connection) is None:
        meta.make_tag(connection)
    after = version(connection, store)
    return before, str(after)


def is_current(store: Store) -> bool:
    """Tell whether the database has this version's schema."""
    with store.read() as connection:
        return version(connection, store) == max(known())


def version(connection: Connection, store: Store) -> str | None:
    """Return the version of the schema; None for a new database.

    Raises:
        StoreError: if another program, or a newer version of this one, has made it.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "deliveries"} <= tables:
        raise StoreError(
            f"{store.name}: the database of another program (it holds `{min(tables)}`)\n"
            "    name a file of its own in [database] url"
        )
    query = text("SELECT version_num FROM alembic_version")
    version: str | None = connection.execute(query).scalar()
    if version is not None and version not in known():
        raise StoreError(
            f"{store.name}: made by a newer version of ByPost (schema {version})\n"
            "    run that version, or restore a backup from before the upgrade"
        )
    return version


def known() -> set[str]:
    """Return the versions there are: the numbers that the files of the migrations begin with."""
    return {path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py")}
