"""Colours: read, compared, and inverted as mail apps do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.check.colour import (
    BLACK,
    WHITE,
    Colour,
    contrast,
    hex_text,
    inverted_ground,
    inverted_text,
    luminance,
    over,
    parse,
)

channels = st.integers(0, 255)
colours = st.builds(Colour, channels, channels, channels)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("#0E6B62", "#0E6B62"),
        ("#abc", "#AABBCC"),
        (" White ", "#FFFFFF"),
        ("rgb(14, 107, 98)", "#0E6B62"),
        ("rgb(14 107 98)", "#0E6B62"),
        ("hsl(120, 100%, 50%)", "#00FF00"),
    ],
)
def test_colours_are_read_as_css_writes_them(text: str, code: str) -> None:
    found = parse(text)
    assert found is not None
    assert hex_text(found) == code
    assert found.alpha == 1


@pytest.mark.parametrize(
    ("text", "alpha"), [("rgba(0, 0, 0, 0.25)", 0.25), ("transparent", 0), ("#00000080", 128 / 255)]
)
def test_a_colour_may_let_others_through(text: str, alpha: float) -> None:
    found = parse(text)
    assert found is not None
    assert found.alpha == pytest.approx(alpha)


@pytest.mark.parametrize("text", ["", "currentcolor", "inherit", "url(a.png)", "#12", "reddish"])
def test_what_is_no_colour_of_its_own_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#FFFFFF", 21),
        ("#777777", "#FFFFFF", 4.48),
        ("#767676", "#FFFFFF", 4.54),
        ("#0000FF", "#FFFFFF", 8.59),
        ("#FF0000", "#FF0000", 1),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    first, second = parse(one), parse(other)
    assert first is not None
    assert second is not None
    assert contrast(first, second) == contrast(second, first) == pytest.approx(ratio, abs=0.01)


def test_half_a_black_on_white_is_grey() -> None:
    assert hex_text(over(Colour(0, 0, 0, 0.5), WHITE)) == "#808080"
    assert over(BLACK, WHITE) == BLACK


@given(colours)
@settings(max_examples=200, deadline=None)
def test_inversion_makes_no_text_darker_and_no_ground_lighter(colour: Colour) -> None:
    assert luminance(inverted_text(colour)) >= luminance(colour) - 0.005
    assert luminance(inverted_ground(colour)) <= luminance(colour) + 0.005


def test_inversion_mirrors_lightness() -> None:
    assert hex_text(inverted_text(BLACK)) == "#DBDBDB"
    assert hex_text(inverted_ground(WHITE)) == "#212121"
    assert inverted_text(WHITE) == WHITE
    assert inverted_ground(BLACK) == BLACK
