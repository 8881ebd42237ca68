"""The tokens of an expression, one after another, and what is said where another was expected."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from bypost.audience.mistake import BadAudience, did_you_mean
from bypost.audience.scan import Kind, Token
from bypost.audience.words import RESERVED

#: Words of an expected list that are shown.
_SHOWN = 20


class Tokens:
    """What is left of an expression."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0

    def __len__(self) -> int:
        """Return how many there are in all; the end is none."""
        return len(self._tokens) - 1

    @property
    def next(self) -> Token:
        """Return the token that comes next."""
        return self._tokens[self._at]

    def forward(self) -> Token:
        """Go past the next token, and return it."""
        token = self.next
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def follows(self, word: str) -> bool:
        """Tell whether a word comes after the next token."""
        behind = self._tokens[self._at + 1 : self._at + 2]
        return bool(behind) and behind[0].word == word

    def take(self, word: str) -> bool:
        """Go past a word if it comes next; tell whether it did."""
        if self.next.word != word:
            return False
        self._at += 1
        return True

    def one_of(self, words: Iterable[str], *, after: str) -> str:
        """Go past one of these words, and return it.

        Args:
            after: What stands before it, as shown to whoever wrote something else.

        Raises:
            BadAudience: another one, or none, comes next.
        """
        known = list(words)
        if self.next.word in known:
            return self.forward().word
        raise self.expected(known, after=after)

    def text(self, what: str, example: str) -> str:
        """Go past a text in quotes, or a word that means nothing else; return it.

        Raises:
            BadAudience: something else comes next.
        """
        token = self.next
        if token.kind not in {Kind.WORD, Kind.TEXT}:
            raise self.wrong(f"{what} is missing here", fix=f"write for example `{example}`")
        if token.word in RESERVED:
            raise self.wrong(
                f"{what} is missing here, or `{token.text}` is meant as one",
                fix=f'put it in quotes: `"{token.text}"`',
            )
        return self.forward().text

    def expected(self, known: Sequence[str], *, after: str = "") -> BadAudience:
        """Return the error that one of these words was expected."""
        listed = ", ".join(known[:_SHOWN]) + (" ..." if len(known) > _SHOWN else "")
        behind = f" behind {after}" if after else ""
        if self.next.kind is Kind.END:
            return self.wrong(f"something is missing{behind}", fix=f"write one of: {listed}")
        word = self.next.text[:40]
        hint = _look_alike(word) or did_you_mean(word, known)
        fix = hint or f"write one of: {listed}"
        return self.wrong(f"`{word}` is not understood{behind or ' here'}", fix=fix)

    def wrong(self, message: str, token: Token | None = None, *, fix: str = "") -> BadAudience:
        """Return an error that points at a token, by default at the next one."""
        at = token or self.next
        return BadAudience(message, self._text, at.place, at.length, fix=fix)


def _look_alike(word: str) -> str:
    """Return what to say of letters that are not Latin, however they look."""
    strange = next((c for c in word if c.isalpha() and not c.isascii()), "")
    if not strange:
        return ""
    name = unicodedata.name(strange, f"U+{ord(strange):04X}").lower()
    return f"`{strange}` is a {name}: the words are written in plain Latin letters"
