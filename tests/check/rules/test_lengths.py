"""How a lesson compares with the others of its course."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level
from tests.check.rules.conftest import SENTENCE

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]


@pytest.mark.parametrize(
    ("counts", "at"),
    [((10, 10, 21, 10, 10), 2), ((10, 10, 4, 10, 10), 2), ((25, 10, 10, 10), 0)],
)
def test_a_lesson_beyond_twice_or_below_half_the_usual_length_is_a_warning(
    lessons: Lessons, look: Look, counts: tuple[int, ...], at: int
) -> None:
    lessons(*[SENTENCE * count for count in counts])
    (found,) = look("length-outlier")
    assert (found.level, found.path) == (Level.WARNING, f"lessons/baking/0{at}-step.md")
    assert found.message == f"has {13 * counts[at]} words; lessons of this course have about 130"


@pytest.mark.parametrize(
    "counts", [(3, 10, 20, 10, 10, 2), (10, 5, 10, 10, 10), (10, 40, 1), (1, 1, 1, 1)]
)
def test_a_short_welcome_a_short_farewell_and_a_short_course_pass(
    lessons: Lessons, look: Look, counts: tuple[int, ...]
) -> None:
    lessons(*[SENTENCE * count for count in counts])
    assert look("length-outlier") == []


def test_where_words_have_no_spaces_signs_are_counted(lessons: Lessons, look: Look) -> None:
    text = "今日は、パンの話をします。"
    bodies = [text * count for count in (10, 10, 30, 10, 10)]
    lessons(*bodies, toml='language = "ja"\n')
    (found,) = look("length-outlier")
    assert found.message == "has 330 characters; lessons of this course have about 110"


def test_a_lesson_that_asks_for_nothing_is_noted(lessons: Lessons, look: Look) -> None:
    lessons("Some words.", "Some words.", "Some words.")
    (found,) = look("course-cta")
    assert (found.level, found.path) == (Level.INFO, "lessons/baking/01-step.md")


@pytest.mark.parametrize(
    "text",
    [
        "::: exercise Knead\nKnead it.\n:::",
        "::: button https://example.org\nGo\n:::",
        "Read [this](https://example.org).",
        "Read [this]({{ links.progress }}).",
        "What do you see?",
        "何が見えますか？",
        "ماذا ترى؟",
    ],
)
def test_an_exercise_a_button_a_link_or_a_question_asks_for_something(
    lessons: Lessons, look: Look, text: str
) -> None:
    lessons("Some words.", text, "Some words.")
    assert look("course-cta") == []


def test_a_mail_in_a_script_without_spaces_is_not_taken_for_a_few_words(
    lessons: Lessons, look: Look
) -> None:
    lessons("今日は、パンの話をします。" * 10, toml='language = "ja"\n')
    assert look("words") == []
    lessons("今日は、パンの話をします。", toml='language = "ja"\n')
    assert [it.message for it in look("words")] == ["the text has 5 words"]
