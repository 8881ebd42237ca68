"""``bypost db`` on a server: moving there by command, and what its own tools do instead."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bypost.store import Store, meta
from tests.cli.conftest import Ran, project, run
from tests.postgres.cluster import Cluster

__all__ = ["project", "run"]
pytestmark = pytest.mark.sqlite
Run = Callable[..., Ran]
_OLD = "sqlite:///var/bypost.db"


@pytest.fixture(autouse=True)
def _two_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith("BYPOST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BYPOST_SITE__SECRET_KEYS", "k" * 64)
    monkeypatch.setenv("BYPOST_SITE__ADDRESS_KEY", "a" * 64)


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    """The URL of a database that was just made, with a password that is not asked for."""
    name = cluster.make()
    made = make_url(cluster.url(name)).set(drivername="postgresql", password="hunter2")
    yield made.render_as_string(hide_password=False)
    cluster.drop(name)


@pytest.fixture
def on_server(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A project whose first mails went out, on a server by now."""
    assert run("send").code == 0
    assert run("db", "move", _OLD, url).code == 0
    monkeypatch.setenv("BYPOST_DATABASE__URL", url)
    return run


def test_a_move_says_what_to_write_and_never_the_password(run: Run, url: str) -> None:
    run("send")
    done = run("db", "move", _OLD, url)
    assert done.code == 0
    assert "the same on both sides" in done.out
    assert f'url = "{url.replace(":hunter2", "")}"' in done.out
    assert "BYPOST_SITE__ADDRESS_KEY" in done.err
    assert "is left as it is and sends nothing any more" in done.err
    assert "hunter2" not in done.out + done.err


def test_a_move_for_scripts_is_one_object(run: Run, url: str, project: Path) -> None:
    run("send")
    told = run("db", "move", _OLD, url, "--json").json
    assert set(told) == {"from", "to", "rows", "seconds", "instance", "tables"}
    assert told["from"] == str(project / "var/bypost.db")
    assert told["tables"]["subscribers"]["rows"] == 3
    assert len(told["tables"]["subscribers"]["hash"]) == 32
    assert told["rows"] == sum(table["rows"] for table in told["tables"].values())
    assert "hunter2" not in str(told)


def test_what_the_old_one_would_write_is_refused_and_looking_is_not(run: Run, url: str) -> None:
    run("send")
    run("db", "move", _OLD, url)
    for words in (("send",), ("subscribers", "add", "new@example.org"), ("db", "confirm")):
        done = run(*words)
        assert done.code == 2
        assert "everything was moved to postgresql://" in done.err
    looked = run("status")
    assert looked.code == 1
    assert "name that one in [database] url" in looked.out
    assert run("db", "confirm", "--older").code == 0
    assert run("send").code == 0


def test_the_work_goes_on_there_with_nothing_to_confirm(on_server: Run) -> None:
    done = on_server("send", "--json")
    assert (done.code, done.json["owed"], done.json["this_pass"]["owed"]) == (0, 3, 0)
    assert on_server("db", "check", "--json").json["ok"]


def test_a_mistake_leaves_no_trace(run: Run, url: str, project: Path) -> None:
    done = run("db", "move", _OLD, url)
    assert done.code == 1
    assert "there is no database of ByPost" in done.err
    assert run("db", "move", _OLD, "mysql://x").code == 1
    assert not (project / "var").exists()


def test_a_move_that_is_stopped_says_that_nothing_happened(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("send")

    def stop(*_words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(meta, "mark_moved", stop)
    done = run("db", "move", _OLD, url)
    assert done.code == 130
    assert "is as empty as before" in done.err
    assert run("send").code == 0


def test_the_key_of_before_is_the_only_one_afterwards(
    run: Run, url: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else whoever was erased and blocked under the old key would be mailed again.
    monkeypatch.delenv("BYPOST_SITE__ADDRESS_KEY")
    run("send")
    run("db", "move", _OLD, url)
    monkeypatch.setenv("BYPOST_DATABASE__URL", url)
    monkeypatch.setenv("BYPOST_SITE__ADDRESS_KEY", "b" * 64)
    done = run("send")
    assert done.code == 2
    assert "is not the key this database was used with" in done.err
    lines = (project / "var/secret.key").read_text(encoding="ascii").splitlines()
    keys = dict(line.split() for line in lines)
    monkeypatch.setenv("BYPOST_SITE__ADDRESS_KEY", keys["addresses"])
    assert run("send").code == 0


def test_backups_are_the_server_s(on_server: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.dump"
    done = on_server("db", "backup", str(file))
    assert done.code == 1
    assert f"pg_dump --format=custom --file={file} postgresql://" in done.err
    done = on_server("db", "restore", str(file))
    assert done.code == 1
    assert "pg_restore --clean --if-exists" in done.err
    assert "bypost reconcile --since TIME" in done.err


def test_vacuum_and_prune_speak_of_rows_and_not_of_a_file(on_server: Run) -> None:
    assert "the room of removed rows is there for new ones" in on_server("db", "vacuum").out
    assert on_server("db", "vacuum", "--json").json["after"] > 0
    assert on_server("db", "prune", "--dry-run").code == 0
    assert on_server("db", "prune").code == 0


def test_check_finds_an_index_that_was_left_half_built(on_server: Run, url: str) -> None:
    store = Store(url, root=Path())
    with store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE pg_index SET indisvalid = false "
            "WHERE indexrelid = 'ix_deliveries_batch_id'::regclass"
        )
    store.close()
    done = on_server("db", "check")
    assert done.code == 1
    assert "the index `ix_deliveries_batch_id` is not valid" in done.err
    assert "REINDEX INDEX ix_deliveries_batch_id" in done.err


def test_a_dry_run_works_on_a_copy(on_server: Run) -> None:
    done = on_server("send", "--dry-run", "--json")
    assert (done.code, done.json["owed"]) == (0, 3)


def test_the_doctor_looks_at_the_server(on_server: Run) -> None:
    found = {one["name"]: one for one in on_server("doctor", "--json").json["checks"]}
    assert found["database"]["level"] == "pass"
    assert found["database version"]["says"].startswith("PostgreSQL ")
    for name in ("version", "encoding", "connections", "clock"):
        assert found[f"database {name}"]["level"] == "pass"
    assert "database durability" in found
    assert "database role" not in found


def test_the_doctor_goes_on_where_the_server_does_not_answer(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_DATABASE__URL", "postgresql://bypost:hunter2@localhost:1/bypost")
    done = run("doctor", "--json")
    found = {one["name"]: one for one in done.json["checks"]}
    assert done.code == 1
    assert "Connection refused" in found["database"]["says"]
    assert found["database"]["todo"].startswith("Start PostgreSQL")
    assert "base_url" in found
    assert "hunter2" not in done.out + done.err
