"""``bypost db``: the schema, and which place may send."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.delivery import instance_file
from tests.cli.conftest import Ran

Run = Callable[..., Ran]


def name(project: Path) -> str:
    card = instance_file.read(project / "var/instance")
    assert card is not None
    return card.instance


def test_upgrade_makes_a_database_and_then_has_nothing_to_do(run: Run) -> None:
    first = run("db", "upgrade")
    assert (first.code, first.out.split()[:3]) == (0, ["schema", "none", "→"])
    again = run("db", "upgrade")
    assert again.code == 0
    assert "up to date" in again.out


def test_confirm_before_the_first_pass_says_that_there_is_nothing(run: Run, project: Path) -> None:
    done = run("db", "confirm")
    assert (done.code, done.out) == (1, "")
    assert "there is no database yet\n    the first `bypost send` makes it" in done.err
    assert not (project / "var").exists()


def test_confirm_names_the_instance_and_once_more_changes_nothing(run: Run, project: Path) -> None:
    run("db", "upgrade")
    done = run("db", "confirm")
    assert done.code == 0
    assert f"instance {name(project)} and may send" in done.out
    assert run("db", "confirm").out == done.out


def test_confirm_keeps_the_instance_of_the_database(run: Run, project: Path) -> None:
    run("db", "upgrade")
    run("db", "confirm")
    before = name(project)
    instance_file.replace(project / "var/instance", instance_file.Card("another"))
    assert run("db", "confirm").code == 0
    assert name(project) == before


def test_confirm_with_another_variable_says_to_change_the_variable(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("db", "upgrade")
    run("db", "confirm")
    monkeypatch.setenv("BYPOST_INSTANCE", "staging")
    done = run("db", "confirm")
    assert (done.code, done.out) == (2, "")
    assert f"set BYPOST_INSTANCE={name(project)}" in done.err
    monkeypatch.setenv("BYPOST_INSTANCE", name(project))
    assert run("db", "confirm").code == 0


def test_confirm_refuses_a_database_of_another_version(run: Run, project: Path) -> None:
    (project / "var").mkdir()
    (project / "var/bypost.db").touch()
    done = run("db", "confirm")
    assert done.code == 1
    assert "not of this version\n    run `bypost db upgrade`" in done.err


def test_confirm_outside_a_project_is_refused(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("db", "confirm", at=empty)
    assert done.code == 2
    assert "no project is here" in done.err


def test_a_backup_older_than_what_was_sent_needs_a_word_more(run: Run, project: Path) -> None:
    run("db", "upgrade")
    run("db", "confirm")
    card = instance_file.read(project / "var/instance")
    assert card is not None
    (tag,) = card.marks
    instance_file.replace(project / "var/instance", card.marked(tag, 42))
    done = run("db", "confirm")
    assert done.code != 0
    assert "it ends with attempt 0, and 42 were made from here" in done.err
    assert "bypost reconcile --since TIME" in done.err
    assert run("db", "confirm", "--older").code == 0
    assert run("db", "confirm").code == 0
