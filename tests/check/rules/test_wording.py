"""How subjects and preheaders are worded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

TEXT = "The first line of the mail stands here. It goes on.\n\nAnd so on, to the end."


@pytest.mark.parametrize(
    "subject",
    ["READ THIS MAIL TODAY", "OPEN IT before NOON", "СРОЧНО ЧИТАТЬ ЭТО", "Read it today!!"],
)
def test_a_subject_that_shouts_is_a_warning_on_its_line(
    lessons: Lessons, look: Look, subject: str
) -> None:
    lessons(TEXT, subject={0: f"'{subject}'"})
    (found,) = look("subject-shout")
    assert (found.level, found.line) == (Level.WARNING, 3)


@pytest.mark.parametrize(
    "subject",
    [
        "HTML, CSS and SQL in one hour",
        "UNESCO and its list of places",
        "Read it today!",
        "今日のレッスンです！",
        "למה כולם אומרים לא",
        '{{ subscriber.name|upper|default("You") }}, a question',
    ],
)
def test_abbreviations_one_exclamation_mark_and_other_scripts_do_not_shout(
    lessons: Lessons, look: Look, subject: str
) -> None:
    lessons(TEXT, subject={0: f"'{subject}'"})
    assert look("subject-shout") == []


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Re: your lesson"),
        ("en", "FWD : your lesson"),
        ("en", "re[2]: your lesson"),
        ("de-AT", "AW: Ihre Lektion"),
        ("zh", "回复：你的课程"),
    ],
)
def test_a_subject_that_pretends_to_be_an_answer_is_found_in_the_language_of_the_mail(
    lessons: Lessons, look: Look, language: str, subject: str
) -> None:
    lessons(TEXT, toml=f'language = "{language}"\n', subject={0: f"'{subject}'"})
    (found,) = look("subject-fake-re")
    assert (found.level, found.line) == (Level.WARNING, 3)


@pytest.mark.parametrize("subject", ["Reading: a habit", "AW: two letters", "Reply: when to write"])
def test_words_that_only_look_like_an_answer_pass(
    lessons: Lessons, look: Look, subject: str
) -> None:
    lessons(TEXT, subject={0: f"'{subject}'"})
    assert look("subject-fake-re") == []


@pytest.mark.parametrize(
    ("preheader", "beside"),
    [
        ("Flour for bread", "the subject"),
        ("All about the flour!", "the heading"),
        ("The first line of the mail stands here", "the first line of the mail"),
    ],
)
def test_a_preheader_that_repeats_its_neighbours_is_a_warning(
    lessons: Lessons, look: Look, preheader: str, beside: str
) -> None:
    lessons(f"# All about the flour\n\n{TEXT}", preheader={0: preheader})
    (found,) = look("preheader-echo")
    assert (found.level, found.line) == (Level.WARNING, 4)
    assert found.message == f"the preheader repeats {beside}"


@pytest.mark.parametrize("preheader", ["And so on, to the end.", "'{{ subscriber.email }}'"])
def test_a_preheader_that_goes_on_passes_and_so_does_one_that_is_a_value(
    lessons: Lessons, look: Look, preheader: str
) -> None:
    lessons(f"# {{{{ subscriber.email }}}}\n\n{TEXT}", preheader={0: preheader})
    assert look("preheader-echo") == []


def test_subjects_that_begin_alike_are_noted_and_the_first_is_named(
    lessons: Lessons, look: Look
) -> None:
    same = "Clear writing for engineers"
    lessons(TEXT, TEXT, subject={0: f"{same} about verbs", 1: f"{same} about nouns"})
    (found,) = look("subject-front")
    assert (found.level, found.path) == (Level.INFO, "lessons/baking/01-step.md")
    assert found.message.startswith(
        "the first 34 characters of the subject are those of lessons/baking/0"
    )


@pytest.mark.parametrize(
    "subjects",
    [
        ("Clear writing: verbs", "Clear writing: nouns"),
        ("The same subject stands in both", "The same subject stands in both"),
    ],
)
def test_a_short_common_beginning_passes(
    lessons: Lessons, look: Look, subjects: tuple[str, str]
) -> None:
    lessons(TEXT, TEXT, subject={0: f"'{subjects[0]}'", 1: f"'{subjects[1]}'"})
    assert look("subject-front") == []


def test_a_long_name_at_the_beginning_is_not_the_beginning_for_everybody(
    project: Path, lessons: Lessons, look: Look
) -> None:
    people = "".join(
        f'[[persona]]\nkey = "{key}"\nemail = "a@b.c"\nname = "{name}"\n'
        for key, name in (("long", "Maria Magdalena Theodora von Hohenstein"), ("short", "Bo"))
    )
    (project / "personas.toml").write_text(people)
    name = '{{ subscriber.name|default("You") }}'
    lessons(TEXT, TEXT, subject={0: f"'{name}, verbs first'", 1: f"'{name}, nouns next'"})
    assert look("subject-front") == []
