"""How many signs a text shows: what an eye counts, not code points."""

from __future__ import annotations

from bypost.check.graphemes import graphemes


def signs(text: str) -> int:
    """Return the number of signs in ``text``: its graphemes."""
    return sum(1 for _ in graphemes(text))
