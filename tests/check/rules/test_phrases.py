"""Phrases of advertising and the ease of reading: only to know."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level
from bypost.check.prose import passages
from bypost.check.readability import ease, syllables
from bypost.model.course import Source

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

PLAIN = "We put the flour in a bowl. Then we add the water and stir. " * 12
HEAVY = (
    "The utilisation of nominalisations necessitates considerable additional interpretative "
    "effort, notwithstanding the undeniable institutional preferences for administrative "
    "terminology that characterise contemporary organisational communication. "
) * 6


def test_a_phrase_of_advertising_is_noted_on_its_line_and_once(
    lessons: Lessons, look: Look
) -> None:
    lessons("One line.\nAnother line. Act\nnow, I say: act now. It is risk-free.")
    found = look("spam-phrase")
    assert [(it.level, it.line) for it in found] == [(Level.INFO, 9), (Level.INFO, 10)]
    assert found[0].message == "“act now” is a phrase of advertising"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "React nowhere. `act now`\n\n```\nact now\n```\n\n[x](https://example.org/act-now)"),
        ("de", "Act now, steht da auf Englisch."),
        ("ja", "今すぐ。"),
    ],
)
def test_parts_of_words_code_and_other_languages_hold_no_phrases(
    lessons: Lessons, look: Look, language: str, text: str
) -> None:
    lessons(text, toml=f'language = "{language}"\n')
    assert look("spam-phrase") == []


def test_a_german_phrase_is_found_in_a_german_course(lessons: Lessons, look: Look) -> None:
    lessons("Jetzt zugreifen und lesen.", toml='language = "de-CH"\n')
    assert [it.line for it in look("spam-phrase")] == [8]


@pytest.mark.parametrize(("language", "figure"), [("en", "Flesch reading ease"), ("nl", "LIX")])
def test_a_text_that_is_hard_to_read_is_noted_with_its_figure(
    lessons: Lessons, look: Look, language: str, figure: str
) -> None:
    lessons(HEAVY, toml=f'language = "{language}"\n')
    (found,) = look("reading")
    assert found.level is Level.INFO
    assert found.message.startswith("takes about 1 min to read and is difficult: " + figure)


@pytest.mark.parametrize("language", ["en", "nl", "ar", "ja"])
def test_a_plain_text_is_not_noted(lessons: Lessons, look: Look, language: str) -> None:
    lessons(PLAIN, toml=f'language = "{language}"\n')
    assert look("reading") == []


def test_the_figures_are_those_of_the_formulas() -> None:
    text = passages(Source(path="a.md", body="The cat sat on the mat there. " * 20))
    english, other = ease(text, "en-GB"), ease(text, "sv")
    assert english is not None
    assert other is not None
    # 7 words of one syllable to a sentence, none of them long.
    assert english.figure == pytest.approx(206.835 - 1.015 * 7 - 84.6)
    assert other.figure == pytest.approx(7)


@pytest.mark.parametrize("language", ["ja", "zh-Hans", "th"])
def test_scripts_without_spaces_have_no_figure(language: str) -> None:
    assert ease(passages(Source(path="a.md", body=HEAVY)), language) is None


def test_short_texts_headings_and_tables_have_no_figure() -> None:
    body = "# A heading. Or two.\n\n" + "| a. | b. |\n|---|---|\n" + "| c. | d. |\n" * 99
    assert ease(passages(Source(path="a.md", body=body)), "en") is None


@pytest.mark.parametrize(
    ("word", "count"),
    [("the", 1), ("makes", 1), ("jumped", 1), ("wanted", 2), ("table", 2), ("interview", 3)],
)
def test_syllables_are_groups_of_vowels_that_sound(word: str, count: int) -> None:
    assert syllables(word) == count
