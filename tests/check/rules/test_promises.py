"""What lessons say of the ones that follow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

LAST = "lessons/baking/01-step.md"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "In the next\nlesson we bake."),
        ("en", "See you tomorrow."),
        ("en", "Tomorrow we will look at salt."),
        ("en", "Next time we'll bake."),
        ("en", "My next email is about salt."),
        ("de", "In der nächsten Lektion wird gebacken."),
        ("fr", "La prochaine leçon parle du sel. À demain."),
        ("es", "En la próxima lección veremos la sal."),
    ],
)
def test_a_promise_in_the_last_lesson_is_a_warning_on_its_line(
    lessons: Lessons, look: Look, language: str, text: str
) -> None:
    lessons("Some words.", f"# Salt\n\n{text}", toml=f'language = "{language}"\n')
    found = look("next-promise")
    assert {(it.level, it.path, it.line) for it in found} == {(Level.WARNING, LAST, 10)}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "There is no next lesson. Apply for nothing until tomorrow."),
        ("en", "Next time it may be you. Write your next lesson plan, and your next email."),
        ("en", "`In the next lesson` is a phrase to avoid."),
        ("de", "Es gibt keine nächste Lektion. Morgen wird es regnen."),
        ("he", "In the next lesson we bake."),
    ],
)
def test_what_only_sounds_like_a_promise_passes_and_so_does_an_unknown_language(
    lessons: Lessons, look: Look, language: str, text: str
) -> None:
    lessons("Some words.", text, toml=f'language = "{language}"\n')
    assert look("next-promise") == []


def test_a_promise_in_a_lesson_that_another_follows_passes(lessons: Lessons, look: Look) -> None:
    lessons("In the next lesson we bake. See you tomorrow.", "Some words.")
    assert look("next-promise") == []


def test_tomorrow_is_a_warning_where_the_next_lesson_comes_later(
    lessons: Lessons, look: Look
) -> None:
    lessons("Tomorrow's lesson is about salt.", "Some words.", delay={1: "3 days"})
    (found,) = look("next-promise")
    assert found.message.endswith("for tomorrow, but its delay is `3 days`")


def test_a_lesson_named_by_a_number_the_course_does_not_have_is_a_warning(
    lessons: Lessons, look: Look
) -> None:
    lessons("More of it in lesson 2.", "You saw it in lesson 4.")
    (found,) = look("next-promise")
    assert (found.path, found.line) == (LAST, 8)


def test_nothing_is_said_of_the_end_of_a_course_that_cannot_be_read_whole(
    project: Path, lessons: Lessons, look: Look
) -> None:
    lessons("Some words.", "In the next lesson we bake.", "Some words.")
    (project / "lessons/baking/02-step.md").write_text("no front matter")
    assert look("next-promise") == []
    assert look("course-end") == []


def test_nothing_is_said_of_a_course_of_which_no_lesson_compiles(
    lessons: Lessons, look: Look
) -> None:
    lessons(*["{{ nobody }}"] * 4)
    rules = ("next-promise", "course-end", "course-cta", "length-outlier", "cadence", "order-gap")
    assert [look(rule) for rule in rules] == [[]] * len(rules)
    assert look("jinja-undefined") != []


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_course_that_stops_without_a_word_is_noted_at_its_last_lesson(
    lessons: Lessons, look: Look, language: str
) -> None:
    lessons("Some words.", "Some words.", "Words on salt.", toml=f'language = "{language}"\n')
    (found,) = look("course-end")
    assert (found.level, found.path) == (Level.INFO, "lessons/baking/02-step.md")


@pytest.mark.parametrize(
    ("language", "bodies"),
    [
        ("en", ["Some words.", "Some words.", "This was the last\nmail of the course."]),
        ("de", ["Worte.", "Worte.", "Das war’s, vielen Dank."]),
        ("ja", ["Some words.", "Some words.", "Words on salt."]),
        ("en", ["Some words.", "Words on salt."]),
    ],
)
def test_a_word_of_an_ending_an_unknown_language_and_a_short_course_pass(
    lessons: Lessons, look: Look, language: str, bodies: list[str]
) -> None:
    lessons(*bodies, toml=f'language = "{language}"\n')
    assert look("course-end") == []
