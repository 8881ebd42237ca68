"""``bypost db backup|restore|vacuum|prune|check``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def sent(run: Run) -> Run:
    assert run("send").code == 0
    return run


def test_a_backup_goes_to_a_file_once(sent: Run, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    done = sent("db", "backup", str(file))
    assert (done.code, done.err) == (0, "")
    assert "3 subscribers, 3 deliveries; verified" in done.out
    again = sent("db", "backup", str(file))
    assert (again.code, again.out) == (1, "")
    assert "add --force" in again.err
    told = sent("db", "backup", str(file), "--force", "--json").json
    assert set(told) == {"path", "bytes", "schema", "made_at", "subscribers", "deliveries"}


def test_a_restored_database_sends_nothing_until_it_is_reconciled(
    sent: Run, project: Path, tmp_path: Path
) -> None:
    file = tmp_path / "copy.db"
    sent("db", "backup", str(file))
    done = sent("db", "restore", str(file))
    assert done.code == 0
    assert "the database of before is" in done.out
    command = next(line for line in done.err.splitlines() if "bypost reconcile" in line)
    muted = sent("send")
    assert muted.code == 2
    assert "nothing is sent" in muted.err
    words = command.split()[1:]
    assert sent(*words).code == 0
    again = sent("send", "--json")
    assert (again.code, again.json["this_pass"]["owed"]) == (0, 0)


def test_with_an_instance_of_ones_own_the_new_one_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_INSTANCE", "staging")
    assert run("send").code == 0
    run("db", "backup", str(tmp_path / "copy.db"))
    told = run("db", "restore", str(tmp_path / "copy.db"), "--json").json
    assert run("send").code == 2
    monkeypatch.setenv("BYPOST_INSTANCE", told["instance"])
    assert run("reconcile", "--since", told["made_at"]).code == 0
    assert run("send").code == 0


def test_restore_says_what_is_wrong_with_a_file(sent: Run, tmp_path: Path) -> None:
    done = sent("db", "restore", str(tmp_path / "none.db"))
    assert (done.code, done.out) == (1, "")
    assert "there is no such file" in done.err


def test_check_tells_a_sound_database_and_an_unsound_one(sent: Run, project: Path) -> None:
    done = sent("db", "check")
    assert done.code == 0
    assert "sound" in done.out
    told = sent("db", "check", "--json").json
    assert (told["ok"], told["findings"], told["counts"]["owed"]) == (True, [], 3)
    with closing(sqlite3.connect(project / "var/bypost.db")) as plain, plain:
        plain.execute("UPDATE batches SET accepted = 0")
    wrong = sent("db", "check")
    assert wrong.code == 1
    assert "settled batches whose numbers do not add up" in wrong.err
    told = sent("db", "check", "--json")
    assert (told.code, told.json["ok"]) == (1, False)
    assert set(told.json["findings"][0]) == {"check", "message", "fix"}


def test_check_without_a_database_says_so(run: Run) -> None:
    done = run("db", "check")
    assert (done.code, done.out) == (1, "")
    assert "there is no database yet" in done.err


def test_prune_says_what_would_go_and_changes_nothing(sent: Run, project: Path) -> None:
    with closing(sqlite3.connect(project / "var/bypost.db")) as plain, plain:
        plain.execute("INSERT INTO audit VALUES (1, 0, 'me', 'desk', 'a.b', '', '')")
        plain.execute("INSERT INTO audit VALUES (2, 0, 'me', 'desk', 'a.b', '', '')")
    told = sent("db", "prune", "--dry-run", "--json").json
    assert (told["dry_run"], told["removed"]["audit"]) == (True, 1)
    dry = sent("db", "prune", "--dry-run")
    assert "1  entries of the log" in dry.out
    done = sent("db", "prune")
    assert (done.code, "1  entries of the log" in done.out) == (0, True)
    sent("db", "prune")  # the newest entry always stays, and pruning has made a newer one
    assert "nothing is older than [keep] allows" in sent("db", "prune").out


def test_vacuum_says_how_much_it_won(sent: Run) -> None:
    done = sent("db", "vacuum")
    assert done.code == 0
    assert "MB won" in done.out
    assert set(sent("db", "vacuum", "--json").json) == {"before", "after"}
