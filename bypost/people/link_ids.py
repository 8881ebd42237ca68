"""Ids for the links of very many people who begin together."""

from __future__ import annotations

import secrets

from bypost.links import LINK_ID_BYTES

#: Ids that are drawn at a time: asking the system for each is slow.
_DRAWN = 500


class LinkIds:
    """Makes random ids that differ from each other in all bytes but the first.

    The index on ids is in their order. With 16 random bytes each new id goes into another of its
    pages, and all of those are written; these stand together in few. 15 random bytes are still far
    more than anybody can guess, and each link is signed besides (:mod:`bypost.links`).
    """

    def __init__(self) -> None:
        self._first = bytearray(secrets.token_bytes(1))
        self._drawn: list[bytearray] = []

    def take(self) -> bytearray:
        """Return a new id; not as ``bytes``, for which Python's SQLite looks for an adapter."""
        if not self._drawn:
            size = LINK_ID_BYTES - 1
            drawn = secrets.token_bytes(size * _DRAWN)
            self._drawn = [
                self._first + drawn[at : at + size] for at in range(0, size * _DRAWN, size)
            ]
        return self._drawn.pop()
