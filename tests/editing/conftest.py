"""A project that every test here begins anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.editing.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("editing"))
    yield world
    world.close()
