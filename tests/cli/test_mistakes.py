"""Every mistake of a user ends with one message that says where, what and how to mend it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.cli import main
from bypost.store import sqlite
from tests.cli.conftest import Ran

Run = Callable[..., Ran]
COMMANDS = [
    ("send",),
    ("send", "--dry-run"),
    ("status",),
    ("subscribers", "export"),
    ("subscribers", "add", "ana@example.org"),
    ("resume",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_that_is_no_project_is_refused_and_left_empty(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = tmp_path / "elsewhere"
    done = run(*command, at=folder)
    assert done.code == 2
    assert f"{folder}: there is no such folder\n    name a project with --project" in done.err
    folder.mkdir()
    done = run(*command, at=folder)
    assert done.code == 2
    assert "no project is here: neither bypost.toml nor lessons nor newsletters" in done.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_broken_settings_end_with_2_and_the_line(
    run: Run, project: Path, command: tuple[str, ...]
) -> None:
    (project / "bypost.toml").write_text("[sendin]\nprovider = 'outbox'\n")
    done = run(*command)
    assert (done.code, done.out) == (2, "")
    assert "bypost.toml:1: sendin: there is no such key\n    did you mean `sending`?" in done.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_that_is_no_database_ends_with_1(
    run: Run, project: Path, command: tuple[str, ...]
) -> None:
    (project / "var").mkdir()
    (project / "var/bypost.db").write_text("nothing like a database" * 99)
    done = run(*command)
    assert (done.code, done.out) == (1, "")
    assert "bypost.db: " in done.err
    assert "not a database" in done.err


def test_a_locked_database_ends_with_1(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("send")
    monkeypatch.setattr(sqlite, "_BUSY_MS", 50)
    holder = sqlite3.connect(project / "var/bypost.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = run("send")
    holder.execute("ROLLBACK")
    holder.close()
    assert done.code == 1
    assert "database is locked\n    another program holds the database" in done.err


def test_a_var_that_is_a_file_ends_with_1(run: Run, project: Path) -> None:
    (project / "var").write_text("in the way")
    done = run("send")
    assert done.code == 1
    assert "cannot make the folder" in done.err


def test_an_outbox_that_cannot_be_written_is_told_and_nothing_counts_as_sent(
    run: Run, project: Path
) -> None:
    (project / "var").mkdir()
    (project / "var/outbox").write_text("in the way")
    done = run("send", "--json")
    assert done.code == 1
    assert (done.json["accepted"], done.json["pending"]) == (0, 3)
    assert "var/outbox: File exists" in str(done.json["blocked"])
    (project / "var/outbox").unlink()
    assert run("resume").code == 0
    assert run("send", "--json").json["accepted"] == 3


def test_an_unknown_provider_is_told_with_the_nearest(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_SENDING__PROVIDER", "resnd")
    done = run("send")
    assert done.code == 2
    assert "did you mean 'resend'?" in done.err


def test_a_csv_without_addresses_ends_with_1_and_says_what_the_first_line_has(
    run: Run, project: Path
) -> None:
    (project / "subscribers.csv").write_text("name,zone\nAna,x\n")
    done = run("send")
    assert done.code == 1
    assert "subscribers.csv:1: there is no column `email`; the first line has: name, zone" in (
        done.err
    )


@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["send", "--bogus"],
        ["rehearse", "--days", "many"],
        ["rehearse", "--days", "0"],
        ["subscribers", "add"],
        ["subscribers", "bogus"],
        [],
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_a_wrong_command_line_ends_with_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert "Usage: bypost" in out + err
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["pause", "lesson", "letters"],
            "✗ bypost pause: what: 'lesson' is not one of 'course', 'newsletter', 'subscriber'\n",
        ),
        (["pause"], "✗ bypost pause: Missing argument 'what'. Choose from: course, newsletter, "),
        (["rehearse", "--days", "many"], "✗ bypost rehearse: --days: write a whole number\n"),
        (
            ["rehearse", "--days", "0"],
            "✗ bypost rehearse: --days: write a number greater than or equal to 1\n",
        ),
        (["db", "bogus"], "✗ bypost db: No such command 'bogus'\n"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_wrong_word_is_told_with_the_command_and_how_it_is_written(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err[: len(said)]) == ("", said)
    command = said.removeprefix("✗ ").partition(":")[0]
    assert f"\n    Usage: {command} [OPTIONS]" in err
    assert err.endswith(f"\n    more: {command} --help\n")
