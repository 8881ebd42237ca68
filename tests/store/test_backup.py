"""Backups: consistent while others write, verified, whole or not there, put back mute."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from bypost.errors import StoreError
from bypost.store import Store, backup, meta, migrate, upkeep
from tests.contracts.rows import NOON, add_people, lessons, owe

pytestmark = pytest.mark.sqlite


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "var").mkdir()
    store = Store("sqlite:///var/test.db", root=tmp_path)
    migrate.upgrade(store)
    with store.write() as connection:
        owe(connection, lessons(connection, add_people(connection, 5)))
        meta.put(connection, "instance", "here")
    yield store
    store.close()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def full(_: object) -> Usage:
    return Usage(10**9, 10**9, 1000)


def test_a_backup_is_one_sound_file_that_says_when_it_was_made(
    store: Store, tmp_path: Path
) -> None:
    made = backup.backup(store, tmp_path / "copy.db", now=NOON)
    assert (made.subscribers, made.deliveries, made.made_at) == (5, 5, NOON)
    assert backup.look(tmp_path / "copy.db") == made
    assert files(tmp_path) == {"var", "copy.db"}
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_while_others_write_is_a_state_that_was(store: Store, tmp_path: Path) -> None:
    """Each transaction writes a pair: no copy ever has half of one."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with store.write() as connection:
                meta.put(connection, "one", str(number))
                meta.put(connection, "two", str(number))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        for turn in range(8):
            made = backup.backup(store, tmp_path / f"{turn}.db", now=NOON)
            with closing(sqlite3.connect(made.path)) as copy:
                facts = dict(copy.execute("SELECT key, value FROM meta"))
            assert facts.get("one") == facts.get("two")
            seen.add(facts.get("one"))
    finally:
        stop.set()
        writer.join()
    assert len(seen) > 1


def test_a_file_of_that_name_is_left_alone_without_force(store: Store, tmp_path: Path) -> None:
    other = tmp_path / "copy.db"
    other.write_text("mine")
    with pytest.raises(StoreError, match="add --force"):
        backup.backup(store, other, now=NOON)
    assert other.read_text() == "mine"
    assert backup.backup(store, other, now=NOON, force=True).subscribers == 5
    with pytest.raises(StoreError, match="the database itself"):
        backup.backup(store, store.path, now=NOON, force=True)


def test_a_backup_that_cannot_be_made_leaves_nothing_behind(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="no such folder\n    make it"):
        backup.backup(store, tmp_path / "nowhere" / "copy.db", now=NOON)

    def break_off(self: Store, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "copy_to", break_off)
        with pytest.raises(StoreError, match="No space left"):
            backup.backup(store, tmp_path / "copy.db", now=NOON)
    with monkeypatch.context() as patch:
        patch.setattr(backup.shutil, "disk_usage", full)
        with pytest.raises(StoreError, match="free some space"):
            backup.backup(store, tmp_path / "copy.db", now=NOON)
        with pytest.raises(StoreError, match="free some space first; nothing was changed"):
            upkeep.vacuum(store)
    assert files(tmp_path) == {"var"}


def test_a_restored_database_is_the_backup_and_mute(store: Store, tmp_path: Path) -> None:
    made = backup.backup(store, tmp_path / "copy.db", now=NOON)
    with store.write() as connection:
        add_people(connection, 3)
    kept = backup.restore(store, made.path, now=NOON + timedelta(days=1))
    with store.read() as connection:
        assert meta.identity(connection).instance != "here"
        assert str(meta.get(connection, "instance")).startswith("restored-")
    assert backup.look(made.path) == made
    assert kept is not None
    assert kept.name == "test.db.before-restore-20261124-120000"
    assert backup.look(kept).subscribers == 8
    store.close()
    assert backup.look(store.path).subscribers == 5


