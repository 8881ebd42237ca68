"""Audiences that have a name, and expressions that name others."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from bypost.audience import expression as tree
from bypost.audience.expression import Expression
from bypost.audience.mistake import BadAudience, did_you_mean
from bypost.audience.words import RESERVED

#: Terms that an expression may have with everything it names, and how many may name each other.
MOST_IN_ALL, LONGEST_CHAIN = 200, 5

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")

#: Returns what a name stands for; None where there is none of it.
Find = Callable[[str], Expression | None]


def is_name(text: str) -> bool:
    """Tell whether an audience can be called so: small letters, digits and hyphens, no word."""
    return bool(_NAME.fullmatch(text)) and text not in RESERVED


def expand(expression: Expression, find: Find, known: Collection[str] = ()) -> Expression:
    """Return an expression with what its names stand for in their place.

    Args:
        known: Names that there are, for whoever mistyped one.

    Raises:
        BadAudience: a name is not there, stands for itself, or all of it is too large.
    """
    whole = _expand(expression, find, known, ())
    if count_terms(whole) > MOST_IN_ALL:
        raise BadAudience(
            f"with the audiences it names it has more than {MOST_IN_ALL} terms",
            fix="make it smaller; tags are a way to write down who is meant",
        )
    return whole


def count_terms(expression: Expression) -> int:
    """Return how many terms an expression has."""
    match expression:
        case tree.All(of) | tree.Any(of):
            return sum(map(count_terms, of))
        case tree.Not(of=inner):
            return count_terms(inner)
    return 1


def terms(expression: Expression) -> list[Expression]:
    """Return the terms of an expression, from left to right."""
    match expression:
        case tree.All(of) | tree.Any(of):
            return [term for one in of for term in terms(one)]
        case tree.Not(of=inner):
            return terms(inner)
    return [expression]


def _expand(
    expression: Expression, find: Find, known: Collection[str], within: tuple[str, ...]
) -> Expression:
    match expression:
        case tree.All(of):
            return tree.All(tuple(_expand(one, find, known, within) for one in of))
        case tree.Any(of):
            return tree.Any(tuple(_expand(one, find, known, within) for one in of))
        case tree.Not(of=inner):
            return tree.Not(_expand(inner, find, known, within))
        case tree.Saved(name):
            return _named(name, find, known, within)
    return expression


def _named(name: str, find: Find, known: Collection[str], within: tuple[str, ...]) -> Expression:
    if name in within:
        raise BadAudience(f"the audience `{name}` is part of itself", fix="take it out of there")
    if len(within) >= LONGEST_CHAIN:
        raise BadAudience(f"more than {LONGEST_CHAIN} audiences name one another in a row")
    found = find(name)
    if found is None:
        fix = did_you_mean(name, {*known, *RESERVED}) or (
            f"known: {', '.join(sorted(known)[:20])}" if known else "there is none yet"
        )
        raise BadAudience(f"there is no audience `{name}`", fix=fix)
    return _expand(found, find, known, (*within, name))
