"""Each rule: what it complains about, and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level
from bypost.check.signs import signs

Lesson = Callable[..., None]
Check = Callable[[], list[Finding]]

FIRST = "lessons/baking/00-first.md"


def seen(found: list[Finding]) -> list[tuple[str, Level, int | None]]:
    return [(it.rule, it.level, it.line) for it in found]


def test_a_sound_lesson_has_no_findings(lesson: Lesson, check: Check) -> None:
    lesson()
    assert check() == []


@pytest.mark.parametrize(
    ("length", "rules"), [(9, ["subject-short"]), (10, []), (60, []), (61, ["subject-long"])]
)
def test_a_subject_has_10_to_60_signs(
    lesson: Lesson, check: Check, length: int, rules: list[str]
) -> None:
    lesson(subject="x" * length)
    assert seen(check()) == [(rule, Level.WARNING, 3) for rule in rules]


def test_a_subject_is_measured_for_the_persona_with_the_longest_name(
    project: Path, lesson: Lesson, check: Check
) -> None:
    (project / "personas.toml").write_text(
        '[[persona]]\nkey = "short"\nemail = "a@b.c"\nname = "Bo"\n'
        f'[[persona]]\nkey = "long"\nemail = "a@b.c"\nname = "{"x" * 60}"\n'
    )
    lesson(subject='{{ subscriber.name|default("You") }}, a question')
    (found,) = check()
    assert found.message == "the subject has 72 characters for long; inboxes show about 60"


def test_a_subject_empty_for_somebody_is_an_error_that_names_them(
    lesson: Lesson, check: Check
) -> None:
    lesson(subject="{{ subscriber.name }}")
    errors = [it for it in check() if it.level is Level.ERROR]
    assert seen(errors) == [("subject-missing", Level.ERROR, 3)]
    assert errors[0].message == "the subject is empty for no-name"


@pytest.mark.parametrize(
    ("length", "rules"),
    [
        (0, ["preheader-missing"]),
        (39, ["preheader-length"]),
        (40, []),
        (110, []),
        (111, ["preheader-length"]),
    ],
)
def test_a_preheader_has_40_to_110_signs(
    lesson: Lesson, check: Check, length: int, rules: list[str]
) -> None:
    lesson(preheader="x" * length)
    assert seen(check()) == [(rule, Level.WARNING, 4) for rule in rules]


def test_a_preheader_with_an_expression_is_not_measured(lesson: Lesson, check: Check) -> None:
    lesson(preheader='Hi {{ subscriber.name|default("you") }}.')
    assert check() == []


def test_the_second_of_two_equal_subjects_and_preheaders_names_the_first(
    lesson: Lesson, check: Check
) -> None:
    same = "The same forty signs stand in both of these."
    lesson("00-first", subject="Twice the same", preheader=same)
    lesson("01-second", subject="twice  the SAME", preheader=same)
    found = check()
    assert seen(found) == [
        ("subject-dup", Level.WARNING, 3),
        ("preheader-dup", Level.WARNING, 4),
    ]
    assert {it.path for it in found} == {"lessons/baking/01-second.md"}
    assert found[0].message == f"the subject is also that of {FIRST}"


@pytest.mark.parametrize(
    ("count", "level"), [(20, None), (6_000, Level.WARNING), (12_000, Level.ERROR)]
)
def test_a_mail_near_the_size_at_which_gmail_cuts_is_a_warning_and_above_an_error(
    lesson: Lesson, check: Check, count: int, level: Level | None
) -> None:
    lesson(body="twelve bytes " * count)
    found = [it for it in check() if it.rule == "size-clip"]
    assert [it.level for it in found] == ([level] if level else [])


@pytest.mark.parametrize(
    ("count", "rules"), [(49, ["words"]), (50, []), (5_000, []), (5_001, ["words"])]
)
def test_a_mail_has_50_to_5000_words(
    lesson: Lesson, check: Check, count: int, rules: list[str]
) -> None:
    lesson(body="a " * count)
    assert seen(check()) == [(rule, Level.INFO, None) for rule in rules]


def test_link_targets_container_marks_and_expressions_do_not_count_as_words(
    lesson: Lesson, check: Check
) -> None:
    body = (
        "# {{ lesson.subject }}\n\n[two words](https://example.org/many-more-words)\n\n"
        "::: note\nand three more\n:::\n"
    )
    lesson(body=body)
    (found,) = check()
    assert found.message == "the text has 6 words"


def test_a_second_heading_of_the_first_level_is_an_error_on_its_line(
    lesson: Lesson, check: Check
) -> None:
    lesson(body=f"# One\n\n## Below\n\n# Two\n\n{'word ' * 50}")
    found = check()
    assert seen(found) == [("heading-order", Level.ERROR, 12)]


def test_a_heading_that_leaves_a_level_out_is_a_warning_on_its_line(
    lesson: Lesson, check: Check
) -> None:
    lesson(body=f"# One\n\n### Three\n\n## Two\n\n### Three\n\n{'word ' * 50}")
    found = check()
    assert seen(found) == [("heading-order", Level.WARNING, 10)]
    assert found[0].fix == "write it with `##`"


@pytest.mark.parametrize(
    ("text", "count"),
    [("abc", 3), ("e\u0301", 1), ("佐藤", 2), ("👩\u200d👩\u200d👧", 1), ("❤\ufe0f", 1), ("", 0)],
)
def test_signs_are_what_an_eye_counts(text: str, count: int) -> None:
    assert signs(text) == count
