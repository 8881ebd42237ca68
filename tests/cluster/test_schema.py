"""The engine's tables: made once beside ours, and brought up to date by its own migrations."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bypost.cli import main
from bypost.cluster import prepare, schema
from bypost.cluster.engine import with_engine
from bypost.errors import SettingsError
from bypost.store import Store, jobs, meta, migrate
from tests.cluster.place import Place
from tests.postgres.cluster import Cluster


@pytest.fixture
def ours_alone(cluster: Cluster, tmp_path: Path) -> Iterator[Store]:
    """A database without the engine's tables."""
    name = cluster.make()
    url = make_url(cluster.url(name)).render_as_string(hide_password=False)
    store = Store(url, root=tmp_path)
    migrate.upgrade(store)
    yield store
    store.close()
    cluster.drop(name)


def test_two_processes_that_start_at_once_make_the_tables_once(ours_alone: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.prepare, [ours_alone] * 4))
    assert not schema.prepare(ours_alone)
    with ours_alone.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar() == 0


def test_migrations_that_a_newer_engine_brings_are_run_once_and_in_order(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = schema._migrations()
    newer = [tmp_path / "99.00.00_01_probe.sql", tmp_path / "99.00.00_02_probe.sql"]
    newer[0].write_text("CREATE TABLE procrastinate_probe (n integer);")
    newer[1].write_text("INSERT INTO procrastinate_probe VALUES (1); -- 100 %")
    monkeypatch.setattr(schema, "_migrations", lambda: [*known, *newer])
    assert schema.prepare(place.context.store)
    assert not schema.prepare(place.context.store)
    assert place.rows("SELECT n FROM procrastinate_probe") == [{"n": 1}]
    with place.context.store.read() as connection:
        assert meta.get(connection, "procrastinate") == "99.00.00_02_probe"


def test_the_database_stays_ours_with_the_tables_of_the_engine_in_it(place: Place) -> None:
    assert migrate.is_current(place.context.store)
    before, after = migrate.upgrade(place.context.store)
    assert before == after


def test_the_engine_needs_postgresql(tmp_path: Path, place: Place) -> None:
    store = Store("sqlite:///x.db", root=tmp_path)
    with pytest.raises(SettingsError, match="needs PostgreSQL"):
        prepare(store)
    assert with_engine(place.context).queue is not None


def test_bypost_db_upgrade_makes_them_too(
    ours_alone: Store, empty_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = ours_alone.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("BYPOST_DATABASE__URL", url)
    monkeypatch.setenv("BYPOST_SENDING__ENGINE", "procrastinate")
    assert main(["db", "upgrade", "--project", str(empty_project)]) == 0
    with ours_alone.read() as connection:
        assert jobs.exist(connection)
