"""Whether a theme's colours can be read on each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bypost.check.colour import TEXT, contrast, over, parse

#: Which colour of the theme is text on which other, as the shipped templates use them.
PAIRS = (
    ("ink", "sheet"),
    ("ink", "wash"),
    ("ink", "paper"),
    ("muted", "sheet"),
    ("muted", "paper"),
    ("accent", "sheet"),
    ("accent", "wash"),
    ("on_accent", "accent"),
)


@dataclass(frozen=True, slots=True)
class WeakPair:
    """Two colours of a theme too much alike for one to be read on the other.

    Attributes:
        palette: ``light`` or ``dark``.
        text, ground: Their names.
        ratio: The contrast they have.
        needed: The contrast that text needs.
    """

    palette: str
    text: str
    ground: str
    ratio: float
    needed: float = TEXT

    @property
    def message(self) -> str:
        """Return what is wrong, in one sentence without a full stop."""
        return (
            f"`{self.text}` on `{self.ground}` has a contrast of {shown(self.ratio)}"
            f" in the {self.palette} palette; text needs {self.needed}"
        )


def contrast_problems(light: Mapping[str, str], dark: Mapping[str, str]) -> list[WeakPair]:
    """Return the pairs of a theme whose contrast is below 4.5 (WCAG 2.2, 1.4.3).

    Args:
        light: Colours by name, as CSS writes them.
        dark: The same names for mail apps in dark mode.

    Returns:
        The light palette's pairs, then the dark one's. A name that is missing, or is no colour,
        is in no pair.
    """
    palettes = (("light", light), ("dark", dark))
    return [weak for name, colours in palettes for weak in _weak(name, colours)]


def shown(ratio: float) -> str:
    """Return a contrast with one decimal, rounded down: 4.46 is not 4.5."""
    return f"{int(ratio * 10) / 10:.1f}"


def _weak(palette: str, colours: Mapping[str, str]) -> Iterator[WeakPair]:
    for text, ground in PAIRS:
        above, below = parse(colours.get(text, "")), parse(colours.get(ground, ""))
        if above is None or below is None:
            continue
        ratio = contrast(over(above, below), below)
        if ratio < TEXT:
            yield WeakPair(palette, text, ground, ratio)
