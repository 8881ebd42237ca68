"""``bypost subscribers``: people in, out, and one of them looked at."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.cli import main
from tests.cli.conftest import Ran
from tests.conftest import write_course

Run = Callable[..., Ran]


def exported(run: Run) -> dict[str, dict[str, str]]:
    done = run("subscribers", "export")
    assert done.code == 0
    return {row["email"]: row for row in csv.DictReader(io.StringIO(done.out))}


def test_export_writes_the_columns_of_the_file_and_the_running_courses(run: Run) -> None:
    run("send")
    people = exported(run)
    assert list(people) == ["p0@example.org", "p1@example.org", "p2@example.org"]
    assert list(people["p0@example.org"]) == (
        ["email", "name", "time_zone", "tags", "status", "consent_note", "courses", "newsletters"]
    )
    assert people["p0@example.org"]["courses"] == "letters"
    assert people["p0@example.org"]["status"] == "confirmed"


def test_an_export_is_taken_up_again_without_changing_anybody(run: Run, tmp_path: Path) -> None:
    run("send")
    file = tmp_path / "people.csv"
    file.write_text(run("subscribers", "export").out)
    before = exported(run)
    done = run("subscribers", "import", str(file), "--json")
    assert (done.code, done.json["unchanged"], done.json["added"]) == (0, 3, 0)
    assert exported(run) == before
    assert run("subscribers", "import", str(file), "--json").json["skipped"] is True


def test_an_import_with_bad_rows_ends_with_1_and_names_their_lines(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,courses\nnobody,\nb@example.org,leters\nc@example.org,\n")
    done = run("subscribers", "import", str(file), "--json")
    assert done.code == 1
    rejected = done.json["rejected_rows"]
    assert isinstance(rejected, list)
    assert [row["line"] for row in rejected] == [2, 3]
    file.write_text(file.read_text() + "\n")
    told = run("subscribers", "import", str(file))
    assert "people.csv:3: there is no course `leters`; did you mean `letters`?" in told.err


def test_an_import_of_nothing_is_told_in_words(run: Run, tmp_path: Path) -> None:
    done = run("subscribers", "import", str(tmp_path / "none.csv"))
    assert done.code == 1
    assert "none.csv: cannot read it: No such file or directory" in done.err


def test_adding_somebody_puts_them_on_the_course_once(run: Run) -> None:
    first = run("subscribers", "add", "ana@example.org", "--name", "Ana", "--note", "by phone")
    assert (first.code, first.out) == (0, "✓ added\n")
    assert run("subscribers", "add", "ana@example.org").out == "✓ nothing new for them\n"
    changed = run("subscribers", "add", "ana@example.org", "--time-zone", "Asia/Tokyo")
    assert changed.out == "✓ changed\n"
    ana = exported(run)["ana@example.org"]
    assert (ana["name"], ana["time_zone"], ana["courses"]) == ("Ana", "Asia/Tokyo", "letters")


def test_an_added_person_stays_as_added_when_the_file_is_taken_up(run: Run) -> None:
    run("send")
    run("subscribers", "add", "p0@example.org", "--name", "Somebody")
    run("send")
    assert exported(run)["p0@example.org"]["name"] == "Somebody"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], "`nobody` is not a usable address"),
        (["a@example.org", "--course", "leters"], "did you mean `letters`?"),
        (["a@example.org", "--time-zone", "Mars"], "time_zone `Mars` is not known"),
    ],
)
def test_adding_makes_the_checks_of_the_file(run: Run, words: list[str], said: str) -> None:
    done = run("subscribers", "add", *words)
    assert done.code == 2
    assert said in done.err


def test_show_tells_everything_of_one_person(run: Run) -> None:
    run("send")
    done = run("subscribers", "show", "P1@example.org", "--json")
    assert done.code == 0
    assert done.json["email"] == "p1@example.org"
    (mail,) = done.json["mails"]
    assert (mail["item"], mail["state"]) == ("one", "accepted")
    (consent,) = done.json["consents"]
    assert (consent["purpose"], consent["source"]) == ("course:letters", "csv")
    told = run("subscribers", "show", "p1@example.org")
    assert "letters: active" in told.out
    assert "accepted" in told.out


def test_show_of_nobody_ends_with_2(run: Run) -> None:
    run("send")
    done = run("subscribers", "show", "nobody@example.org")
    assert (done.code, done.out) == (2, "")
    assert "there is nobody with the address nobody@example.org" in done.err


def test_db_upgrade_says_where_the_schema_stands(run: Run) -> None:
    assert run("db", "upgrade").out.startswith("schema none → ")
    assert "up to date" in run("db", "upgrade").out


@pytest.mark.parametrize("place", ["before", "behind", "equals before", "equals behind"])
def test_the_project_may_be_named_before_and_behind_the_verb(
    project: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    option = [f"--project={project}"] if "equals" in place else ["--project", str(project)]
    verb = ["subscribers", "export"]
    assert main([*option, *verb] if "before" in place else [*verb, *option]) == 0
    assert capsys.readouterr().out.startswith("email,")


def test_show_says_when_nothing_is_sent_to_an_address(run: Run, tmp_path: Path) -> None:
    run("send")
    file = tmp_path / "gone.csv"
    file.write_text("email,status\np1@example.org,left\n")
    run("subscribers", "import", str(file))
    assert run("subscribers", "show", "p1@example.org", "--json").json["suppressed"] == "left"
    shown = run("subscribers", "show", "p1@example.org").out
    assert "nothing is sent to this address: left" in shown
    assert ", next " not in shown


def test_forgetting_erases_and_the_file_does_not_bring_them_back(run: Run) -> None:
    run("send")
    done = run("subscribers", "forget", "P1@example.org")
    assert done.code == 0
    assert "subscribers.csv" in done.err
    assert list(exported(run)) == ["p0@example.org", "p2@example.org"]
    run("send")
    assert list(exported(run)) == ["p0@example.org", "p2@example.org"]
    assert run("subscribers", "forget", "p1@example.org").code == 2


def test_somebody_may_begin_at_a_later_lesson(run: Run) -> None:
    run("send")
    words = ("--course", "letters", "--from", "two", "--note", "had the first on paper")
    assert run("subscribers", "add", "ana@example.org", *words).out == "✓ added\n"
    run("send")
    (course,) = run("subscribers", "show", "ana@example.org", "--json").json["courses"]
    assert (course["status"], course["begins_with"]) == ("active", "two")


def test_somebody_known_may_be_put_on_another_course_at_a_later_lesson(
    run: Run, project: Path
) -> None:
    run("send")
    write_course(project, "more")
    run("send")
    done = run("subscribers", "add", "p0@example.org", "--course", "more", "--from", "three")
    assert done.out == "✓ changed\n"
    courses = run("subscribers", "show", "p0@example.org", "--json").json["courses"]
    assert {one["course"]: one["begins_with"] for one in courses} == {
        "letters": "",
        "more": "three",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--course", "letters", "--from", "tow"), "no lesson `tow` in `letters`\n    known: one,"),
        (("--from", "two"), "write: --course NAME --from LESSON"),
        (("--course", "letters", "--course", "x", "--from", "two"), "--from is for one course"),
        (("--course", "leters", "--from", "two"), "did you mean `letters`?"),
    ],
)
def test_a_wrong_beginning_is_told(run: Run, words: tuple[str, ...], said: str) -> None:
    run("send")
    done = run("subscribers", "add", "ana@example.org", *words)
    assert done.code == 2
    assert said in done.err
    assert run("subscribers", "show", "ana@example.org").code == 2


def test_nobody_is_moved_within_a_course(run: Run) -> None:
    run("send")
    words = ("--course", "letters", "--from", "three")
    done = run("subscribers", "add", "p0@example.org", *words)
    assert done.code == 2
    assert "is on `letters` already; nobody is moved in a course" in done.err


def test_somebody_on_hold_is_shown_so(run: Run) -> None:
    run("send")
    assert run("subscribers", "show", "p0@example.org", "--json").json["held"] is None
    run("pause", "subscriber", "p0@example.org", "--reason", "asked by phone")
    shown = run("subscribers", "show", "p0@example.org").out
    assert "! paused by the operator: asked by phone" in shown
