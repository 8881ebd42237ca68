"""What the foot of every lesson and issue has to say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]


def change(project: Path, name: str, before: str, after: str) -> None:
    path = project / "templates/email" / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize(
    ("name", "before", "at"),
    [
        ("base.mjml", " · {{ sender.postal_address }}", "lesson.mjml"),
        ("base.txt", "{{ sender.postal_address }}", "lesson.txt"),
    ],
)
def test_a_part_without_the_postal_address_is_an_error_said_once_at_the_template(
    project: Path, lessons: Lessons, look: Look, name: str, before: str, at: str
) -> None:
    lessons("Some words.", "Some words.")
    change(project, name, before, "")
    (found,) = look("postal-address")
    assert (found.level, found.path) == (Level.ERROR, f"templates/email/{at}")


@pytest.mark.parametrize(
    "address",
    ["1 Example Street, 12345 Exampletown", "1 Über Straße\n12345 Exampletown", "東京都1-2"],
)
def test_the_address_may_run_over_lines(lessons: Lessons, look: Look, address: str) -> None:
    lessons("Some words.")
    assert look("postal-address", postal_address=address) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "says"),
    [
        ("lesson.mjml", "You asked for {{ course.title }} on", "Since", "what was asked for"),
        ("lesson.txt", "on {{ subscriber.since }}", "once", "does not say since when"),
        ("lesson.mjml", "on {{ subscriber.since }}", "once", "does not say since when"),
    ],
)
def test_a_foot_that_does_not_say_why_is_a_warning_at_the_template(
    project: Path, lessons: Lessons, look: Look, name: str, before: str, after: str, says: str
) -> None:
    lessons("Some words " * 200, "Some words " * 200)
    change(project, name, before, after)
    (found,) = look("why-you-get-this")
    assert (found.level, found.path) == (Level.WARNING, f"templates/email/{name}")
    assert says in found.message


def test_the_shipped_foot_says_why_also_to_people_who_write_from_right_to_left(
    project: Path, lessons: Lessons, look: Look
) -> None:
    lessons("מילים אחדות.", toml='language = "he"\n')
    assert look("why-you-get-this") == []
