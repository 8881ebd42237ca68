"""A number and what is counted, as one reads them: 1 mail, 1,200 mails."""

from __future__ import annotations

#: Nouns that do not take an s.
_IRREGULAR = {"person": "people", "address": "addresses", "delivery": "deliveries"}


def quantity(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number:,} {noun if number == 1 else _IRREGULAR.get(noun, f'{noun}s')}"
