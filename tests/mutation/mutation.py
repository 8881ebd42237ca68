"""One safeguard of sending, and how to take it away from the outside: the product has no switch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

TakeAway = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A safeguard that can be taken away.

    Attributes:
        name: In the environment variable and in the ids of tests.
        safeguard: What it is, for people.
        without: What happens in its place, for people.
        take_away: Patches the product.
        missed_by: Some fast tests; every one of them fails without it.
    """

    name: str
    safeguard: str
    without: str
    take_away: TakeAway
    missed_by: tuple[str, ...]


def mutation(
    safeguard: str, *, without: str, missed_by: tuple[str, ...]
) -> Callable[[TakeAway], Mutation]:
    """Make a mutation of the function that patches; it has the function's name."""

    def make(take_away: TakeAway) -> Mutation:
        return Mutation(
            name=take_away.__name__.replace("_", "-"),
            safeguard=safeguard,
            without=without,
            take_away=take_away,
            missed_by=missed_by,
        )

    return make
