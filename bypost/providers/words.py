"""A provider's own words, made fit for people and logs."""

from __future__ import annotations

import re

#: Longest quotation, in characters.
MAX_WORDS = 300

_ATOM = r"[^\s@<>\"',;:()]"
# Only from the beginning of a word, else a long text without an address would take long.
_ADDRESS = re.compile(f"(?<!{_ATOM}){_ATOM}+@{_ATOM}+")


def one_line(text: str, longest: int = MAX_WORDS) -> str:
    """Return ``text`` in one line, without characters that do something, and cut."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:longest]


def without_addresses(text: str) -> str:
    """Return ``text`` with every email address in it replaced by three stars."""
    return _ADDRESS.sub("***", text)
