"""Links from one mail to the page of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

SITE = "https://mail.example.org"
ARCHIVE = "archive = true\n"


def newsletter(project: Path, body: str, status: str = "ready") -> None:
    folder = project / "newsletters/crumbs"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "Crumbs"\nsummary = "Bread."\n')
    for number, text in enumerate(("Some words.", body)):
        day = f"2026-12-0{number + 1}"
        (folder / f"{day}-news.md").write_text(
            f"---\nid: news{number}\nsubject: News of the oven {number}\n"
            f"preheader: What happened to the bread in week {number}.\n"
            f"date: {day}\nstatus: {status}\n---\n\n{text}\n"
        )


@pytest.mark.parametrize(
    ("toml", "address", "says"),
    [
        ("", "{{ links.progress }}/lessons/l2", "has not been sent when this mail is read"),
        ("", "{{ links.progress }}/lessons/l9", "no lesson with the id `l9`"),
        ("", f"{SITE}/courses/baking/lessons/l0", "does not publish its lessons"),
        (ARCHIVE, f"{SITE}/courses/baking/lessons/l9#top", "no lesson with the id `l9`"),
        ("", f"{SITE}/courses/cooking", "no course with the id `cooking`"),
        ("", f"{SITE}/newsletters/crumbs", "no newsletter with the id `crumbs`"),
    ],
)
def test_a_link_to_a_page_that_does_not_exist_is_an_error_on_its_line(
    lessons: Lessons, look: Look, toml: str, address: str, says: str
) -> None:
    lessons("Words.", f"# Salt\n\nSee [that]({address}).", "Words.", toml=toml)
    (found,) = look("link-lesson")
    assert (found.level, found.path, found.line) == (
        Level.ERROR,
        "lessons/baking/01-step.md",
        10,
    )
    assert says in found.message


def test_a_button_to_a_lesson_to_come_is_an_error_on_its_line(lessons: Lessons, look: Look) -> None:
    button = "::: button {{ links.progress }}/lessons/l1\nRead it\n:::"
    lessons(f"Words.\n\n{button}", "Words.")
    assert [it.line for it in look("link-lesson")] == [10]


def test_a_public_page_of_a_lesson_to_come_is_a_warning(lessons: Lessons, look: Look) -> None:
    lessons(f"See [that]({SITE}/courses/baking/lessons/l1).", "Words.", toml=ARCHIVE)
    assert [it.level for it in look("link-lesson")] == [Level.WARNING]


@pytest.mark.parametrize(
    "address",
    [
        "{{ links.progress }}",
        "{{ links.progress }}/lessons/l0",
        "{{ links.progress }}/lessons/l1/mail",
        f"{SITE}/courses/baking/lessons/l0?from=mail",
        f"{SITE}/courses/baking",
        f"{SITE}/courses",
        "https://example.org/courses/baking/lessons/l9",
    ],
)
def test_links_to_earlier_lessons_to_courses_and_to_other_sites_pass(
    lessons: Lessons, look: Look, address: str
) -> None:
    lessons("Words.", f"See [that]({address}).", "Words.", toml=ARCHIVE)
    assert look("link-lesson") == []


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (f"{SITE}/newsletters/crumbs/issues/news9", "no issue with the id `news9`"),
        ("{{ links.progress }}/lessons/l0", "only a course has lessons to read again"),
    ],
)
def test_an_issue_links_to_issues_that_are_there(
    project: Path, lessons: Lessons, look: Look, address: str, says: str
) -> None:
    lessons("Words.")
    newsletter(project, f"See [that]({address}).")
    (found,) = look("link-lesson")
    assert (found.level, found.line) == (Level.ERROR, 9)
    assert says in found.message


@pytest.mark.parametrize("status", ["ready", "draft"])
def test_an_issue_may_link_to_an_earlier_one(
    project: Path, lessons: Lessons, look: Look, status: str
) -> None:
    lessons("Words.")
    newsletter(project, f"See [that]({SITE}/newsletters/crumbs/issues/news0).", status)
    assert look("link-lesson") == []


def test_a_lesson_does_not_link_to_a_draft(project: Path, lessons: Lessons, look: Look) -> None:
    lessons(f"See [that]({SITE}/newsletters/crumbs/issues/news0).")
    newsletter(project, "Words.", "draft")
    (found,) = look("link-lesson")
    assert found.message == "the issue `news0` is a draft: its page does not exist"
