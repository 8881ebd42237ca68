"""How many signs a text shows: what an eye counts, not code points."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"


def signs(text: str) -> int:
    """Return the number of signs in ``text``.

    Marks, joiners and variation selectors count with the sign before them, and so does a sign
    that a joiner ties to it. Flags (two signs) and Hangul parts are counted apart: the limits
    this is for are rough themselves.
    """
    count, before = 0, ""
    for sign in text:
        if unicodedata.category(sign) not in ("Mn", "Me", "Cf") and before != _JOINER:
            count += 1
        before = sign
    return count
