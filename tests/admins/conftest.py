"""An empty database, and passwords that are quick to hash."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

from bypost.admins import password as passwords
from bypost.store import Store
from tests import kept

#: With these a hash takes no time, and protects nothing.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", QUICK)
    monkeypatch.setattr(passwords, "NOBODYS", QUICK.hash("nobody's"))


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    shutil.copy(empty_database, tmp_path / "admins.db")
    store = Store("sqlite:///admins.db", root=tmp_path)
    event.listen(store._writer, "connect", kept.do_not_flush)
    yield store
    store.close()
