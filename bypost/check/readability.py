"""How easy a text is to read, as far as sentences and words can be counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bypost.check.prose import UNSPACED, WORD, Part, Passage, language_of

#: With fewer words, one long sentence decides.
FEWEST = 100
#: Flesch (1948) calls a figure below 50 difficult, and magazines about 60.
HARD_FLESCH = 50.0
#: Björnsson (1968) calls a figure above 60 very difficult. The band below it is not used: in
#: languages that join words, newspapers reach it.
HARD_LIX = 60.0

_END = re.compile(r"[.!?…؟]+(?=[\s\"”’»)]|$)")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]e|[^aeiouydt]ed|[^aeiouycsgzx]es)$")
#: Letters of a word that counts as long (LIX).
_LONG = 7


@dataclass(frozen=True, slots=True)
class Ease:
    """A figure of readability.

    Attributes:
        formula: ``Flesch reading ease`` (higher is easier) or ``LIX`` (lower is easier).
        hard: Whether its author would call the text difficult.
    """

    formula: str
    figure: float
    hard: bool


def ease(text: Sequence[Passage], language: str) -> Ease | None:
    """Return how easy a text is to read: Flesch for English, LIX for other languages.

    Only whole sentences are counted, no headings and no tables.

    Args:
        language: BCP 47 tag.

    Returns:
        None for too short a text, and for scripts without spaces: neither formula fits them.
    """
    spoken = language_of(language)
    prose = [it.text for it in text if it.part is Part.TEXT and _END.search(it.text)]
    words = [word for part in prose for word in WORD.findall(part)]
    if len(words) < FEWEST or spoken in UNSPACED:
        return None
    sentences = sum(max(1, len(_END.findall(part))) for part in prose)
    if spoken == "en":
        figure = _flesch(words, sentences)
        return Ease("Flesch reading ease", figure, figure < HARD_FLESCH)
    figure = _lix(words, sentences)
    return Ease("LIX", figure, figure > HARD_LIX)


def syllables(word: str) -> int:
    """Return about how many syllables an English word has: its groups of vowels."""
    low = word.lower()
    groups = len(_VOWELS.findall(low))
    return max(1, groups - bool(groups > 1 and _SILENT.search(low)))


def _flesch(words: Sequence[str], sentences: int) -> float:
    spoken = sum(syllables(word) for word in words)
    return 206.835 - 1.015 * len(words) / sentences - 84.6 * spoken / len(words)


def _lix(words: Sequence[str], sentences: int) -> float:
    long = sum(sum(map(str.isalpha, word)) >= _LONG for word in words)
    return len(words) / sentences + 100 * long / len(words)
