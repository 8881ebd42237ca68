"""A mail's Markdown as a small tree: prose, buttons, boxes and conditional blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from bypost.render.words import Place


@dataclass(frozen=True, slots=True)
class Prose:
    """Consecutive Markdown blocks without containers."""

    tokens: Sequence[Token]
    place: Place


@dataclass(frozen=True, slots=True)
class Button:
    """One call to action; the label is plain text and may hold words, and so may the address."""

    href: str
    label: str
    place: Place


@dataclass(frozen=True, slots=True)
class Box:
    """An exercise or a note, set off from the prose.

    Attributes:
        kind: ``exercise`` or ``note``.
        title: Inline tokens of its heading; empty where the author gave none.
    """

    kind: str
    title: Sequence[Token]
    children: Sequence[Block]
    place: Place


@dataclass(frozen=True, slots=True)
class When:
    """A block for the people who have a value; ``opening`` and ``closing`` are words."""

    opening: str
    closing: str
    children: Sequence[Block]
    place: Place


Block = Prose | Button | Box | When


@dataclass(frozen=True, slots=True)
class Document:
    """A mail's body.

    Attributes:
        title: Inline tokens of the leading ``# Title``; empty where there is none.
        dropped: The words of blocks that a course setting leaves out.
        title_line: Line of the body on which the title stands, counting from 0.
    """

    title: Sequence[Token]
    blocks: Sequence[Block]
    dropped: frozenset[str]
    title_line: int = 0
