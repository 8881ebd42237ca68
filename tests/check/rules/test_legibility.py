"""Sizes of letters and buttons."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6


@pytest.mark.parametrize(
    ("size", "levels"), [("14px", []), ("13px", [Level.WARNING]), ("11px", [Level.ERROR])]
)
def test_small_letters_in_a_lesson_are_a_warning_and_tiny_ones_an_error(
    lessons: Lessons, look: Look, retouch: Retouch, size: str, levels: list[Level]
) -> None:
    lessons(f"{TEXT}\n\n| a | b |\n|---|---|\n| c | d |\n")
    retouch("style.toml", "font-size:16px;line-height:1.5", f"font-size:{size};line-height:1.5")
    found = look("font-size")
    assert {it.level for it in found} == set(levels)
    assert {it.path for it in found} <= {"templates/email/style.toml"}


@pytest.mark.parametrize(("size", "levels"), [("12px", []), ("11px", [Level.ERROR])])
def test_small_print_of_the_frame_may_have_12_pixels(
    lessons: Lessons, look: Look, retouch: Retouch, size: str, levels: list[Level]
) -> None:
    lessons(TEXT)
    retouch("style.toml", 'small = "14px"', f'small = "{size}"')
    assert {it.level for it in look("font-size")} == set(levels)


def test_letters_small_on_a_phone_only_are_found(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(TEXT)
    rule = ".bp-prose p { font-size: 11px !important; } .bp-eyebrow span"
    retouch("base.mjml", ".bp-eyebrow span", rule)
    assert [it.level for it in look("font-size")] == [Level.ERROR]


@pytest.mark.parametrize(
    ("padding", "levels"), [("13px", []), ("8px", [Level.WARNING]), ("1px", [Level.ERROR])]
)
def test_a_low_button_is_a_warning_and_a_tiny_one_an_error_at_its_template(
    lessons: Lessons, look: Look, retouch: Retouch, padding: str, levels: list[Level]
) -> None:
    button = "::: button https://example.org/a\nAnswer\n:::\n"
    lessons(f"{TEXT}\n\n{button}", f"{TEXT}\n\n{button}")
    retouch("parts.mjml", 'inner-padding="13px 22px"', f'inner-padding="{padding} 22px"')
    found = look("target-size")
    assert [it.level for it in found] == levels
    assert {it.path for it in found} <= {"templates/email/parts.mjml"}
