"""Tables, language and title: what a screen reader goes by."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6

BASE = "templates/email/base.mjml"


@pytest.mark.parametrize(
    ("table", "count"),
    [
        ('<table class="steps"><tr><td>1</td></tr></table>', 1),
        ('<table class="steps" role="presentation"><tr><td>1</td></tr></table>', 0),
        ('<table class="steps" role="none"><tr><td>1</td></tr></table>', 0),
        ('<table class="steps"><tr><th>Step</th></tr><tr><td>1</td></tr></table>', 0),
    ],
)
def test_a_table_is_layout_or_has_headings(
    lessons: Lessons, look: Look, retouch: Retouch, table: str, count: int
) -> None:
    lessons(TEXT, TEXT)
    retouch("lesson.mjml", "<span style", f"{table}<span style")
    found = look("table-role")
    assert [(it.level, it.path, it.line) for it in found] == [
        (Level.ERROR, "templates/email/lesson.mjml", 3)
    ] * count


def test_a_table_in_markdown_has_its_headings(lessons: Lessons, look: Look) -> None:
    lessons(f"{TEXT}\n\n| a | b |\n|---|---|\n| c | d |\n")
    assert look("table-role") == []


@pytest.mark.parametrize(
    ("attributes", "language", "count"),
    [
        ('lang="{{ language }}" dir="{{ direction }}"', "en", 0),
        ('lang="{{ language }}" dir="{{ direction }}"', "ar", 0),
        ('dir="{{ direction }}"', "en", 1),
        ('lang="{{ language }}"', "en", 0),
        ('lang="{{ language }}" dir="ltr"', "ar", 1),
    ],
)
def test_a_mail_names_its_language_and_a_direction_from_the_right(
    lessons: Lessons, look: Look, retouch: Retouch, attributes: str, language: str, count: int
) -> None:
    lessons(TEXT, toml=f'language = "{language}"\n')
    retouch("base.mjml", 'lang="{{ language }}" dir="{{ direction }}"', attributes)
    found = look("lang-missing")
    assert [(it.level, it.path) for it in found] == [(Level.ERROR, BASE)] * count


def test_a_course_in_no_language_is_an_error_in_its_settings(lessons: Lessons, look: Look) -> None:
    lessons(TEXT, toml='language = "und"\n')
    (found,) = look("lang-missing")
    assert (found.level, found.path) == (Level.ERROR, "lessons/baking/course.toml")


@pytest.mark.parametrize(("title", "count"), [("{{ title }}", 0), ("", 1)])
def test_a_mail_has_a_title(
    lessons: Lessons, look: Look, retouch: Retouch, title: str, count: int
) -> None:
    lessons(TEXT)
    retouch("base.mjml", "<mj-title>{{ title }}<", f"<mj-title>{title}<")
    found = look("title-missing")
    assert [(it.level, it.path) for it in found] == [(Level.WARNING, BASE)] * count
