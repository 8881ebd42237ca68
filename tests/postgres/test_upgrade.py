"""Databases of earlier schemas on PostgreSQL: upgraded, and finished by today's code."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

from bypost.delivery.context import Context
from bypost.store import Store, counts, migrate
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.postgres.cluster import Cluster
from tests.postgres.test_postgres import catalogue
from tests.store import test_upgrade as shared
from tests.store.test_upgrade import Rows, resend

__all__ = ["resend"]

_KINDS = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position"""
_NUMBERED = "SELECT pg_get_serial_sequence(%s, 'id')"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@dataclass
class Old:
    """A project with a database of an earlier schema, and the truth about it."""

    root: Path
    facts: Mapping[str, Any]
    url: str

    def ask(self, sql: str) -> Rows:
        with _connect(self.url) as connection:
            return connection.execute(sql).fetchall()

    def open(self) -> Store:
        return Store(self.url, root=self.root)

    def upgrade(self) -> tuple[str | None, str]:
        with closing(self.open()) as store:
            return migrate.upgrade(store)

    def rows(self, columns: Mapping[str, list[str]]) -> dict[str, Rows]:
        return {
            table: self.ask(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1, 2")
            for table, names in columns.items()
        }

    def columns(self) -> dict[str, list[str]]:
        """Return the tables with their columns, as text where they cannot be sorted."""
        with _connect(self.url) as connection:
            tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
            return {
                table: [
                    f"{name}::text" if kind == "json" else f'"{name}"'
                    for name, kind in connection.execute(_KINDS, (table,)).fetchall()
                ]
                for table in tables
                if table != "alembic_version"
            }


def _connect(url: str) -> psycopg.Connection[Any]:
    plain = make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False))


@pytest.fixture(params=shared.DUMPS, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, empty_project: Path, cluster: Cluster) -> Iterator[Old]:
    dump: Path = request.param
    facts = json.loads(dump.with_suffix(".json").read_text(encoding="utf-8"))
    shared.write_files(facts, empty_project)
    name = cluster.make()
    found = Old(empty_project, facts, cluster.url(name))
    _at(found, dump.stem)
    with closing(sqlite3.connect(":memory:")) as source, _connect(found.url) as target:
        source.executescript(dump.read_text(encoding="utf-8"))
        _fill(source, target)
    yield found
    cluster.drop(name)


def _at(old: Old, revision: str) -> None:
    """Make an empty database of an earlier schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with closing(old.open()) as store, store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _fill(source: sqlite3.Connection, target: psycopg.Connection[Any]) -> None:
    """Write the rows of a recorded database as that version would have written them here."""
    target.execute("SET session_replication_role = replica")
    listed = source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in listed:
        if table in {"alembic_version", "sqlite_sequence"}:
            continue
        kinds = target.execute(_KINDS, (table,)).fetchall()
        names = ", ".join(f'"{name}"' for name, _ in kinds)
        with target.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in source.execute(f"SELECT {names} FROM {table}"):
                copy.write_row([_value(v, kind) for v, (_, kind) in zip(row, kinds, strict=True)])
        if dict(kinds).get("id") == "bigint":
            (number,) = target.execute(_NUMBERED, (table,)).fetchone() or (None,)
            target.execute(f"SELECT setval(%s, max(id)) FROM {table}", (number,))
    target.commit()


def _value(value: Any, kind: str) -> Any:
    return bool(value) if kind == "boolean" and value is not None else value


def test_an_upgrade_changes_no_number_and_no_row_of_what_was_there(old: Old) -> None:
    columns = old.columns()
    before = old.rows(columns)
    old.upgrade()
    assert old.rows(columns) == before
    with closing(old.open()) as store, store.read() as connection:
        assert asdict(counts.count(connection)) == old.facts["numbers"]


def test_an_upgraded_database_is_like_a_new_one_and_upgrading_again_changes_nothing(
    old: Old, store: Store
) -> None:
    before, after = old.upgrade()
    assert before != after
    with closing(old.open()) as upgraded:
        assert catalogue(upgraded) == catalogue(store)
    columns = old.columns()
    rows = old.rows(columns)
    assert old.upgrade() == (after, after)
    assert old.rows(columns) == rows


def test_open_batches_are_finished_by_todays_code_and_nobody_has_anything_twice(
    old: Old, resend: FakeResend, open_context: Callable[..., Context], clock: SimulatedClock
) -> None:
    def opening(root: Path, environ: dict[str, str]) -> Context:
        return open_context(root, {**environ, "BYPOST_DATABASE__URL": old.url})

    shared.test_open_batches_are_finished_by_todays_code_and_nobody_has_anything_twice(
        old, resend, opening, clock
    )
