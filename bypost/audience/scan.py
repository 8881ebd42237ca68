"""An expression cut into words, texts in quotes and brackets."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from bypost.audience.mistake import BadAudience

#: Characters of an expression, and of one text in it.
LONGEST, LONGEST_TEXT = 2_000, 200
#: Characters of one that was put together from audiences that name one another.
LONGEST_WHOLE = 200_000

#: What opens a text -> what closes it; word processors make curly ones.
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u201e": "\u201c", "\u2018": "\u2019"}
_BRACKETS = {"(", ")"}


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    OPEN = "("
    CLOSE = ")"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression.

    Attributes:
        text: The word as it was written; a text without its quotes.
        place, length: Where it stands.
    """

    kind: Kind
    text: str
    place: int
    length: int

    @property
    def word(self) -> str:
        """Return the word in small letters; empty for anything but a word."""
        return self.text.lower() if self.kind is Kind.WORD and self.text.isascii() else ""


def scan(text: str, *, longest: int = LONGEST) -> list[Token]:
    """Return the tokens of an expression, with one for its end.

    Raises:
        BadAudience: it is too long, holds what nobody can see, or a quote is not closed.
    """
    if len(text) > longest:
        raise BadAudience(
            f"an audience has at most {longest} characters, this one has {len(text)}",
            fix="save a part of it, and write `audience NAME` for it",
        )
    tokens, at = [], 0
    while at < len(text):
        character = text[at]
        if character.isspace():
            at += 1
            continue
        _refuse_unseen(text, at)
        if character in _BRACKETS:
            tokens.append(Token(Kind(character), character, at, 1))
        else:
            tokens.append(_quoted(text, at) if character in _QUOTES else _word(text, at))
        at += tokens[-1].length
    return [*tokens, Token(Kind.END, "", len(text.rstrip()), 1)]


def _word(text: str, start: int) -> Token:
    """Return the word that begins here: up to a space, a bracket or a quote."""
    end = start
    while end < len(text) and not text[end].isspace() and text[end] not in _BRACKETS:
        if text[end] in _QUOTES and text[end] != "'":
            break
        _refuse_unseen(text, end)
        end += 1
    if end - start > LONGEST_TEXT:
        raise _too_long(text, start, end)
    return Token(Kind.WORD, unicodedata.normalize("NFC", text[start:end]), start, end - start)


def _quoted(text: str, start: int) -> Token:
    """Return the text in quotes that begins here; a backslash takes the next sign as it is."""
    close, at = _QUOTES[text[start]], start + 1
    found: list[str] = []
    while at < len(text) and text[at] != close:
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        if text[at] != " ":
            _refuse_control(text, at)
        found.append(text[at])
        at += 1
    if at >= len(text):
        raise BadAudience(
            "this quote is not closed", text, start, 1, fix=f"write {close} behind the text"
        )
    inside = unicodedata.normalize("NFC", "".join(found))
    length = at + 1 - start
    if not inside.strip():
        raise BadAudience(
            "there is nothing in these quotes", text, start, length, fix="write a text"
        )
    if len(inside) > LONGEST_TEXT:
        raise _too_long(text, start, at)
    return Token(Kind.TEXT, inside, start, length)


def _too_long(text: str, start: int, end: int) -> BadAudience:
    return BadAudience(
        f"a text has at most {LONGEST_TEXT} characters, this one has {end - start}", text, start, 1
    )


def _refuse_unseen(text: str, at: int) -> None:
    """Raise BadAudience for what nobody can see outside of quotes."""
    _refuse_control(text, at)
    if unicodedata.category(text[at]) == "Cf":
        raise _unseen(text, at)


def _refuse_control(text: str, at: int) -> None:
    """Raise BadAudience for control characters, and for what is no character at all."""
    if unicodedata.category(text[at]) in {"Cc", "Cs", "Zl", "Zp"}:
        raise _unseen(text, at)


def _unseen(text: str, at: int) -> BadAudience:
    message = f"there is a character that cannot be seen (U+{ord(text[at]):04X})"
    return BadAudience(message, text, at, 1, fix="take it out, or type the line anew")
