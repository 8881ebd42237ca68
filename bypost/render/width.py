"""How wide text is in a plain-text mail, and how it is wrapped there."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

#: Columns of a plain-text line; mail readers show at least 78.
COLUMNS = 72

Width = Callable[[str], int]


def width(text: str) -> int:
    """Return the columns ``text`` takes in a fixed-width font: East Asian wide letters take two."""
    if text.isascii():
        return len(text)
    return sum(_char(char) for char in text)


def _char(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def wrap(text: str, columns: int, *, measure: Width = width) -> list[str]:
    """Return ``text`` in lines of at most ``columns``; line breaks in it stay.

    Long runs without a space (addresses) are never broken, except between East Asian letters,
    which have no spaces to break at.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and measure(line) + measure(piece.rstrip(" ")) > columns:
                lines.append(line.rstrip(" "))
                line = piece.lstrip(" ")
            else:
                line += piece
        lines.append(line.rstrip(" "))
    return lines


def _pieces(text: str) -> list[str]:
    """Cut ``text`` where a line may break: after spaces and around wide letters."""
    pieces: list[str] = []
    current = ""
    for word in text.split(" "):
        if "://" in word:
            pieces.append(f"{current}{word} ")
            current = ""
            continue
        for char in word:
            wide = unicodedata.east_asian_width(char) in {"W", "F"}
            # A line must not begin with closing punctuation such as an ideographic full stop.
            opens = not (current.endswith(" ") or not current) and (
                wide and not unicodedata.category(char).startswith("P")
            )
            if opens:
                pieces.append(current)
                current = char
            else:
                current += char
        current += " "
        pieces.append(current)
        current = ""
    return [piece for piece in pieces if piece.strip(" ")]
