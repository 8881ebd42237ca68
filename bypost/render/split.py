"""Puts the words' meanings back: a finished part becomes constant text and slots."""

from __future__ import annotations

import re
from collections.abc import Callable

from bypost.model.content import Slot, Template
from bypost.render.words import Closing, Constant, Meaning, Opening, Personal, Words

Escape = Callable[[str], str]

#: What Jinja would not print as it stands: delimiters, carriage returns, a last line break.
_SPECIAL = re.compile(r"\{(?=[{%#\r]|\n?\Z)|\r|\n\Z")


def split(text: str, words: Words, escape: Escape) -> Template:
    """Return ``text`` split at its words.

    Args:
        text: A finished part, still with words.
        words: What they stand for.
        escape: How a constant is written in this part.
    """
    parts: list[str | Slot] = []
    block: list[str] = []
    depth = 0
    for part in words.split(text):
        literal = _literal(part, escape)
        depth += isinstance(part, Opening)
        if depth:
            block.append(_source(part) if literal is None else verbatim(literal))
        elif literal is None:
            parts.append(Slot(_source(part)))
        elif parts and isinstance(parts[-1], str):
            parts[-1] += literal
        elif literal:
            parts.append(literal)
        depth -= isinstance(part, Closing)
        if block and not depth:
            parts.append(Slot("".join(block)))
            block = []
    return Template(tuple(parts))


def template_source(template: Template) -> str:
    """Return Jinja source that yields the whole part: constant text stands for itself."""
    return "".join(
        part.source if isinstance(part, Slot) else verbatim(part) for part in template.parts
    )


def verbatim(text: str) -> str:
    """Return Jinja source that yields ``text``."""
    return _SPECIAL.sub(lambda found: _SPELLED[found[0]], text)


_SPELLED = {"{": '{{ "{" }}', "\r": '{{ "\\r" }}', "\n": '{{ "\\n" }}'}


def _literal(part: str | Meaning, escape: Escape) -> str | None:
    if isinstance(part, Constant):
        return escape(part.text)
    return part if isinstance(part, str) else None


def _source(part: str | Meaning) -> str:
    if isinstance(part, Personal):
        return "{{ " + part.source + " }}"
    if isinstance(part, Opening):
        return "{% if " + part.source + " %}"
    return "{% endif %}"
