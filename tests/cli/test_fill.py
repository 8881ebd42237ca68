"""``bypost rehearse --fill``: what it writes, and what it never writes over."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Ran

Run = Callable[..., Ran]


def people(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT email FROM subscribers ORDER BY id")]


def test_a_filled_database_is_looked_at_and_filled_again(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "invented.db"
    words = ("rehearse", "--days", "10", "--database", str(file))
    done = run(*words, "--fill", "60", "--json")
    assert done.code == 0
    assert done.json["people"] == len(people(file)) == 60
    assert done.json["ledger"]["owed"] > 60
    again = run(*words, "--fill", "30", "--seed", "2")
    assert again.code == 0
    assert f"BYPOST_DATABASE__URL=sqlite:///{file}" in again.out
    assert len(people(file)) == 30


def test_without_a_name_the_file_is_beside_the_real_one(run: Run, project: Path) -> None:
    assert run("rehearse", "--fill", "20", "--days", "5").code == 0
    assert len(people(project / "var" / "rehearsal.db")) == 20
    assert not (project / "var" / "bypost.db").exists()


def test_people_who_are_not_invented_are_never_written_over(run: Run, project: Path) -> None:
    assert run("send").code == 0
    file = project / "var" / "bypost.db"
    before = people(file)
    done = run("rehearse", "--fill", "20", "--database", str(file))
    assert (done.code, done.out) == (1, "")
    assert "holds more than invented people" in done.err
    assert "--database var/invented.db" in done.err
    assert people(file) == before != []


def test_a_database_that_sent_through_a_real_provider_is_left_as_it_is(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "invented.db"
    words = ("rehearse", "--days", "5", "--database", str(file))
    assert run(*words, "--fill", "20").code == 0
    with closing(sqlite3.connect(file)) as connection, connection:
        (one,) = connection.execute(
            "SELECT max(id) FROM batches WHERE state = 'settled' AND accepted > 0"
        ).fetchone()
        connection.execute("UPDATE batches SET provider = 'resend' WHERE id = ?", (one,))
    before = people(file)
    done = run(*words, "--fill", "20", "--seed", "2")
    assert (done.code, done.out) == (1, "")
    assert people(file) == before


def test_a_file_that_is_no_database_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear diary", encoding="utf-8")
    assert run("rehearse", "--fill", "20", "--database", str(file)).code == 1
    assert file.read_text(encoding="utf-8") == "Dear diary"


def test_a_database_is_named_only_for_filling(run: Run, tmp_path: Path) -> None:
    done = run("rehearse", "--database", str(tmp_path / "x.db"))
    assert done.code == 2
    assert "--fill" in done.err


@pytest.mark.parametrize("verb", ["send", "serve"])
def test_nobody_invented_is_ever_mailed_by_a_real_provider(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    file = tmp_path / "invented.db"
    assert run("rehearse", "--fill", "20", "--days", "5", "--database", str(file)).code == 0
    for key, value in {
        "DATABASE__URL": f"sqlite:///{file}",
        "SENDING__PROVIDER": "resend",
        "PROVIDERS__RESEND__API_KEY": "re_test_key",
        "SITE__BASE_URL": "https://course.clarity.io",
        "SENDER__EMAIL": "course@clarity.io",
        "SENDER__REPLY_TO": "hello@clarity.io",
        "SENDER__POSTAL_ADDRESS": "7 Post Street, 10115 Berlin",
    }.items():
        monkeypatch.setenv(f"BYPOST_{key}", value)
    done = run(verb)
    assert (done.code, done.out) == (2, "")
    assert f"{file}: nothing was sent, because its people are invented" in done.err
