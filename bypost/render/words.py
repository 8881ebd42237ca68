"""Opaque words that stand for expressions while Markdown and MJML do their work.

A word is letters and digits only, so it survives Markdown, URLs and attributes unchanged
(``{{ ... }}`` does not: quotes, ``<`` and ``|`` mean something there). The same expression at the
same place always gives the same word, so compiling is repeatable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Matches anything that looks like a word; only registered ones are one.
WORD = re.compile(r"bpq[0-9a-f]{16}pq")


@dataclass(frozen=True, slots=True)
class Constant:
    """Text known when the mail is compiled; escaped where it is put back."""

    text: str


@dataclass(frozen=True, slots=True)
class Personal:
    """An expression that is evaluated per person; ``source`` is without its braces."""

    source: str
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a block that some people get; ``source`` is the condition."""

    source: str
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of such a block; ``opening`` is the word that begins it."""

    opening: str


Meaning = Constant | Personal | Opening | Closing


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written."""

    path: str
    line: int | None


class Words:
    """The words of one mail, and what each one stands for.

    Attributes:
        base: Words that are known here too: those of the templates.
    """

    def __init__(self, base: Words | None = None) -> None:
        self.base = base
        self._meanings: dict[str, Meaning] = {}
        self._places: dict[str, Place] = {}

    def add(self, meaning: Meaning, place: Place, count: int = 0) -> str:
        """Return the word for ``meaning`` at ``place``.

        Each expression has a word of its own, so that one that gets lost is missed even where
        another says the same.

        Args:
            meaning: What the word stands for.
            place: Where it was written.
            count: Tells apart the words of one place.
        """
        spelt = hashlib.sha256(repr((meaning, place, count)).encode()).hexdigest()[:16]
        word = f"bpq{spelt}pq"
        self._meanings[word] = meaning
        self._places.setdefault(word, place)
        return word

    def meaning(self, word: str) -> Meaning | None:
        """Return what ``word`` stands for; None where it only looks like a word."""
        found = self._meanings.get(word)
        return self.base.meaning(word) if found is None and self.base else found

    def place(self, word: str) -> Place:
        """Return where the word's expression was first written."""
        if word not in self._places and self.base:
            return self.base.place(word)
        return self._places[word]

    def inside(self, text: str) -> set[str]:
        """Return the words that occur in ``text``."""
        return {word for word in WORD.findall(text) if self.meaning(word)}

    def split(self, text: str) -> Iterator[str | Meaning]:
        """Yield ``text`` in order, cut at its words."""
        end = 0
        for match in WORD.finditer(text):
            meaning = self.meaning(match[0])
            if meaning is None:
                continue
            if match.start() > end:
                yield text[end : match.start()]
            yield meaning
            end = match.end()
        if end < len(text):
            yield text[end:]

    def settle(self, text: str) -> str:
        """Return ``text`` with constants in place; the words of people's values stay."""
        return WORD.sub(self._settled, text)

    def _settled(self, match: re.Match[str]) -> str:
        meaning = self.meaning(match[0])
        return meaning.text if isinstance(meaning, Constant) else match[0]

    def plain(self, text: str, *, personal: str = "…") -> str:
        """Return ``text`` with constants in place and ``personal`` for what differs."""
        parts: list[str] = []
        for part in self.split(text):
            if isinstance(part, str):
                parts.append(part)
            elif isinstance(part, Constant):
                parts.append(part.text)
            elif isinstance(part, Personal):
                parts.append(personal)
        return "".join(parts)
