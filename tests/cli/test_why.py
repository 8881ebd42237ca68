"""``bypost why``: a person in plain words, and as values for programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ran, everything

Run = Callable[..., Ran]
KEYS = {
    "email",
    "name",
    "status",
    "time_zone",
    "hour",
    "because",
    "about",
    "courses",
    "newsletters",
}


def test_a_person_is_told_with_what_they_had_and_what_is_next(run: Run) -> None:
    run("send")
    ran = run("why", "P0@example.org")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Person 0  p0@example.org  Europe/Berlin"
    assert "Course letters  course letters, active" in lines
    assert any(line.startswith("  ✓ “Title of one” accepted by outbox on ") for line in lines)
    place = lines.index("  → next: “Title of two”")
    assert lines[place + 2].startswith("      the delay of “Title of two” is “1 day”: ")
    assert lines[place + 4].startswith("      so it goes out on ")


def test_one_lesson_is_told_alone(run: Run) -> None:
    run("send")
    ran = run("why", "p0@example.org", "three")
    assert "→ “Title of three”  letters/three: it comes" in ran.out
    assert "before it comes “Title of two” on " in ran.out
    assert "course letters, active" not in ran.out


def test_json_has_the_documented_keys(run: Run) -> None:
    run("send")
    found = run("why", "p0@example.org", "--json").json
    assert set(found) == KEYS
    course = found["courses"][0]
    assert set(course) == {"name", "title", "status", "since", "because", "had", "coming"}
    mail = {"name", "title", "state", "at", "provider", "ref", "because"}
    assert set(course["had"][0]) == mail
    assert set(course["coming"][0]) == {"name", "title", "at", "because"}
    about = run("why", "p0@example.org", "letters/two", "--json").json["about"]
    assert set(about) == {"name", "title", "verdict", "at", "because", "ref"}
    assert about["verdict"] == "coming"


def test_an_address_that_nobody_has_is_a_mistake(run: Run) -> None:
    run("send")
    ran = run("why", "nobody@example.org")
    assert ran.code == 2
    assert "there is nobody with the address nobody@example.org" in ran.err


def test_a_name_that_is_not_there_is_a_mistake_that_names_what_is(run: Run) -> None:
    run("send")
    ran = run("why", "p0@example.org", "lettres")
    assert ran.code == 2
    assert "they are on: letters" in ran.err


def test_asking_writes_nothing(run: Run, project: Path) -> None:
    run("send")
    before = everything(project)
    run("why", "p0@example.org")
    run("why", "p0@example.org", "two")
    run("forecast")
    assert everything(project) == before
