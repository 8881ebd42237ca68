"""Colours as CSS writes them: contrast, and what forced inversion makes of them.

Contrast is that of WCAG 2.2, section 1.4.3. Inversion is the emulation that react-email's preview
uses (read 2026-11): lightness in LCH is mirrored, chroma falls to four fifths. Mail apps do not
publish what they do, and each does it a little differently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tinycss2 import color4

if TYPE_CHECKING:
    from collections.abc import Callable

#: WCAG 2.2, 1.4.3: the least contrast of text, and of text that is large.
TEXT = 4.5
LARGE = 3.0
#: From this size on text is large, in CSS pixels: 18 pt, and 14 pt where it is bold.
LARGE_SIZE = 24.0
LARGE_BOLD_SIZE = 14 * 96 / 72

#: Inversion: lightness (0 to 100) on whose far side a colour stays, the slope of the mirrored
#: half, and what is left of the chroma.
_MIDDLE = 50.0
_SLOPE = 0.75
_CHROMA = 0.8

# The white of D65 and the two constants of CIE Lab.
_WHITE = (0.95047, 1.0, 1.08883)
_EPSILON = 216 / 24389
_KAPPA = 24389 / 27


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour in sRGB.

    Attributes:
        red, green, blue: From 0 to 255.
        alpha: From 0, which shows nothing, to 1.
    """

    red: float
    green: float
    blue: float
    alpha: float = 1.0


BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)


@lru_cache(maxsize=1024)
def parse(text: str) -> Colour | None:
    """Return the colour that ``text`` means in CSS; None where it means none of its own.

    ``currentcolor`` and ``inherit`` mean another's, so they give None, too.
    """
    try:
        found = color4.parse_color(text.strip())
    except ValueError:
        return None
    if found is None or isinstance(found, str):
        return None
    try:
        red, green, blue, alpha = found.to("srgb")
    except NotImplementedError:
        return None
    red, green, blue = (min(255.0, max(0.0, 255 * (it or 0))) for it in (red, green, blue))
    return Colour(red, green, blue, float(alpha))


def hex_text(colour: Colour) -> str:
    """Return ``colour`` without its alpha, e.g. ``#0E6B62``."""
    red, green, blue = (round(it) for it in (colour.red, colour.green, colour.blue))
    return f"#{red:02X}{green:02X}{blue:02X}"


def over(top: Colour, below: Colour) -> Colour:
    """Return what is seen where ``top`` lies on ``below``, which hides all behind it."""
    if top.alpha >= 1:
        return top
    part = top.alpha

    def mixed(upper: float, lower: float) -> float:
        return upper * part + lower * (1 - part)

    return Colour(
        mixed(top.red, below.red), mixed(top.green, below.green), mixed(top.blue, below.blue)
    )


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG 2.2, from 0 to 1."""
    red, green, blue = (_linear(it) for it in (colour.red, colour.green, colour.blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours that hide what is behind them, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=1024)
def inverted_text(colour: Colour) -> Colour:
    """Return what forced inversion makes of a colour of text: dark becomes light."""
    return _mirrored(colour, lambda lightness: lightness < _MIDDLE)


@lru_cache(maxsize=1024)
def inverted_ground(colour: Colour) -> Colour:
    """Return what forced inversion makes of a colour behind text: light becomes dark."""
    return _mirrored(colour, lambda lightness: lightness >= _MIDDLE)


def _mirrored(colour: Colour, is_turned: Callable[[float], bool]) -> Colour:
    lightness, a, b = _lab(colour)
    if not is_turned(lightness):
        return colour
    turned = _MIDDLE + (_MIDDLE - lightness) * _SLOPE
    return _from_lab(turned, a * _CHROMA, b * _CHROMA, colour.alpha)


def _linear(channel: float) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _curved(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return 255 * (12.92 * share if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055)


def _lab(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (_linear(it) for it in (colour.red, colour.green, colour.blue))
    xyz = (
        0.4124564 * red + 0.3575761 * green + 0.1804375 * blue,
        0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
        0.0193339 * red + 0.1191920 * green + 0.9503041 * blue,
    )
    x, y, z = (
        math.cbrt(it / white) if it / white > _EPSILON else (_KAPPA * it / white + 16) / 116
        for it, white in zip(xyz, _WHITE, strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _from_lab(lightness: float, a: float, b: float, alpha: float) -> Colour:
    y = (lightness + 16) / 116
    x, z = y + a / 500, y - b / 200
    xyz = (
        white * (it**3 if it**3 > _EPSILON else (116 * it - 16) / _KAPPA)
        for it, white in zip((x, y, z), _WHITE, strict=True)
    )
    x, y, z = xyz
    return Colour(
        _curved(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
        _curved(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z),
        _curved(0.0556434 * x - 0.2040259 * y + 1.0572252 * z),
        alpha,
    )
