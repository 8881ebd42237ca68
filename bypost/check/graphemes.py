"""Text as an eye counts it: one grapheme is one sign, however many code points it takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
#: Nothing is seen of these: they go with whatever stands before them.
_MARKS = frozenset(("Mn", "Me", "Mc", "Cf"))
#: Skin tones change the sign before them (UTS 51).
_TONES = range(0x1F3FB, 0x1F400)
#: Two of these make a flag.
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
#: Vowels and finals of Korean that stand in the block of the consonant before them.
_HANGUL_PARTS = range(0x1160, 0x1200)
#: Stands for what was cut off; phones show it as one sign.
ELLIPSIS = "\u2026"


def graphemes(text: str) -> Iterator[str]:
    """Yield the graphemes of ``text``, nearly as UAX 29 divides it.

    The rules left out (prepended marks, Indic conjuncts) would only divide a few scripts more
    finely than they should be, by a sign here and there.
    """
    sign = ""
    for letter in text:
        if sign and _continues(sign, letter):
            sign += letter
        else:
            if sign:
                yield sign
            sign = letter
    if sign:
        yield sign


def shorten(text: str, most: int) -> str:
    """Return ``text`` if it has at most ``most`` graphemes; else so many of it, the last one "…".

    Raises:
        ValueError: ``most`` leaves room for nothing.
    """
    if most < 1:
        raise ValueError("a text cannot be cut to nothing")
    signs = list(graphemes(text))
    if len(signs) <= most:
        return text
    return "".join(signs[: most - 1]).rstrip() + ELLIPSIS


def _continues(sign: str, letter: str) -> bool:
    """Tell whether ``letter`` belongs to the grapheme ``sign``."""
    code = ord(letter)
    return (
        sign[-1] == _JOINER
        or unicodedata.category(letter) in _MARKS
        or code in _TONES
        or (code in _FLAG_LETTERS and len(sign) == 1 and ord(sign) in _FLAG_LETTERS)
        or (code in _HANGUL_PARTS and unicodedata.name(sign[0], "").startswith("HANGUL"))
    )
