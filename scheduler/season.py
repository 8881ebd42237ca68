"""Seasons: the days of every year on which something goes out, across New Year where need be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_WORDS = re.compile(r"(\d{2})-(\d{2}) to (\d{2})-(\d{2})")
#: A year that has every day there is.
_LEAP = 2024


@dataclass(frozen=True, slots=True)
class Season:
    """From one day of the year to another, both included, as (month, day).

    Raises:
        ValueError: There is no such day.
    """

    first: tuple[int, int]
    last: tuple[int, int]

    def __post_init__(self) -> None:
        for month, day in (self.first, self.last):
            date(_LEAP, month, day)

    def __contains__(self, day: date) -> bool:
        """Tell whether a local date is within."""
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last

    def __str__(self) -> str:
        """Return ``12-01 to 01-06``."""
        return f"{_shown(self.first)} to {_shown(self.last)}"


def parse_season(text: str) -> Season:
    """Return the season that ``12-01 to 01-06`` describes.

    Raises:
        ValueError: What is wrong and how to write it.
    """
    wrong = f"`{text}` is not a season; write the first and the last day: 12-01 to 01-06"
    found = _WORDS.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError(wrong)
    numbers = [int(part) for part in found.groups()]
    try:
        return Season((numbers[0], numbers[1]), (numbers[2], numbers[3]))
    except ValueError:
        raise ValueError(wrong) from None


def _shown(day: tuple[int, int]) -> str:
    return f"{day[0]:02d}-{day[1]:02d}"
