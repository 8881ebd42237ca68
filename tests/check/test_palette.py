"""Pairs of a theme's colours."""

from __future__ import annotations

import tomllib

import pytest

from bypost.check.palette import contrast_problems, shown
from tests.check.conftest import SHIPPED

STYLE = tomllib.loads((SHIPPED / "email/style.toml").read_text(encoding="utf-8"))


def test_the_shipped_palettes_can_be_read() -> None:
    assert contrast_problems(STYLE["light"], STYLE["dark"]) == []


@pytest.mark.parametrize(
    ("name", "value", "pairs"),
    [
        ("accent", "#6FC9BE", [("accent", "sheet"), ("accent", "wash"), ("on_accent", "accent")]),
        ("muted", "#8A929B", [("muted", "sheet"), ("muted", "paper")]),
        ("wash", "#20252B", [("ink", "wash"), ("accent", "wash")]),
    ],
)
def test_a_colour_that_cannot_be_read_is_named_with_its_ground(
    name: str, value: str, pairs: list[tuple[str, str]]
) -> None:
    found = contrast_problems({**STYLE["light"], name: value}, STYLE["dark"])
    assert [(it.text, it.ground) for it in found] == pairs
    assert {it.palette for it in found} == {"light"}


def test_the_dark_palette_is_judged_by_itself() -> None:
    (found,) = contrast_problems({}, {"ink": "#333333", "sheet": "#1C2125"})
    assert found.message == (
        "`ink` on `sheet` has a contrast of 1.2 in the dark palette; text needs 4.5"
    )


def test_a_name_that_is_missing_or_no_colour_is_in_no_pair() -> None:
    assert contrast_problems({"ink": "ink", "sheet": "#FFFFFF"}, {"ink": "#000000"}) == []


def test_a_contrast_is_never_rounded_up_to_what_is_needed() -> None:
    assert shown(4.499) == "4.4"
