"""Bringing a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from bypost.errors import StoreError
from bypost.store import meta
from bypost.store.engine import Connection, Store


def upgrade(store: Store) -> tuple[str | None, str]:
    """Run what is missing, in one transaction; return the versions before and after.

    Raises:
        StoreError: if the database was made by a newer version of the program, or another one.
    """
    config = _config()
    with store.write() as connection:
        before = _version(connection)
        _refuse_foreign(config, connection, before, store)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if meta.tag(connection) is None:
            meta.make_tag(connection)
        after = _version(connection)
    return before, str(after)


def is_current(store: Store) -> bool:
    """Tell whether the database has this version's schema."""
    config = _config()
    with store.read() as connection:
        version = _version(connection)
        _refuse_foreign(config, connection, version, store)
    return version == ScriptDirectory.from_config(config).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_foreign(
    config: Config, connection: Connection, version: str | None, store: Store
) -> None:
    """Refuse a database that another program, or a newer version of this one, has made."""
    tables = set(inspect(connection).get_table_names())
    if tables and not {"alembic_version", "deliveries"} <= tables:
        raise StoreError(
            f"{store.path}: the database of another program (it holds `{min(tables)}`)\n"
            "    name a file of its own in [database] url"
        )
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"{store.path}: made by a newer version of ByPost (schema {version})\n"
            "    run that version, or restore a backup from before the upgrade"
        )
