"""A phone cuts a subject between signs, never inside one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypost.check.graphemes import ELLIPSIS, graphemes, shorten

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
GERMANY, FRANCE = "\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("abc", ["a", "b", "c"]),
        ("e\u0301a", ["e\u0301", "a"]),
        (f"{FAMILY}x", [FAMILY, "x"]),
        (f"{GERMANY}{FRANCE}", [GERMANY, FRANCE]),
        (f"{ENGLAND}!", [ENGLAND, "!"]),
        ("\U0001f44d\U0001f3fd!", ["\U0001f44d\U0001f3fd", "!"]),
        ("\u2764\ufe0fa", ["\u2764\ufe0f", "a"]),
        ("\u1112\u1161\u11ab\uae00", ["\u1112\u1161\u11ab", "\uae00"]),
        ("\u05e0\u05b0\u05d1", ["\u05e0\u05b0", "\u05d1"]),
        ("\u4f50\u85e4", ["\u4f50", "\u85e4"]),
    ],
)
def test_what_an_eye_takes_for_one_sign_is_one(text: str, signs: list[str]) -> None:
    assert list(graphemes(text)) == signs


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert shorten("Twelve signs", 12) == "Twelve signs"


def test_a_longer_text_ends_in_one_sign_that_says_so() -> None:
    assert shorten("Thirteen sign", 12) == f"Thirteen si{ELLIPSIS}"


def test_a_cut_leaves_no_half_sign_and_no_blank_at_the_end() -> None:
    assert shorten(f"Hi {FAMILY}{FAMILY} there", 5) == f"Hi {FAMILY}{ELLIPSIS}"
    assert shorten("One two", 5) == f"One{ELLIPSIS}"


def test_there_is_no_cut_to_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        shorten("text", 0)


@given(st.text(max_size=60), st.integers(1, 40))
def test_nothing_is_lost_between_signs_and_a_cut_is_never_too_long(text: str, most: int) -> None:
    signs = list(graphemes(text))
    assert "".join(signs) == text
    assert all(signs)
    cut = shorten(text, most)
    assert cut == text or len(list(graphemes(cut))) <= most
