"""``bypost admin token``: shown once, listed without itself, ended at once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bypost.cli.tokens import Scope
from bypost.store import tokens
from tests.cli.conftest import Ran

Run = Callable[..., Ran]


def test_the_scopes_of_the_command_are_those_of_the_store() -> None:
    assert tuple(Scope) == tokens.SCOPES


def test_a_token_is_alone_on_standard_output_and_only_its_hash_is_kept(
    run: Run, project: Path
) -> None:
    done = run("admin", "token", "add", "shop", "--scope", "read", "--scope", "signup")
    assert done.code == 0
    token = done.out.strip()
    assert token.startswith(tokens.PREFIX)
    assert "cannot be shown again" in done.err
    assert token not in done.err
    file = project / "var/bypost.db"
    with closing(sqlite3.connect(file)) as database:
        (hashed, scopes) = database.execute("SELECT hash, scopes FROM tokens").fetchone()
    assert hashed == hashlib.sha256(token.encode()).digest()
    assert scopes == '["read", "signup"]'
    for path in (project / "var").iterdir():
        if path.is_file():
            assert token.encode() not in path.read_bytes()


def test_a_list_tells_names_scopes_and_times_and_never_a_token(run: Run) -> None:
    run("db", "upgrade")
    assert "no tokens" in run("admin", "token", "list").out
    token = run("admin", "token", "add", "shop", "--scope", "write").out.strip()
    run("admin", "token", "add", "old", "--scope", "read")
    run("admin", "token", "revoke", "old")
    shown = run("admin", "token", "list").out
    assert "shop  write  never used" in shown
    assert "old   read   revoked on " in shown
    found = run("admin", "token", "list", "--json")
    assert token not in shown + found.out
    shop, old = found.json["tokens"]
    assert list(shop) == ["name", "scopes", "created_at", "last_used_at", "revoked_at"]
    assert (shop["name"], shop["scopes"], shop["revoked_at"]) == ("shop", ["write"], None)
    assert old["revoked_at"]


def test_a_name_is_used_once_while_its_token_works(run: Run) -> None:
    add = ("admin", "token", "add", "shop", "--scope", "read")
    assert run(*add).code == 0
    again = run(*add)
    assert (again.code, again.out) == (2, "")
    assert "bypost admin token revoke shop" in again.err
    assert run("admin", "token", "revoke", "shop").code == 0
    assert run(*add).code == 0


def test_what_is_not_there_cannot_be_revoked(run: Run) -> None:
    done = run("admin", "token", "revoke", "shop")
    assert done.code == 2
    assert "bypost admin token list" in done.err


@pytest.mark.parametrize("name", ["", "a b", "x" * 41, "-x", "ä", "a:b", "a\nb"])
def test_a_name_is_one_short_word(run: Run, name: str) -> None:
    done = run("admin", "token", "add", "--scope", "read", "--", name)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("words", [("--scope", "everything"), ()])
def test_a_token_without_a_known_scope_is_not_made(run: Run, words: tuple[str, ...]) -> None:
    done = run("admin", "token", "add", "shop", *words)
    assert (done.code, done.out) == (2, "")
