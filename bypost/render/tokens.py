"""Tokens of Markdown, copied so that they can be dressed: what was parsed is rendered many ways."""

from __future__ import annotations

from collections.abc import Iterable

from markdown_it.token import Token


def copied(tokens: Iterable[Token]) -> list[Token]:
    """Return the same tokens with attributes and children of their own.

    ``deepcopy`` copies all the rest too, which nobody writes to: half of the time of the prose.
    """
    return [
        token.copy(
            attrs=dict(token.attrs),
            children=None if token.children is None else copied(token.children),
        )
        for token in tokens
    ]
