"""The store over SQLite: the shared rules, and what is SQLite's own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from bypost.errors import StoreError
from bypost.store import Connection, Store, meta, migrate, sqlite
from bypost.store.schema import metadata
from tests.contracts.database import DatabaseContract
from tests.contracts.rows import add_people

pytestmark = pytest.mark.sqlite

_WRITER = Path(__file__).with_name("writer.py")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store("sqlite:///var/test.db", root=tmp_path)
    migrate.upgrade(store)
    yield store
    store.close()


class TestSqlite(DatabaseContract):
    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return "\n".join(str(row) for row in rows)


@pytest.mark.process
def test_writers_in_several_processes_never_find_the_database_locked(store: Store) -> None:
    command = [sys.executable, str(_WRITER), str(store.path), "60"]
    others = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for _ in range(60):
        with store.write() as connection:
            meta.put(connection, "number", str(int(meta.get(connection, "number") or 0) + 1))
    errors = [process.communicate(timeout=60)[1] for process in others]
    with store.read() as connection:
        number = meta.get(connection, "number")
    assert (errors, number) == (["", ""], "180")


@pytest.mark.process
def test_a_new_database_may_be_made_by_several_processes_at_once(tmp_path: Path) -> None:
    command = [sys.executable, str(_WRITER), str(tmp_path / "new.db"), "1"]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 4
    store = Store("sqlite:///new.db", root=tmp_path)
    with store.read() as connection:
        assert meta.get(connection, "number") == "4"
    store.close()


def test_every_table_and_every_column_says_what_it_holds() -> None:
    for table in metadata.tables.values():
        assert table.comment, table.name
        silent = [column.name for column in table.columns if not column.comment]
        assert silent == [], table.name


def test_the_file_is_in_wal_mode_and_a_commit_is_on_disk(store: Store) -> None:
    with store.write() as connection:
        modes = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert modes == ["wal", 2, 1, 5000]


def test_the_stamp_changes_with_every_commit_however_soon_it_follows(store: Store) -> None:
    """The file's times and sizes would not do: they stay as they are for some milliseconds."""
    seen = [store.stamp()]
    for number in range(50):
        with store.write() as connection:
            meta.put(connection, "number", str(number))
        seen.append(store.stamp())
    assert len(set(seen)) == len(seen)


def test_the_stamp_stays_while_nobody_commits(store: Store) -> None:
    before = store.stamp()
    with store.read() as connection:
        meta.get(connection, "number")
    with suppress(KeyError), store.write() as connection:
        meta.put(connection, "number", "1")
        raise KeyError
    assert store.stamp() == before


def test_the_stamp_changes_with_what_another_program_commits(store: Store) -> None:
    before = store.stamp()
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("INSERT INTO meta VALUES ('number', '1')")
        other.commit()
    assert store.stamp() != before


def test_another_file_in_the_place_of_the_database_has_another_stamp(
    store: Store, tmp_path: Path
) -> None:
    before = store.stamp()
    store.close()
    copy = store.path.with_suffix(".copy")
    copy.write_bytes(store.path.read_bytes())
    copy.replace(store.path)
    assert store.stamp() != before


def test_the_stamp_of_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    store = Store("sqlite:///var/test.db", root=tmp_path)
    assert store.stamp() is None
    assert not list(tmp_path.iterdir())
    store.close()


def test_looking_makes_no_database_and_no_folder(tmp_path: Path) -> None:
    store = Store("sqlite:///var/new.db", root=tmp_path)
    with pytest.raises(StoreError, match="no database yet\n    the first `bypost send` makes it"):
        migrate.is_current(store)
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    store = Store("sqlite:///empty.db", root=tmp_path)
    assert not migrate.is_current(store)
    before, after = migrate.upgrade(store)
    assert before is None
    assert after
    assert migrate.is_current(store)
    store.close()


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    store = Store("sqlite:///other.db", root=tmp_path)
    for look in (migrate.upgrade, migrate.is_current):
        with pytest.raises(StoreError, match=r"of another program \(it holds `songs`\)"):
            look(store)
    store.close()
    with sqlite3.connect(file) as other:
        names = other.execute("SELECT name FROM sqlite_master").fetchall()
    other.close()
    assert names == [("songs",)]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: file.write_text("a letter, not a database" * 9), "another kind of file"),
        (lambda file: file.mkdir(), "unable to open database file"),
    ],
)
def test_a_file_that_is_no_database_is_told_in_words(tmp_path: Path, make: Any, said: str) -> None:
    file = tmp_path / "odd.db"
    make(file)
    store = Store("sqlite:///odd.db", root=tmp_path)
    for look in (migrate.upgrade, migrate.is_current):
        with pytest.raises(StoreError, match=said) as caught:
            look(store)
        assert str(caught.value).startswith(str(file))
    store.close()


def test_a_database_held_by_another_program_is_told_in_words(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_MS", 50)
    patient = Store(f"sqlite:///{store.path}", root=store.path.parent)
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(StoreError, match="database is locked\n    another program holds"),
        patient.write(),
    ):
        pass
    holder.execute("ROLLBACK")
    holder.close()
    patient.close()


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    store = Store("sqlite:///var/bypost.db", root=tmp_path)
    with pytest.raises(StoreError, match="cannot make the folder"):
        migrate.upgrade(store)
    store.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a database URL"),
        ("postgres//ana:hunter2@host/db", "not a database URL"),
        ("mysql://ana:hunter2@host/db", "`mysql` is not supported"),
        ("postgresql://ana:hunter2@host", "names no database"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, url: str, said: str
) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        Store(url, root=tmp_path)
    assert "hunter2" not in f"{caught.value}{caught.value.__cause__}"


def test_a_copy_is_whole_and_the_original_stays_byte_for_byte(store: Store, tmp_path: Path) -> None:
    with store.write() as connection:
        add_people(connection, 5)
    store.close()
    crashed = tmp_path / "crashed.db"
    # As a killed process leaves it: the last commits stand in the WAL alone.
    with store.write() as connection:
        add_people(connection, 5)
    for suffix in ("", "-wal"):
        crashed.with_name(crashed.name + suffix).write_bytes(
            store.path.with_name(store.path.name + suffix).read_bytes()
        )
    before = crashed.read_bytes()
    original = Store(f"sqlite:///{crashed}", root=tmp_path)
    original.copy_to(tmp_path / "copy.db")
    assert crashed.read_bytes() == before
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM subscribers").fetchone() == (10,)
    copy.close()
    original.close()


def test_a_copy_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    store = Store("sqlite:///none.db", root=tmp_path)
    with pytest.raises(StoreError, match="cannot be copied"):
        store.copy_to(tmp_path / "copy.db")
    store.close()
