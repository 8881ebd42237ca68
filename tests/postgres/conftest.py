"""Tests of this folder run on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bypost.store import Store, migrate
from tests.postgres.cluster import Cluster


@pytest.fixture(scope="session")
def empty_postgres(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of this version without anything in it; to be copied."""
    name = cluster.make()
    store = Store(cluster.url(name), root=tmp_path_factory.mktemp("pg"))
    migrate.upgrade(store)
    store.close()
    return name


@pytest.fixture
def make_url_of_a_database(cluster: Cluster, empty_postgres: str) -> Iterator[Callable[[], str]]:
    """Make databases that are up to date and empty; they go when the test ends."""
    made: list[str] = []

    def make() -> str:
        name = cluster.make(template=empty_postgres)
        made.append(name)
        return make_url(cluster.url(name)).render_as_string(hide_password=False)

    yield make
    for name in made:
        cluster.drop(name)


@pytest.fixture
def store(make_url_of_a_database: Callable[[], str], tmp_path: Path) -> Iterator[Store]:
    store = Store(make_url_of_a_database(), root=tmp_path)
    yield store
    store.close()
