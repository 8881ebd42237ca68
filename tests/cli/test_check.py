"""``bypost check``: what it prints, for whom, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bypost.check.asking import Reply, Verdict
from bypost.cli import main
from tests.conftest import LESSON

Run = Callable[..., Any]

FIRST = "lessons/letters/00-one.md"
SECOND = "lessons/letters/01-two.md"


@pytest.fixture
def broken(project: Path) -> Path:
    """The first lesson has an error, the second a warning."""
    text = LESSON.format(id="one", delay="at once")
    (project / FIRST).write_text(text.replace("at once", "2 fortnights"))
    text = LESSON.format(id="two", delay="1 day")
    (project / SECOND).write_text(text.replace("The subject of two", "Two"))
    return project


@pytest.fixture
def hesitant(project: Path) -> Path:
    """One lesson has a warning."""
    path = project / SECOND
    path.write_text(path.read_text().replace("The subject of two", "Two"))
    return project


def test_each_finding_stands_with_place_rule_and_remedy_and_errors_end_with_2(
    broken: Path, run: Run
) -> None:
    done = run("check")
    assert done.code == 2
    assert (
        f"✗ {FIRST}:5: `2 fortnights` is not a delay  [key]\n"
        "    write `at once`, `2 days`, `1 weekday` or `weekly on tuesday`" in done.out
    )
    assert f"! {SECOND}:3: the subject has 3 characters" in done.out
    assert done.out.splitlines()[-1].startswith("1 error, ")


def test_json_has_the_stable_keys_and_nothing_else_on_standard_output(
    broken: Path, run: Run
) -> None:
    done = run("check", "--json")
    assert done.code == 2
    found = {it["rule"]: it for it in done.json["findings"]}
    assert found["key"] == {
        "rule": "key",
        "level": "error",
        "path": FIRST,
        "line": 5,
        "message": "`2 fortnights` is not a delay",
        "fix": "write `at once`, `2 days`, `1 weekday` or `weekly on tuesday`",
    }


def test_a_warning_ends_with_0_and_strictly_with_1(hesitant: Path, run: Run) -> None:
    assert run("check", SECOND).code == 0
    assert run("check", SECOND, "--strict").code == 1
    assert run("check", FIRST, "--strict").code == 0


def test_sarif_names_files_as_seen_from_here(
    broken: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(broken.parent)
    done = run("check", "--sarif")
    assert done.code == 2
    (one,) = done.json["runs"]
    places = {
        it["ruleId"]: it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for it in one["results"]
    }
    assert places["key"] == f"project/{FIRST}"


def test_json_and_sarif_at_once_is_wrong_usage(project: Path, run: Run) -> None:
    done = run("check", "--json", "--sarif")
    assert (done.code, done.out) == (2, "")
    assert "--json and --sarif: choose one" in done.err


def test_only_what_was_named_is_shown(broken: Path, run: Run) -> None:
    done = run("check", SECOND, "--json")
    assert done.code == 0
    assert {it["path"] for it in done.json["findings"]} == {SECOND}
    assert run("check", "lessons").code == 2


def test_an_error_in_a_template_shows_with_the_lesson_it_is_for(project: Path, run: Run) -> None:
    (project / "templates/email/lesson.mjml").unlink()
    done = run("check", FIRST)
    assert done.code == 2
    assert "templates/email/lesson.mjml: " in done.out


def test_a_path_that_is_not_there_is_wrong_usage(project: Path, run: Run) -> None:
    done = run("check", "lessons/lettres")
    assert (done.code, done.out) == (2, "")
    assert "lessons/lettres: there is no such file or folder" in done.err


def test_the_settings_decide_about_rules(hesitant: Path, run: Run) -> None:
    settings = hesitant / "bypost.toml"
    before = settings.read_text()
    settings.write_text(f'{before}\n[check]\nerrors = ["subject-short"]\n')
    assert run("check", SECOND).code == 2
    settings.write_text(f'{before}\n[check]\noff = ["subject-short"]\n')
    done = run("check", SECOND, "--json")
    assert "subject-short" not in {it["rule"] for it in done.json["findings"]}
    settings.write_text(f'{before}\n[check]\noff = ["subject-shrt"]\n')
    done = run("check")
    assert done.code == 2
    assert (
        "check.off: there is no rule `subject-shrt`\n    did you mean `subject-short`?" in done.err
    )


def test_a_rule_is_explained_without_a_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--explain", "subject-short", "--project", str(tmp_path)]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith("subject-short (warning): A subject that says too little\n")
    assert "<!-- bypost: allow subject-short reason -->" in out


def test_a_rule_that_is_not_there_is_named_with_the_nearest(run: Run) -> None:
    done = run("check", "--explain", "subject-shrt")
    assert done.code == 2
    assert "there is no such rule\n    did you mean `subject-short`?" in done.err


def test_links_are_asked_only_when_wished(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def ask(_self: object, addresses: list[str], _tell: object) -> dict[str, object]:
        asked.append(list(addresses))
        return {it: Reply(Verdict.GONE, "answers 404") for it in addresses}

    monkeypatch.setattr("bypost.check.links.Asker.ask", ask)
    path = project / SECOND
    path.write_text(path.read_text() + "\n[The study](https://example.org/study)\n")
    assert run("check").code == 0
    assert asked == []
    done = run("check", "--links", "--json")
    assert asked == [["https://example.org/study"]]
    assert "link-dead" in {it["rule"] for it in done.json["findings"]}
