"""Invented people: names that nobody has to recognise, at example.org."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

from bypost.testing.fill.odds import HOURS, SOURCES, ZONES, Odds

_FIRST = (
    "Anna",
    "Ben",
    "Carla",
    "Dilip",
    "Elena",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kavya",
    "Lena",
    "Marcus",
    "Nadia",
    "Oskar",
    "Petra",
    "Quentin",
    "Rosa",
    "Samir",
    "Tove",
    "Ulrich",
    "Vera",
    "Wanjiru",
    "Ximena",
    "Yuki",
    "Zofia",
    "Amara",
    "Bruno",
    "Chloé",
    "Dorothea",
)
_LAST = (
    "Adler",
    "Brandt",
    "Castro",
    "Duarte",
    "Eriksen",
    "Fischer",
    "Gupta",
    "Hale",
    "Ivanova",
    "Jansen",
    "Kamau",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Park",
    "Quist",
    "Rossi",
    "Sato",
    "Tanaka",
    "Ueda",
    "Varga",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zhang",
    "Åberg",
    "Özdemir",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody before anything has happened.

    Attributes:
        zone, hour, source: Numbers in :data:`ZONES`, :data:`HOURS` and :data:`SOURCES`.
    """

    number: int
    email: str
    name: str
    zone: int
    hour: int
    tags: tuple[str, ...]
    source: int


class Persons:
    """Draws people."""

    def __init__(self, chance: Random, odds: Odds) -> None:
        self._chance = chance
        self._tags = tuple(odds.tags.items())
        self._zones = _Wheel(ZONES)
        self._hours = _Wheel(HOURS)
        self._sources = _Wheel(SOURCES)

    def draw(self, number: int) -> Person:
        """Return a person; the number makes the address theirs alone."""
        random = self._chance.random
        first = _FIRST[int(random() * len(_FIRST))]
        last = _LAST[int(random() * len(_LAST))]
        tags = tuple(tag for tag, share in self._tags if random() < share)
        return Person(
            number=number,
            email=f"{_plain(first)}.{_plain(last)}.{number}@example.org",
            name=f"{first} {last}" if random() < 0.86 else "",
            zone=self._zones.turn(random()),
            hour=self._hours.turn(random()),
            tags=tags,
            source=self._sources.turn(random()),
        )


@cache
def _plain(name: str) -> str:
    """Return a name in letters that every address may have."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


class _Wheel:
    """Draws the number of a choice by its share."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        total = sum(shares.values())
        self._ends = [end / total for end in accumulate(shares.values())]

    def turn(self, drawn: float) -> int:
        """Return the number of the choice that a number between 0 and 1 falls on."""
        for number, end in enumerate(self._ends):
            if drawn < end:
                return number
        return len(self._ends) - 1
