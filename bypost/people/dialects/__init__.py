"""Exports of other programs, told by their first line and read as our own columns."""

from __future__ import annotations

from collections.abc import Sequence

from bypost.people.dialects.dialect import Dialect
from bypost.people.dialects.kit import KIT
from bypost.people.dialects.listmonk import LISTMONK

__all__ = ["Dialect", "detect"]

#: Every one that is understood; of two that fit the first counts.
_DIALECTS = (LISTMONK, KIT)


def detect(columns: Sequence[str]) -> Dialect | None:
    """Return whose export has these columns; None if they are nobody's we know."""
    names = frozenset(columns)
    return next((one for one in _DIALECTS if one.fits(names)), None)
