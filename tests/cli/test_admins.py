"""``bypost admin``: accounts of the desk; a password is never an argument."""

from __future__ import annotations

import getpass
import io
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bypost.admins import password as passwords
from bypost.cli import main
from tests.cli.conftest import Ran

Run = Callable[..., Ran]

GOOD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put text on standard input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Type these passwords at a terminal, one after the other."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def typing(*words: str) -> None:
        typed: Iterator[str] = iter(words)
        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(typed))

    return typing


@pytest.fixture
def kept(project: Path) -> Callable[[str], list[Any]]:
    def asking(query: str) -> list[Any]:
        with closing(sqlite3.connect(project / "var/bypost.db")) as database:
            return database.execute(query).fetchall()

    return asking


Pipe, Kept = Callable[[str], None], Callable[[str], list[Any]]


def add(run: Run, pipe: Pipe, name: str = "olga", role: str = "operator") -> Ran:
    pipe(f"{GOOD}\n")
    return run("admin", "add", name, "--role", role)


def test_an_account_is_made_with_the_password_from_a_pipe(run: Run, pipe: Pipe, kept: Kept) -> None:
    done = add(run, pipe, "Olga")
    assert (done.code, done.err) == (0, "")
    assert "olga may sign in at /desk, as operator" in done.out
    ((name, role, hashed),) = kept("SELECT name, role, password FROM admins")
    assert (name, role) == ("olga", "operator")
    assert passwords.is_right(hashed, GOOD)
    assert GOOD not in done.out + done.err


def test_at_a_terminal_it_is_typed_twice(run: Run, terminal: Callable[..., None]) -> None:
    terminal(GOOD, "another one altogether")
    done = run("admin", "add", "olga", "--role", "operator")
    assert done.code == 2
    assert "not the same" in done.err
    terminal(GOOD, GOOD)
    assert run("admin", "add", "olga", "--role", "operator").code == 0


def test_or_it_stands_in_a_file(run: Run, tmp_path: Path, kept: Kept) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{GOOD}\nand a line that is no part of it\n", encoding="utf-8")
    words = ("admin", "add", "olga", "--role", "operator", "--password-file")
    assert run(*words, str(file)).code == 0
    ((hashed,),) = kept("SELECT password FROM admins")
    assert passwords.is_right(hashed, GOOD)
    missing = run(*words, str(tmp_path / "nothing"))
    assert missing.code == 2
    assert "--password-file" in missing.err
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xff")
    assert "UTF-8" in run(*words, str(tmp_path / "latin")).err


def test_there_is_no_way_to_give_it_as_an_argument(run: Run, pipe: Pipe) -> None:
    pipe("")
    assert run("admin", "add", "olga", GOOD, "--role", "operator").code == 2
    assert run("admin", "add", "olga", "--role", "operator", "--password", GOOD).code == 2


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("olga@example.org", GOOD, "cannot be the name"),
        ("olga", "short", "too short"),
        ("olga", "", "too short"),
    ],
)
def test_what_cannot_be_taken_is_said(
    run: Run, pipe: Pipe, name: str, given: str, words: str
) -> None:
    pipe(given)
    done = run("admin", "add", name, "--role", "operator")
    assert done.code == 2
    assert words in done.err


def test_the_first_account_is_an_operator(run: Run, pipe: Pipe) -> None:
    done = add(run, pipe, "vera", "viewer")
    assert done.code == 2
    assert "nobody could act" in done.err


def test_accounts_are_listed_without_their_hashes(run: Run, pipe: Pipe) -> None:
    run("db", "upgrade")
    assert "bypost admin add" in run("admin", "list").out
    add(run, pipe)
    add(run, pipe, "vera", "viewer")
    shown = run("admin", "list").out
    assert "olga  operator  never signed in" in shown
    found = run("admin", "list", "--json").json["admins"]
    assert [list(one) for one in found] == [
        ["name", "role", "created_at", "password_at", "seen_at", "sessions"]
    ] * 2


def test_a_role_is_changed_and_the_last_operator_stays_one(run: Run, pipe: Pipe) -> None:
    add(run, pipe)
    add(run, pipe, "vera", "viewer")
    assert run("admin", "role", "olga", "--role", "viewer").code == 2
    assert run("admin", "role", "vera", "--role", "operator").code == 0
    assert run("admin", "role", "olga", "--role", "viewer").code == 0


def test_a_new_password_signs_out_and_ends_waits(run: Run, pipe: Pipe, kept: Kept) -> None:
    add(run, pipe)
    pipe("quite another password\n")
    assert run("admin", "password", "olga").code == 0
    ((hashed,),) = kept("SELECT password FROM admins")
    assert passwords.is_right(hashed, "quite another password")
    assert run("admin", "password", "karl").code == 2


def test_an_account_is_removed(run: Run, pipe: Pipe, kept: Kept) -> None:
    add(run, pipe)
    unknown = run("admin", "remove", "karl")
    assert unknown.code == 2
    assert "accounts: olga" in unknown.err
    assert "cannot sign in any more" in run("admin", "remove", "olga").out
    assert kept("SELECT * FROM admins") == []


def test_each_is_noted_as_done_by_a_command(
    run: Run, pipe: Pipe, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "karl")
    add(run, pipe)
    add(run, pipe, "vera", "viewer")
    run("admin", "role", "vera", "--role", "operator")
    pipe(f"{GOOD} again\n")
    run("admin", "password", "vera")
    run("admin", "remove", "vera")
    rows = kept("SELECT who, via, action, subject, detail FROM audit ORDER BY id")
    assert {(who, via) for who, via, *_ in rows} == {("karl", "command")}
    assert [tuple(rest) for _, _, *rest in rows] == [
        ("admin.add", "admin:olga", "operator"),
        ("admin.add", "admin:vera", "viewer"),
        ("admin.role", "admin:vera", "operator"),
        ("admin.password", "admin:vera", ""),
        ("admin.remove", "admin:vera", ""),
    ]
    assert GOOD not in str(rows)


def test_the_help_of_the_group_names_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["admin", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("add", "role", "password", "remove", "token"))


def test_commands_that_change_something_are_noted_without_addresses(
    run: Run, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "karl")
    run("send")
    run("pause", "course", "letters", "--until", "2999-01-01")
    run("pause", "course", "letters", "--until", "2999-01-01")  # changes nothing
    run("resume", "course", "letters")
    run("resume", "course", "letters")  # neither
    run("pause", "subscriber", "p0@example.org")
    run("resume", "subscriber", "p0@example.org")
    run("subscribers", "forget", "p1@example.org")
    run("admin", "token", "add", "shop", "--scope", "read", "--scope", "write")
    run("admin", "token", "revoke", "shop")
    rows = kept("SELECT who, via, action, subject, detail FROM audit ORDER BY id")
    assert {(who, via) for who, via, *_ in rows} == {("karl", "command")}
    assert [tuple(rest) for _, _, *rest in rows] == [
        ("course.pause", "course:letters", "until 2999-01-01 00:00 UTC"),
        ("course.resume", "course:letters", ""),
        ("subscriber.pause", "subscriber:1", ""),
        ("subscriber.resume", "subscriber:1", ""),
        ("subscriber.erase", "subscriber:2", ""),
        ("token.add", "token:shop", "read, write"),
        ("token.revoke", "token:shop", ""),
    ]
