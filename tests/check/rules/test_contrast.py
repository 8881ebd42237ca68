"""Contrast of text and buttons, in the colours of each kind of screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6

STYLE = "templates/email/style.toml"
PARTS = "templates/email/parts.mjml"


@pytest.mark.parametrize(
    ("colour", "level"), [("#8A8A8A", Level.WARNING), ("#B8BEC5", Level.ERROR), ("#6A6A6A", None)]
)
def test_pale_text_is_a_warning_and_an_error_below_three(
    lessons: Lessons, look: Look, retouch: Retouch, colour: str, level: Level | None
) -> None:
    lessons(f"{TEXT}\n\n> Somebody said so.\n", f"{TEXT}\n\n> And again.\n")
    retouch("style.toml", 'blockquote = "', f'blockquote = "color:{colour};text-indent:0;')
    retouch("style.toml", "solid {line};color:{muted}", "solid {line}")
    found = [it for it in look("contrast-text") if f"{colour} on #FFFFFF" in it.message]
    assert [(it.level, it.path) for it in found] == ([(level, STYLE)] if level else [])


def test_large_text_needs_less(lessons: Lessons, look: Look, retouch: Retouch) -> None:
    lessons(f"{TEXT}\n\n## Large\n\n{TEXT}\n\n##### Ordinary\n\n{TEXT}\n")
    for heading in ("h2", "h5"):
        retouch("style.toml", f'{heading} = "', f'{heading} = "x:0;')
    retouch("style.toml", "line-height:1.3;font-weight:normal;color:{ink}", "color:#808080")
    retouch("style.toml", "font-weight:bold;color:{muted}", "font-weight:bold;color:#808080")
    found = [it for it in look("contrast-text") if "mode" not in it.message]
    assert [(it.message.split(":")[0], it.level) for it in found] == [("`h5`", Level.WARNING)]


def test_text_lost_in_dark_mode_only_is_found_there(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(TEXT)
    retouch(
        "base.mjml", ".bp-prose div, .bp-prose strong { color: {{ dark.ink }}", ".x { color: red"
    )
    found = look("contrast-text")
    assert {it.level for it in found} == {Level.ERROR}
    assert all(it.message.endswith("in dark mode; it needs 4.5") for it in found)


def test_text_on_a_picture_is_not_judged(lessons: Lessons, look: Look, retouch: Retouch) -> None:
    lessons(TEXT)
    retouch(
        "parts.mjml",
        '<mj-text css-class="bp-prose">{{ html }}',
        '<mj-text css-class="bp-prose"><div style="color:#EEEEEE;'
        'background:url(https://example.org/a.png)">{{ html }}</div>',
    )
    assert [it for it in look("contrast-text") if "dark" not in it.message] == []


@pytest.mark.parametrize(("colour", "count"), [("#757575", 1), ("#59626D", 0)])
def test_what_an_app_makes_of_the_colours_is_a_warning_where_it_is_too_little(
    lessons: Lessons, look: Look, retouch: Retouch, colour: str, count: int
) -> None:
    lessons(f"{TEXT}\n\n> Somebody said so.\n")
    retouch("style.toml", 'blockquote = "', f'blockquote = "color:{colour};text-indent:0;')
    retouch("style.toml", "solid {line};color:{muted}", "solid {line}")
    found = [it for it in look("contrast-text") if "inverts" in it.message]
    assert [it.level for it in found] == [Level.WARNING] * count
    assert all(it.message.endswith("inverts the colours; it needs 4") for it in found)


@pytest.mark.parametrize(("colour", "level"), [("#FFFFFF", Level.ERROR), ("#10201E", None)])
def test_the_words_of_a_button_are_judged_at_the_button(
    lessons: Lessons, look: Look, retouch: Retouch, colour: str, level: Level | None
) -> None:
    lessons(f"{TEXT}\n\n::: button https://example.org/a\nAnswer\n:::\n")
    retouch(
        "parts.mjml", 'background-color="{{ style.light.accent }}"', 'background-color="#6FC9BE"'
    )
    retouch("parts.mjml", 'color="{{ style.light.on_accent }}"', f'color="{colour}"')
    found = look("contrast-button")
    assert [(it.level, it.path) for it in found] == ([(level, PARTS)] if level else [])
    assert all("#FFFFFF on #6FC9BE" in it.message for it in found)


def test_what_the_theme_is_told_is_not_said_again(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(TEXT)
    retouch("style.toml", 'muted = "#59626D"', 'muted = "#A9B2BD"')
    assert look("theme-contrast")
    assert [it for it in look("contrast-text") if it.level is Level.ERROR] == []
