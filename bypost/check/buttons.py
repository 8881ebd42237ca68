"""Links that look like buttons."""

from __future__ import annotations

from bypost.check import colour
from bypost.check.lengths import pixels, sides
from bypost.check.styles import Element, Look


def is_button(element: Element, look: Look) -> bool:
    """Return whether a link has a ground of its own, which makes it look like a button."""
    if element.tag != "a" or "href" not in element.attributes:
        return False
    ground = colour.parse(look.own.get("background-color", ""))
    return ground is not None and ground.alpha > 0


def height(look: Look) -> float:
    """Return how high a button is, in CSS pixels, with its words on one line."""
    top, _, bottom, _ = sides(look.own.get("padding", ""), look.size)
    top = _own(look, "padding-top", top)
    bottom = _own(look, "padding-bottom", bottom)
    return max(
        look.line_height + top + bottom, _own(look, "height", 0), _own(look, "min-height", 0)
    )


def _own(look: Look, name: str, otherwise: float) -> float:
    found = pixels(look.own.get(name, ""), look.size)
    return otherwise if found is None else found
