"""Which errors of PostgreSQL pass by themselves: those of a server that restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, make_url, text

from bypost.errors import StoreAway, StoreError
from bypost.store import Store


def test_a_connection_that_the_server_ended_is_away_and_the_next_one_is_not(store: Store) -> None:
    with pytest.raises(StoreAway):
        die_amid(store)
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_a_server_that_cannot_be_reached_is_away(store: Store, tmp_path: Path) -> None:
    nowhere = Store(_changed(store.url, query={"host": "/nowhere"}), root=tmp_path)
    with pytest.raises(StoreAway), nowhere.read():
        pass


def test_a_database_that_is_not_there_is_no_matter_of_waiting(store: Store, tmp_path: Path) -> None:
    missing = Store(_changed(store.url, database="no_such_database"), root=tmp_path)
    with pytest.raises(StoreError) as found, missing.read():
        pass
    assert not isinstance(found.value, StoreAway)


def die_amid(store: Store) -> None:
    """Let the server end the connection of a transaction."""
    with store.write() as connection:
        own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with store.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        connection.exec_driver_sql("SELECT 1")


def _changed(url: URL, **parts: Any) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)
