"""``bypost plan``: what an edit would do, in people and dates."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, everything
from tests.conftest import LESSON, write_course

Run = Callable[..., Ran]


def insert(project: Path, number: str, name: str, more: str = "", delay: str = "1 day") -> Path:
    """Write a further lesson of the course."""
    text = LESSON.format(id=name, delay=delay)
    path = project / "lessons" / "letters" / f"{number}-{name}.md"
    path.write_text(text.replace("\ndelay:", f"\n{more}delay:"), encoding="utf-8")
    return path


def git(project: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words],
        cwd=project,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def committed(project: Path) -> Path:
    shutil.rmtree(project / "var", ignore_errors=True)
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "lessons", "templates", "bypost.toml")
    git(project, "commit", "-q", "-m", "first")
    return project


def test_before_the_first_pass_nothing_waits(run: Run, project: Path) -> None:
    done = run("plan")
    assert done.code == 0
    assert "nothing was sent yet" in done.err
    assert not (project / "var").exists()


def test_nothing_changes_ends_with_0_and_writes_nothing(run: Run, project: Path) -> None:
    run("send")
    before = everything(project)
    done = run("plan")
    assert (done.code, done.out, done.err) == (0, "nothing changes\n", "")
    assert everything(project) == before


def test_a_changed_text_is_no_plan(run: Run, project: Path) -> None:
    run("send")
    path = project / "lessons/letters/01-two.md"
    path.write_text(path.read_text().replace("Hello", "Good day"))
    assert run("plan").code == 0


def test_a_renamed_file_is_no_plan(run: Run, project: Path) -> None:
    run("send")
    (project / "lessons/letters/01-two.md").rename(project / "lessons/letters/01-other.md")
    assert run("plan").code == 0


def test_changes_wait_with_3_and_say_whom_they_concern(run: Run, project: Path) -> None:
    run("send")
    insert(project, "01", "extra")
    before = everything(project)
    done = run("plan")
    assert (done.code, done.err) == (3, "")
    lines = [line.strip() for line in done.out.splitlines()]
    assert lines[0].startswith("letters  Course letters  plan ")
    assert lines[1] == "+ insert “Title of extra”  after “Title of one”"
    assert lines[2].startswith("3 get it; first send ")
    assert lines[2].endswith(" Berlin")
    assert lines[3] == "the next mail of 3 of 3 people changes"
    assert lines[4].startswith("p0@example.org  “Title of two” ")
    assert " -> “Title of extra” " in lines[4]
    assert everything(project) == before


def test_a_lesson_behind_people_is_a_risk_with_the_lines_to_write(run: Run, project: Path) -> None:
    run("send")
    insert(project, "00", "extra")
    done = run("plan")
    assert done.code == 3
    assert "3 people are past “Title of extra” and would never get it:" in done.out
    assert "front matter of lessons/letters/00-extra.md:" in done.out
    for line in ("if_past: skip ", "if_past: next ", "if_past: at_end "):
        assert line in done.out


@pytest.mark.parametrize(("policy", "gets"), [("skip", 0), ("next", 3), ("at_end", 3)])
def test_a_stated_policy_is_no_risk(run: Run, project: Path, policy: str, gets: int) -> None:
    run("send")
    insert(project, "00", "extra", f"if_past: {policy}\n")
    found = run("plan", "--json").json
    assert found["risks"] == 0
    (effect,) = found["plans"][0]["effects"]
    assert (effect["gets"], effect["past"]) == (gets, 3 - gets)


def test_json_has_the_documented_keys(run: Run, project: Path) -> None:
    run("send")
    insert(project, "00", "extra")
    done = run("plan", "--json")
    assert done.code == 3
    found = done.json
    assert list(found) == ["changes", "risks", "people", "plans", "held", "notes"]
    (one,) = found["plans"]
    assert list(one) == ["id", "course", "title", "effects", "risks", "moved", "people"]
    (effect,) = one["effects"]
    assert list(effect) == [
        *("lesson", "title", "changes", "gets", "had", "past", "finished", "waiting", "gained"),
        *("brought_back", "lost", "first"),
    ]
    assert effect["changes"] == [{"what": "insert", "detail": "at the beginning"}]
    (risk,) = one["risks"]
    assert list(risk) == ["lesson", "path", "people", "message", "fix"]
    person = one["people"][0]
    assert list(person) == ["enrollment", "email", "status", "before", "after"]
    assert list(person["before"]) == ["lesson", "at"]
    assert person["before"] == person["after"]


def test_a_plan_has_the_same_name_until_the_structure_changes(run: Run, project: Path) -> None:
    run("send")
    path = insert(project, "01", "extra")
    name = run("plan", "--json").json["plans"][0]["id"]
    path.write_text(path.read_text().replace("Hello", "Good day"))
    assert run("plan", "--json").json["plans"][0]["id"] == name
    path.write_text(path.read_text().replace("delay: 1 day", "delay: 2 days"))
    assert run("plan", "--json").json["plans"][0]["id"] != name


def test_a_broken_course_cannot_be_planned(run: Run, project: Path) -> None:
    run("send")
    insert(project, "01", "extra").write_text("no front matter")
    done = run("plan")
    assert done.code == 2
    assert "lessons/letters: cannot be planned until this is mended" in done.err


def test_an_unknown_course_is_named(run: Run) -> None:
    run("send")
    done = run("plan", "lettres")
    assert done.code == 2
    assert "lettres: there is no such course\n    known: letters" in done.err


def test_one_course_is_planned_alone(run: Run, project: Path) -> None:
    write_course(project, "words")
    (project / "subscribers.csv").write_text("email,courses\na@example.org,letters;words\n")
    run("send")
    insert(project, "01", "extra")
    assert run("plan", "words").code == 0
    assert run("plan", "letters").code == 3


def test_a_course_whose_folder_is_gone_is_told(run: Run, project: Path) -> None:
    run("send")
    shutil.rmtree(project / "lessons/letters")
    assert "lessons/letters is gone" in run("plan").err


def test_revisions_are_compared_with_assumed_people(run: Run, committed: Path) -> None:
    insert(committed, "01", "extra", "if_past: skip\n")
    done = run("plan", "--base", "main", "--people", "40", "--json")
    assert done.code == 3
    found = done.json
    assert found["people"] == "assumed"
    (effect,) = found["plans"][0]["effects"]
    # Ten before the first lesson, ten behind each of three; the last are through.
    assert (effect["gets"], effect["past"], effect["finished"]) == (20, 10, 10)
    assert effect["had"] == 0
    assert not (committed / "var").exists()


def test_two_revisions_are_compared(run: Run, committed: Path) -> None:
    insert(committed, "01", "extra", "if_past: skip\n")
    git(committed, "add", "lessons")
    git(committed, "commit", "-q", "-m", "second")
    assert run("plan", "--base", "HEAD").code == 0
    assert run("plan", "--base", "HEAD~1", "--head", "HEAD").code == 3
    assert run("plan", "--base", "HEAD", "--head", "HEAD").code == 0


def test_a_revision_is_compared_with_the_people_of_the_database(run: Run, committed: Path) -> None:
    run("send")
    insert(committed, "01", "extra")
    found = run("plan", "--base", "main", "--json").json
    assert (found["people"], len(found["plans"][0]["people"])) == ("database", 3)


def test_a_new_course_is_only_told(run: Run, committed: Path) -> None:
    write_course(committed, "words")
    done = run("plan", "--base", "main")
    assert done.code == 0
    assert "lessons/words: is new" in done.err


@pytest.mark.parametrize("words", [("--people", "10"), ("--head", "HEAD")])
def test_revisions_need_a_base(run: Run, words: tuple[str, ...]) -> None:
    done = run("plan", *words)
    assert done.code == 2
    assert "needs --base REV" in done.err


def test_another_id_for_the_same_lesson_is_noticed(run: Run, project: Path) -> None:
    run("send")
    path = project / "lessons/letters/01-two.md"
    path.write_text(path.read_text().replace("id: two", "id: deux"))
    done = run("plan")
    assert "`deux` looks like `two` with another id" in done.err
    assert "write its old id again: `id: two`" in done.err


def test_a_new_lesson_in_the_place_of_another_is_no_other_id(run: Run, project: Path) -> None:
    run("send")
    (project / "lessons/letters/01-two.md").unlink()
    insert(project, "01", "extra")
    done = run("plan")
    assert (done.code, done.err) == (3, "")


def test_with_caps_a_plan_says_that_mails_may_come_later(run: Run, project: Path) -> None:
    run("send")
    insert(project, "01", "extra")
    with (project / "bypost.toml").open("a") as settings:
        settings.write("\n[caps]\nper_day = 1\n")
    assert "[caps] are set" in run("plan").err
