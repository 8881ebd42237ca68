"""Expressions that go wrong for some people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

NAME = "{{ subscriber.name }}"


@pytest.mark.parametrize(
    "text",
    [
        "[x](https://example.org/?who={{ subscriber.email }})",
        "[x](https://example.org/a?b=c&who={{ subscriber.email|lower }})",
        "[x](https://example.org/?a={{ subscriber.since|urlencode }}&b={{ subscriber.email }})",
        "<https://example.org/?who={{ subscriber.email }}>",
        "[x]({{ links.progress }}?who={{ subscriber.email }})",
        "[x](mailto:us@example.org?subject={{ subscriber.email }})",
        "::: button https://example.org/?who={{ subscriber.email }}\nGo\n:::",
        "[x](https://example.org/?title={{ course.title }})",
    ],
)
def test_a_value_in_a_query_has_to_be_encoded(lessons: Lessons, look: Look, text: str) -> None:
    lessons(f"Some words.\n\n{text}")
    (found,) = look("jinja-url")
    assert (found.level, found.line) == (Level.WARNING, 10)


@pytest.mark.parametrize(
    "text",
    [
        "[x](https://example.org/?who={{ subscriber.email|urlencode }})",
        "[x](https://example.org/?lesson={{ lesson.id }}&n={{ lesson.number }})",
        "[x](https://example.org/?a=b#{{ subscriber.email }})",
        "What is next?{{ subscriber.email }}",
        "Is it you? {{ subscriber.email }} (or not?) {{ subscriber.email }}",
        "`https://example.org/?who={{ subscriber.email }}`",
        "```\nhttps://example.org/?who={{ subscriber.email }}\n```",
        r"https://example.org/?who=\{{ subscriber.email }}",
    ],
)
def test_encoded_values_ids_and_examples_pass(lessons: Lessons, look: Look, text: str) -> None:
    lessons(f"Some words.\n\n{text}")
    assert look("jinja-url") == []


def test_a_name_without_another_text_is_a_warning_once_where_it_first_stands(
    lessons: Lessons, look: Look
) -> None:
    lessons(f"Hello {NAME},\nand again {NAME}.")
    (found,) = look("var-fallback")
    assert (found.level, found.line) == (Level.WARNING, 8)
    assert found.fix.startswith('write `{{ subscriber.name|default("...") }}`')


def test_a_name_in_the_subject_is_named_with_the_line_of_the_subject(
    lessons: Lessons, look: Look
) -> None:
    lessons("Hello.", subject={0: f'"A question for {NAME}"'})
    assert [it.line for it in look("var-fallback")] == [3]


@pytest.mark.parametrize(
    "text",
    [
        "Hello {{ subscriber.name|default('you') }}.",
        "Hello {{ subscriber.name | d('you', true) }}.",
        "Hello {{ subscriber.name if subscriber.name else 'you' }}.",
        "Hello {{ subscriber.name or 'you' }}.",
        f"::: if subscriber.name\nHello {NAME}.\n:::",
        f"::::: if subscriber.name\n:::: note\nHello {NAME}.\n::::\n:::::",
        f"Write `{NAME}` to greet.",
        "To {{ subscriber.email }} since {{ subscriber.since }}, {{ subscriber.time_zone }}.",
    ],
)
def test_guarded_names_and_values_that_everybody_has_pass(
    lessons: Lessons, look: Look, text: str
) -> None:
    lessons(text)
    assert look("var-fallback") == []


def test_a_condition_guards_its_own_name_and_its_own_block_only(
    lessons: Lessons, look: Look
) -> None:
    lessons(f"::: if subscriber.email\nHello {NAME}.\n:::")
    assert [it.line for it in look("var-fallback")] == [9]
    lessons(f"::: if subscriber.name\nHello.\n:::\n\nHello {NAME}.")
    assert [it.line for it in look("var-fallback")] == [12]


SOON = "The next one, {{ next.title }}, comes {{ next.when }}."


@pytest.mark.parametrize("past", ["next", "at_end"])
def test_a_lesson_that_may_come_last_may_not_rely_on_a_next_one(
    lessons: Lessons, look: Look, past: str
) -> None:
    lessons("Hello.", f"Some words.\n\n{SOON}\n\n{SOON}", "Bye.", if_past={1: past})
    (found,) = look("next-fallback")
    assert (found.level, found.line) == (Level.WARNING, 11)
    assert found.message.startswith("`next.title` is empty for those to whom this lesson comes")


def test_the_subject_of_such_a_lesson_is_looked_at_too(lessons: Lessons, look: Look) -> None:
    lessons("A.", "B.", "C.", if_past={1: "at_end"}, subject={1: '"Before {{ next.title }}"'})
    assert [it.line for it in look("next-fallback")] == [3]


@pytest.mark.parametrize(
    "text",
    [
        f"::: if next.when\n{SOON}\n:::",
        f"::: if next.title\n{SOON}\n:::",
        "The next one comes {{ next.when|default('never') }}.",
        "{{ 'Until ' + next.when if next.when else 'This was all' }}.",
        "Write `{{ next.when }}` for the time of the next one.",
    ],
)
def test_a_passage_that_falls_away_with_the_next_lesson_passes(
    lessons: Lessons, look: Look, text: str
) -> None:
    lessons("Hello.", text, "Bye.", if_past={1: "at_end"})
    assert look("next-fallback") == []


@pytest.mark.parametrize("past", [{}, {1: "skip"}])
def test_a_lesson_that_always_comes_at_its_place_may_speak_of_the_next_one(
    lessons: Lessons, look: Look, past: dict[int, str]
) -> None:
    lessons("Hello.", SOON, "Bye.", if_past=past)
    assert look("next-fallback") == []
