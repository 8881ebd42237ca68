"""What a mail says, apart from its marks: passages of text with the lines they stand on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from markdown_it.token import Token

from bypost.model.course import Source
from bypost.render.parser import OPEN, markdown

#: Scripts without spaces between words: there, signs are counted.
UNSPACED = frozenset({"ja", "zh", "yue", "th", "lo", "km", "my", "bo"})

#: A word: letters and digits, and what ties them together.
WORD = re.compile(r"\w+(?:['’.-]\w+)*")

_EXPRESSION = re.compile(r"\{\{.*?\}\}")


class Part(StrEnum):
    """Which part of a mail a passage is."""

    HEADING = "heading"
    TEXT = "text"
    CELL = "cell"


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, a heading, a cell of a table, a label.

    Attributes:
        text: Without marks, link targets, code and expressions; lines are kept.
        line: Line of the file on which it begins.
    """

    text: str
    line: int
    part: Part = Part.TEXT


@lru_cache(maxsize=512)
def tokens(body: str) -> tuple[Token, ...]:
    """Return Markdown as tokens, which are not to be changed: several rules ask for the same."""
    return tuple(markdown().parse(body))


def passages(source: Source) -> tuple[Passage, ...]:
    """Return what the body of a mail says, in its order."""
    return _passages(source.body, source.body_line)


def language_of(tag: str) -> str:
    """Return the language of a BCP 47 tag without region and script, e.g. ``pt`` of ``pt-BR``."""
    return tag.partition("-")[0].lower()


def length(text: str, language: str) -> int:
    """Return how long a text is: in words, or in signs where a script has no spaces."""
    if language_of(language) in UNSPACED:
        return sum(sign.isalnum() for sign in text)
    return len(WORD.findall(text))


def constant(text: str) -> str:
    """Return ``text`` without its expressions."""
    return " ".join(_EXPRESSION.sub(" ", text).split())


@lru_cache(maxsize=512)
def _passages(body: str, first: int) -> tuple[Passage, ...]:
    return tuple(_walk(body, first))


def _walk(body: str, first: int) -> Iterator[Passage]:
    part = Part.TEXT
    for token in tokens(body):
        match token.type:
            case "heading_open":
                part = Part.HEADING
            case "th_open" | "td_open":
                part = Part.CELL
            case "paragraph_open":
                part = Part.TEXT
        if token.map is None:
            continue
        line = first + token.map[0]
        if token.type == "inline":
            yield Passage(_shown(token.content), line, part)
        elif token.type == OPEN and (title := _title(token)):
            yield Passage(_shown(title), line, Part.HEADING)


def _title(token: Token) -> str:
    """Return the heading of a box; an address or a condition is none."""
    kind, _, rest = token.info.strip().partition(" ")
    return rest.strip() if kind in {"exercise", "note"} else ""


def _shown(content: str) -> str:
    (inline,) = markdown().parseInline(_EXPRESSION.sub("…", content))
    return "".join(
        "\n" if child.type in {"softbreak", "hardbreak"} else child.content
        for child in inline.children or ()
        if child.type in {"text", "softbreak", "hardbreak"}
    )
