"""``bypost subscribers import``, ``imports``, ``undo-import`` and ``export --full``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("email,name\na@example.org,Ana\nnobody,x\n", encoding="utf-8")
    return path


def test_a_dry_run_adds_nobody_and_the_import_does_what_it_said(run: Run, file: Path) -> None:
    told = run("subscribers", "import", str(file), "--dry-run", "--json")
    assert (told.code, told.json["dry_run"], told.json["import"]) == (1, True, None)
    assert "a@example.org" not in run("subscribers", "export").out
    done = run("subscribers", "import", str(file), "--json")
    counts = ("rows", "added", "changed", "unchanged", "rejected", "bad_rows", "enrolled")
    assert {name: done.json[name] for name in counts} == {name: told.json[name] for name in counts}
    assert done.json["import"] == 1


def test_a_dry_run_in_words_shows_counts_and_examples(run: Run, file: Path) -> None:
    told = run("subscribers", "import", str(file), "--dry-run").out
    assert told.startswith("Nothing was written.")
    assert "1  added" in told
    assert "added: line 2  a@example.org" in told


def test_bad_rows_are_set_aside_in_the_project(run: Run, project: Path, file: Path) -> None:
    done = run("subscribers", "import", str(file))
    assert "1 bad rows stand in var/imports/1-quarantine.csv" in done.err
    assert (project / "var" / "imports" / "1-quarantine.csv").is_file()


def test_an_import_is_listed_and_taken_back(run: Run, file: Path) -> None:
    run("subscribers", "import", str(file))
    assert "people.csv" in run("subscribers", "imports").out
    (one,) = run("subscribers", "imports", "--json").json["imports"]
    assert (one["id"], one["state"], one["summary"]["added"]) == (1, "done", 1)
    assert len(one["digest"]) == 64
    told = run("subscribers", "undo-import", "1", "--dry-run", "--json").json
    assert (told["removed"], told["dry_run"]) == (1, True)
    assert "a@example.org" in run("subscribers", "export").out
    assert run("subscribers", "undo-import", "1", "--json").json["removed"] == 1
    assert "a@example.org" not in run("subscribers", "export").out
    again = run("subscribers", "undo-import", "1")
    assert (again.code, "taken back already" in again.err) == (1, True)


def test_who_had_a_mail_stays_and_the_project_s_own_file_is_remarked_on(run: Run) -> None:
    run("send")
    done = run("subscribers", "undo-import", "1")
    assert "3  stays: mail was sent, or is on its way" in done.out
    assert "its rows still stand in subscribers.csv" in done.err
    assert "p0@example.org" in run("subscribers", "export").out


def test_a_file_taken_back_can_be_imported_again(run: Run, file: Path) -> None:
    run("subscribers", "import", str(file))
    run("subscribers", "undo-import", "1")
    assert run("subscribers", "import", str(file), "--json").json["added"] == 1


def test_encoding_and_columns_can_be_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("E-Mail;Vorname\na@example.org;José\n".encode("windows-1252"))
    words = ("--encoding", "windows-1252", "--column", "E-Mail=email", "--column", "Vorname=name")
    assert run("subscribers", "import", str(path), *words, "--json").json["added"] == 1
    assert "José" in run("subscribers", "export").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--column", "x"), "not of the form THEIRS=OURS"),
        (("--column", "zip=email"), "there is no column `zip`"),
        (("--encoding", "klingon"), "encoding `klingon`: known are"),
    ],
)
def test_a_wrong_word_is_told(run: Run, file: Path, words: tuple[str, ...], said: str) -> None:
    done = run("subscribers", "import", str(file), *words)
    assert done.code in {1, 2}
    assert said in done.err


def test_a_complete_export_gives_a_new_project_the_same_people(
    run: Run, project: Path, tmp_path: Path
) -> None:
    run("send")
    run("subscribers", "forget", "p0@example.org")
    out = run("subscribers", "export", "--full").out
    other = tmp_path / "other"
    shutil.copytree(project, other, ignore=shutil.ignore_patterns("bypost.db*", "instance"))
    (other / "subscribers.csv").unlink()
    whole = tmp_path / "all.csv"
    whole.write_text(out, encoding="utf-8")
    done = run("subscribers", "import", str(whole), "--json", at=other)
    assert (done.code, done.json["added"]) == (0, 2)
    assert run("subscribers", "export", at=other).out == run("subscribers", "export").out
    run("send", at=other)
    shown = run("subscribers", "show", "p1@example.org", "--json", at=other).json
    assert shown["mails"] == [], "they had the first lesson, and the next one comes tomorrow"
    (course,) = shown["courses"]
    assert course["begins_with"] == "two"
