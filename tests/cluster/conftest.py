"""Tests of this folder run on a real PostgreSQL, with the engine's tables in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from bypost.cluster import prepare
from bypost.cluster.jobs import Jobs
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Store, migrate
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests.cluster.place import Place
from tests.conftest import write_course, write_people
from tests.postgres.cluster import Cluster

PEOPLE = 6
Open = Callable[..., Place]


@pytest.fixture(scope="session")
def made_for_workers(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with our tables and the engine's; to be copied."""
    name = cluster.make()
    store = Store(cluster.url(name), root=tmp_path_factory.mktemp("workers"))
    migrate.upgrade(store)
    prepare(store)
    store.close()
    return name


@pytest.fixture
def database(cluster: Cluster, made_for_workers: str) -> Iterator[str]:
    """The address of such a database; it goes when the test ends."""
    name = cluster.make(template=made_for_workers)
    yield make_url(cluster.url(name)).render_as_string(hide_password=False)
    cluster.drop(name)


@pytest.fixture
def open_place(database: str, empty_project: Path, clock: SimulatedClock) -> Iterator[Open]:
    """Open six people in a course of two lessons; a request carries two."""
    write_course(empty_project, delays=("at once", "1 day"))
    write_people(
        empty_project, *(f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(PEOPLE))
    )
    with ExitStack() as stack:

        def opening(**sending: Any) -> Place:
            settings = load_settings(empty_project, {"BYPOST_SENDING__ENGINE": "procrastinate"})
            changed = settings.sending.model_copy(update=sending)
            settings = settings.model_copy(update={"sending": changed})
            store = Store(database, root=empty_project)
            stack.callback(store.close)
            context = wire(empty_project, settings, store, clock)
            provider = SimulatedProvider(clock=clock, batch_size=2)
            context = replace(context, queue=Jobs(), providers={provider.name: provider}, rates={})
            return Place(context, clock, provider)

        yield opening


@pytest.fixture
def place(open_place: Open) -> Place:
    return open_place()