def test_nothing_is_restored_while_a_process_has_the_database_open(
    store: Store, tmp_path: Path
) -> None:
    made = backup.backup(store, tmp_path / "copy.db", now=NOON)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("SELECT count(*) FROM meta").fetchone()
        before = files(store.path.parent)
        with pytest.raises(StoreError, match="a process has it open\n    stop `bypost serve`"):
            backup.restore(store, made.path, now=NOON)
        assert files(store.path.parent) <= before
    backup.restore(store, made.path, now=NOON)


@pytest.mark.parametrize("how", ["cut", "other", "text", "newer"])
def test_a_file_that_is_no_sound_backup_is_not_restored(
    store: Store, tmp_path: Path, how: str
) -> None:
    bad = backup.backup(store, tmp_path / "bad.db", now=NOON).path
    match how:
        case "cut":
            bad.write_bytes(bad.read_bytes()[: bad.stat().st_size // 2])
        case "text":
            bad.write_text("a letter " * 99)
        case "newer":
            with closing(sqlite3.connect(bad)) as copy, copy:
                copy.execute("UPDATE alembic_version SET version_num = '9999'")
        case "other":
            bad.unlink()
            with closing(sqlite3.connect(bad)) as copy, copy:
                copy.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(StoreError, match=str(bad)):
        backup.restore(store, bad, now=NOON)
    with store.read() as connection:
        assert meta.get(connection, "instance") == "here"


def test_a_damaged_database_can_be_replaced_by_a_backup(store: Store, tmp_path: Path) -> None:
    made = backup.backup(store, tmp_path / "copy.db", now=NOON)
    store.close()
    store.path.write_bytes(b"not a database at all" * 500)
    kept = backup.restore(store, made.path, now=NOON)
    assert kept is not None
    assert kept.read_bytes().startswith(b"not a database")
    assert list(upkeep.findings(store)) == []


def test_a_sound_database_has_no_findings(store: Store) -> None:
    assert list(upkeep.findings(store)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE batches SET size = 9", "open batches with fewer or more"),
        ("UPDATE batches SET state = 'settled'", "settled batches whose numbers do not add up"),
        ("UPDATE batches SET state = 'unknown', members = 2", "unknown batches whose numbers"),
        ("UPDATE batches SET state = 'dissolved'", "dissolved batches that still count"),
        ("DELETE FROM subscribers WHERE id = 1", "name rows of `subscribers` that are not there"),
        ("UPDATE batches SET size = 2, state = 'settled', accepted = 2", "more mails than they"),
    ],
)
def test_what_does_not_add_up_is_found(store: Store, change: str, said: str) -> None:
    store.close()
    with closing(sqlite3.connect(store.path)) as plain, plain:
        plain.execute(change)
    found = list(upkeep.findings(store))
    assert any(said in one.message for one in found), found
    assert all(one.fix for one in found)


def test_a_damaged_page_is_found(store: Store) -> None:
    store.close()
    data = bytearray(store.path.read_bytes())
    data[-4096 * 3 :] = b"\xff" * (4096 * 3)
    store.path.write_bytes(bytes(data))
    assert _told(store) & {"integrity", "references", "unreadable"}


def _told(store: Store) -> set[str]:
    try:
        return {one.check for one in upkeep.findings(store)}
    except StoreError:
        return {"unreadable"}


def test_vacuum_gives_room_back_and_keeps_everything(store: Store) -> None:
    with store.write() as connection:
        meta.put(connection, "large", "x" * 3_000_000)
    with store.write() as connection:
        meta.remove(connection, "large")
    size = upkeep.vacuum(store)
    assert size.before - size.after > 2_000_000
    assert list(upkeep.findings(store)) == []
    with store.read() as connection:
        assert meta.get(connection, "instance") == "here"


def test_room_is_told_by_table(store: Store) -> None:
    with store.read() as connection:
        found = upkeep.tables(connection)
        assert upkeep.free_pages(connection) >= 0
    assert found is None or found["subscribers"] > 0
