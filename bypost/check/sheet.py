"""Style sheets and inline styles, read into rules and declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tinycss2

#: What a selector weighs: ids; classes, attributes and pseudo-classes; elements.
Weight = tuple[int, int, int]

_WIDTH = re.compile(r"\(\s*(min|max)-width\s*:\s*([\d.]+)px\s*\)")
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(\w+)\s*\)")
_FEATURE = re.compile(r"\(\s*([a-z-]+)")
_KNOWN_FEATURES = frozenset({"min-width", "max-width", "prefers-color-scheme"})

_ID = re.compile(r"#[\w-]+")
_CLASS = re.compile(r"\.[\w-]+|\[[^\]]*\]|(?<!:):(?!:)[\w-]+(?:\([^)]*\))?")
_ELEMENT = re.compile(r"(?:^|[\s>+~])([a-zA-Z][\w-]*)")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One property with its value, as text; names are in lower case."""

    name: str
    value: str
    important: bool = False


@dataclass(frozen=True, slots=True)
class StyleRule:
    """One selector of a style sheet with its declarations.

    Attributes:
        media: The conditions of the ``@media`` blocks around it, in lower case.
    """

    selector: str
    weight: Weight
    declarations: tuple[Declaration, ...]
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Screen:
    """What a mail is shown on.

    Attributes:
        width: Of the window, in CSS pixels.
        dark: Whether the mail program asks for the dark colours.
    """

    width: int = 640
    dark: bool = False

    def fits(self, media: Sequence[str]) -> bool:
        """Return whether rules under these ``@media`` conditions apply."""
        return all(any(_fits(part, self) for part in one.split(",")) for one in media)


@lru_cache(maxsize=4096)
def declarations(style: str) -> tuple[Declaration, ...]:
    """Return the declarations of an inline style, in their order."""
    return tuple(_declared(tinycss2.parse_blocks_contents(style)))


@lru_cache(maxsize=64)
def rules(css: str) -> tuple[StyleRule, ...]:
    """Return the rules of a style sheet, in their order; those under ``@media`` among them.

    ``@font-face``, ``@import`` and ``@supports`` are left out.
    """
    nodes = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return tuple(_rules(nodes, ()))


def _rules(nodes: Sequence[Any], media: tuple[str, ...]) -> Iterator[StyleRule]:
    for node in nodes:
        if node.type == "qualified-rule":
            inside = tuple(_declared(tinycss2.parse_blocks_contents(node.content)))
            for selector in _selectors(tinycss2.serialize(node.prelude)):
                yield StyleRule(selector, _weight(selector), inside, media)
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content:
            condition = tinycss2.serialize(node.prelude).strip().lower()
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            yield from _rules(inner, (*media, condition))


def _declared(nodes: Sequence[Any]) -> Iterator[Declaration]:
    for node in nodes:
        if node.type == "declaration":
            value = tinycss2.serialize(node.value).strip()
            yield Declaration(node.lower_name, value, node.important)


def _selectors(prelude: str) -> list[str]:
    # A comma inside brackets, as in `:not(a, b)`, is rare enough in mail to be left alone.
    return [part.strip() for part in prelude.split(",") if part.strip()]


def _weight(selector: str) -> Weight:
    without_ids = _ID.sub("", selector)
    elements = _CLASS.sub("", without_ids)
    return (
        len(_ID.findall(selector)),
        len(_CLASS.findall(without_ids)),
        len(_ELEMENT.findall(elements)),
    )


def _fits(condition: str, screen: Screen) -> bool:
    condition = condition.strip()
    if condition.startswith(("print", "only print", "speech", "not ")):
        return False
    # What is not known here, such as `hover` or a pixel ratio, is taken not to apply.
    if any(name not in _KNOWN_FEATURES for name in _FEATURE.findall(condition)):
        return False
    for edge, limit in _WIDTH.findall(condition):
        if (screen.width < float(limit)) if edge == "min" else (screen.width > float(limit)):
            return False
    return all((it == "dark") is screen.dark for it in _SCHEME.findall(condition))
