"""Lengths of CSS, as CSS pixels."""

from __future__ import annotations

import re

#: The size of letters where nothing sets one.
ORDINARY = 16.0

_LENGTH = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(px|pt|em|rem|%)?", re.IGNORECASE)
_PIXELS = {"px": 1.0, "pt": 96 / 72, "rem": ORDINARY}
_KEYWORDS = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
}


def pixels(value: str, em: float = ORDINARY) -> float | None:
    """Return a length such as ``12px`` or ``1.5em``; None for what is none, percentages too.

    Args:
        value: One length; a bare number counts as pixels, as attributes write them.
        em: The size of the letters it stands among.
    """
    found = _LENGTH.fullmatch(value.strip())
    if not found or found[2] == "%":
        return None
    unit = (found[2] or "px").lower()
    return float(found[1]) * (em if unit == "em" else _PIXELS[unit])


def size_of(value: str, outer: float) -> float:
    """Return the size of letters that ``font-size: value`` gives inside letters of ``outer``."""
    value = value.strip().lower()
    if value.endswith("%") and (share := _LENGTH.fullmatch(value)):
        return outer * float(share[1]) / 100
    if value in ("smaller", "larger"):
        return outer / 1.2 if value == "smaller" else outer * 1.2
    found = _KEYWORDS.get(value, pixels(value, outer))
    return outer if found is None else found


def line_height(value: str, size: float, outer: float, outer_size: float) -> float:
    """Return the height of a line in pixels.

    Args:
        value: Of the property; a bare number multiplies the size, and nothing inherits.
        size: Of the element's letters.
        outer: The height that would be inherited, among letters of ``outer_size``.
    """
    value = value.strip().lower()
    if value == "normal":
        return 1.2 * size
    found = _LENGTH.fullmatch(value)
    if not found:
        # Handed down as a factor: that is what bare numbers are, and mail has little else.
        return outer * size / outer_size if outer_size else outer
    if found[2] in (None, "em"):
        return float(found[1]) * size
    if found[2] == "%":
        return float(found[1]) * size / 100
    return pixels(value, size) or 0.0


def sides(value: str, em: float = ORDINARY) -> tuple[float, float, float, float]:
    """Return top, right, bottom and left of a shorthand such as ``13px 22px``; 0 if unknown."""
    parts = [pixels(part, em) or 0.0 for part in value.split()] or [0.0]
    top = parts[0]
    right = parts[1] if len(parts) > 1 else top
    bottom = parts[2] if len(parts) > 2 else top
    left = parts[3] if len(parts) > 3 else right
    return top, right, bottom, left
