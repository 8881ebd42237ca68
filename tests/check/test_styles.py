"""The cascade: which declaration wins, what is inherited, and on which screen."""

from __future__ import annotations

import pytest

from bypost.check.colour import hex_text
from bypost.check.page import Page
from bypost.check.sheet import Screen
from bypost.check.styles import NARROW, Look, Styles, styles_of

DARK = Screen(dark=True)


def look_of(body: str, css: str = "", screen: Screen | None = None, tag: str = "b") -> Look:
    """Return the look of the first ``tag`` in a page."""
    head = f"<style>{css}</style>" if css else ""
    page = Page(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>")
    styles = styles_of(page)
    looks = styles.looks(screen) if screen else styles.looks()
    return next(look for element, look in looks.items() if element.tag == tag)


def colours(look: Look) -> tuple[str, str]:
    assert look.ground is not None
    return hex_text(look.colour), hex_text(look.ground)


def test_colour_ground_size_and_weight_are_inherited() -> None:
    look = look_of(
        '<div style="color:#111111;background:#EEEEEE;font-size:20px;font-weight:700">'
        "<p><i>x</i></p></div>",
        tag="i",
    )
    assert colours(look) == ("#111111", "#EEEEEE")
    assert (look.size, look.bold) == (20, True)


@pytest.mark.parametrize(
    ("css", "inline", "colour"),
    [
        ("b { color: red }", "", "#FF0000"),
        (".c { color: blue } b { color: red }", "", "#0000FF"),
        ("#i { color: lime } .c.c { color: blue }", "", "#00FF00"),
        ("p b { color: blue } b { color: red }", "", "#0000FF"),
        ("b { color: blue } b { color: red }", "", "#FF0000"),
        ("#i { color: red }", "color:blue", "#0000FF"),
        ("b { color: red !important }", "color:blue", "#FF0000"),
        ("b { color: red !important }", "color:blue !important", "#0000FF"),
        ("i, .c { color: red }", "", "#FF0000"),
        ("b::nonsense( { color: red }", "color:blue", "#0000FF"),
    ],
)
def test_the_heavier_selector_the_later_rule_and_the_important_one_win(
    css: str, inline: str, colour: str
) -> None:
    look = look_of(f'<p><b id="i" class="c" style="{inline}">x</b></p>', css)
    assert hex_text(look.colour) == colour


def test_a_colour_that_lets_others_through_is_mixed_with_what_lies_behind() -> None:
    look = look_of('<div style="background:#000000"><b style="background:rgba(255,255,255,.5)">')
    assert colours(look)[1] == "#808080"


@pytest.mark.parametrize("value", ["url(a.png)", "#fff url(a.png) no-repeat"])
def test_on_a_picture_the_ground_is_not_known_until_a_colour_covers_it(value: str) -> None:
    assert look_of(f'<div style="background:{value}"><b>x</b></div>').ground is None
    covered = look_of(f'<div style="background:{value}"><b style="background:#FFF">x</b></div>')
    assert covered.ground is not None


def test_attributes_count_below_every_style() -> None:
    look = look_of('<table bgcolor="#000000"><tr><td><b color="#FFFFFF">x</b></td></tr></table>')
    assert colours(look) == ("#FFFFFF", "#000000")
    look = look_of('<b bgcolor="#000000">x</b>', "b { background-color: #FFFFFF }")
    assert colours(look)[1] == "#FFFFFF"


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ('style="display:none"', False),
        ('style="visibility:hidden"', False),
        ('style="opacity:0"', False),
        ("hidden", False),
        ("", True),
    ],
)
def test_what_is_inside_something_hidden_is_hidden(hidden: str, shown: bool) -> None:
    assert look_of(f"<div {hidden}><p><b>x</b></p></div>").shown is shown


@pytest.mark.parametrize(
    ("media", "screen", "applies"),
    [
        ("(prefers-color-scheme: dark)", DARK, True),
        ("(prefers-color-scheme: dark)", NARROW, False),
        ("(prefers-color-scheme: light)", NARROW, True),
        ("only screen and (max-width: 519px)", NARROW, True),
        ("only screen and (max-width: 519px)", DARK, False),
        ("(min-width: 480px)", DARK, True),
        ("(min-width: 480px), (max-width: 400px)", NARROW, True),
        ("screen and (hover: hover)", DARK, False),
        ("print", DARK, False),
    ],
)
def test_a_media_block_applies_to_its_screens_only(
    media: str, screen: Screen, applies: bool
) -> None:
    look = look_of("<b>x</b>", f"@media {media} {{ b {{ color: red }} }}", screen)
    assert (hex_text(look.colour) == "#FF0000") is applies


def test_a_mail_that_allows_dark_colours_begins_on_a_dark_ground_there() -> None:
    body = "<body><b>x</b></body>"
    plain, allowed = (
        Styles(Page(f"<html><head>{meta}</head>{body}</html>"))
        for meta in ("", '<meta name="color-scheme" content="light dark">')
    )
    for styles, ground in ((plain, "#FFFFFF"), (allowed, "#121212")):
        looks = styles.looks(DARK)
        assert {hex_text(look.ground) for look in looks.values() if look.ground} == {ground}


def test_an_element_shows_its_own_text_and_no_fillers() -> None:
    styles = styles_of(Page("<body><p>one <b>two</b> three</p><td>&nbsp;&#847;&zwnj;</td></body>"))
    assert {it.tag: it.text for it in styles.elements if it.tag in ("p", "b")} == {
        "p": "one three",
        "b": "two",
    }
    assert not any(it.text for it in styles.elements if it.tag not in ("p", "b"))


@pytest.mark.parametrize(
    ("size", "pixels"),
    [("12pt", 16), ("1.5em", 30), ("50%", 10), ("2rem", 32), ("small", 13), ("0", 0), ("5vw", 20)],
)
def test_sizes_are_counted_in_pixels_and_unknown_ones_are_inherited(
    size: str, pixels: float
) -> None:
    look = look_of(f'<div style="font-size:20px"><b style="font-size:{size}">x</b></div>')
    assert look.size == pytest.approx(pixels)


@pytest.mark.parametrize(
    ("height", "pixels"), [("1.2", 24), ("30px", 30), ("150%", 30), ("normal", 24), ("2em", 40)]
)
def test_heights_of_lines_are_counted_in_pixels(height: str, pixels: float) -> None:
    look = look_of(f'<b style="font-size:20px;line-height:{height}">x</b>')
    assert look.line_height == pytest.approx(pixels)


def test_the_looks_of_a_page_are_computed_once() -> None:
    page = Page("<body><b>x</b></body>")
    assert styles_of(page) is styles_of(page)
    assert styles_of(page).looks(DARK) is styles_of(page).looks(Screen(dark=True))
