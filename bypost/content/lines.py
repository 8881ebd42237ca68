"""Where a value stands: the line of each key of a file, nested keys and list items too."""

from __future__ import annotations

from collections.abc import Mapping

#: A key with the keys it stands under, e.g. ``("window", "start")``; items by their number.
Place = tuple[str, ...]
Lines = Mapping[Place, int]


def line_of(lines: Lines, place: Place, otherwise: int | None = None) -> int | None:
    """Return the line of ``place``, or of the nearest key around it that has one."""
    for depth in range(len(place), 0, -1):
        if place[:depth] in lines:
            return lines[place[:depth]]
    return otherwise
