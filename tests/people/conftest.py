"""Empty databases, made once and copied: a migration for each test would take longer than it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bypost.store import Store
from tests.people.desk import Desk

#: Desks that are kept open; most tests work with one or two.
_OPEN = 10


@pytest.fixture
def desk(empty_database: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(empty_database, tmp_path / "people.db")
    store = Store("sqlite:///people.db", root=tmp_path)
    yield Desk(tmp_path, store)
    store.close()


@pytest.fixture(scope="module")
def fresh_desk_of_module(fresh_desk: Callable[[], Desk]) -> Desk:
    """One desk for all examples of a property that does not care what stands there."""
    return fresh_desk()


@pytest.fixture(scope="session")
def fresh_desk(empty_database: Path) -> Iterator[Callable[[], Desk]]:
    """Desks for tests that need many: one for each example of a property."""
    with TemporaryDirectory(prefix="bypost-tests-") as name:
        desks: list[Desk] = []

        def make() -> Desk:
            folder = Path(name) / str(len(desks))
            folder.mkdir()
            shutil.copy(empty_database, folder / "people.db")
            desks.append(Desk(folder, Store("sqlite:///people.db", root=folder)))
            # One that is used again opens its files again; hundreds open at once are too many.
            for old in desks[-_OPEN - 1 : -_OPEN]:
                old.store.close()
            return desks[-1]

        yield make
        for desk in desks:
            desk.store.close()
