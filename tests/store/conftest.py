"""A store with nothing in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bypost.store import Store


@pytest.fixture
def empty_store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    path = tmp_path / "empty.db"
    path.write_bytes(empty_database.read_bytes())
    store = Store("sqlite:///empty.db", root=tmp_path)
    yield store
    store.close()
