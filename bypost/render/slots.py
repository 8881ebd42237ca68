"""Filling one slot: a plain name is looked up, everything else is asked of Jinja.

Most slots are a plain name, and what is more than that often says the same to many people ("the
next lesson arrives Tuesday at 09:00"). Both ways give what Jinja would, to the letter; a property
test compares them with a plain Jinja of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bypost.model.content import Values
from bypost.render import jinja
from bypost.render.vocabulary import PERSONAL_ROOTS

Fill = Callable[[Values], str]

_PLAIN = re.compile(r"\{\{ ([a-z]+)\.(\w+) \}\}")
_NAME = re.compile(rf"\b({'|'.join(sorted(PERSONAL_ROOTS))})\b(?:\.(\w+))?")
_MISSING = object()
#: Answers that one slot remembers.
_REMEMBERED = 1024


def filler(source: str, *, escaped: bool) -> Fill:
    """Return what fills the slot ``source``; it raises one of ``jinja.FAILURES``."""
    ask = jinja.fill(source, escaped=escaped)
    if plain := _PLAIN.fullmatch(source):
        return _looking_up(plain[1], plain[2], ask, escaped=escaped)
    names = [(found[1], found[2] or "") for found in _NAME.finditer(source)]
    # A person's links are their own: remembering them would only cost memory.
    return ask if any(root == "links" for root, _ in names) else _remembering(ask, names)


def _looking_up(root: str, name: str, ask: Fill, *, escaped: bool) -> Fill:
    """Return the value of a plain name; Jinja is asked only to say what is missing."""

    def fill(values: Values) -> str:
        value = values[root].get(name) if root in values else None
        if type(value) is not str:
            return ask(values)
        return str(jinja.escape(value)) if escaped else value

    return fill


def _remembering(ask: Fill, names: list[tuple[str, str]]) -> Fill:
    """Ask once for all people who agree in every name that the slot mentions."""
    known: dict[tuple[object, ...], str] = {}

    def fill(values: Values) -> str:
        key = tuple(
            [values[root].get(name, _MISSING) if root in values else None for root, name in names]
        )
        found = known.get(key)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[key] = ask(values)
        return found

    return fill
