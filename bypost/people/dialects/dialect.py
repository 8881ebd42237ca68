"""What is known of another program's export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """An export of another program.

    Attributes:
        name: As it is stored and shown.
        lacks: What such a file does not tell, for who is about to import it.
        fits: Whether a file with these columns is one.
        translate: A row's cleaned cells in our columns; raises ValueError with the reason why a
            row cannot be used. It never turns a state that means "no mail" into one that gets it.
    """

    name: str
    lacks: str
    fits: Callable[[frozenset[str]], bool]
    translate: Callable[[Mapping[str, str]], dict[str, str]]


def state(cell: str, states: Mapping[str, str], column: str) -> str:
    """Return our status for theirs; raise ValueError for one that is not known."""
    known = states.get(cell.casefold())
    if known is None:
        said = f"`{cell[:40]}`" if cell else "blank"
        raise ValueError(f"{column} is {said}, not one of {', '.join(states)}")
    return known
