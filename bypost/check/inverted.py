"""A mail as apps show it that repaint every mail for dark mode, asked or not.

Gmail on phones and Outlook do so (2026-11); none says how, so this is an emulation, with the
colours of :func:`bypost.check.colour.inverted_text` and :func:`inverted_ground`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bypost.check.colour import (
    BLACK,
    WHITE,
    Colour,
    hex_text,
    inverted_ground,
    inverted_text,
    parse,
)
from bypost.check.sheet import Declaration, declarations

_Painter = Callable[[Colour], Colour]

#: Attributes that hold a colour.
_ATTRIBUTES: dict[str, _Painter] = {
    "bgcolor": inverted_ground,
    "bordercolor": inverted_ground,
    "color": inverted_text,
    "text": inverted_text,
    "link": inverted_text,
}
_TEXT = frozenset({"color", "-webkit-text-fill-color", "caret-color", "text-decoration-color"})
#: Hairlines go with the grounds: a light line would glare on a dark sheet.
_GROUNDS = ("background", "border", "outline")

_WORD = re.compile(r"url\([^)]*\)|#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\([^)]*\)|[a-z-]+", re.IGNORECASE)


def inverted(html: str) -> str:
    """Return ``html`` with its light grounds made dark and its dark text made light.

    What the mail asks for under ``prefers-color-scheme`` is left out: such apps do not ask.
    """
    tree = LexborHTMLParser(html)
    for node in tree.css("style"):
        if "prefers-color-scheme" in (node.attributes.get("media") or ""):
            node.decompose()
        else:
            _repaint_sheet(node)
    for node in tree.css('[style], [bgcolor], [color], [text], meta[name*="color-scheme"]'):
        _repaint(node)
    root = tree.css_first("html")
    if root is not None:
        ground, text = inverted_ground(WHITE), inverted_text(BLACK)
        canvas = f"background-color:{hex_text(ground)};color:{hex_text(text)}"
        root.attrs["style"] = ";".join(filter(None, (canvas, root.attributes.get("style"))))
    return tree.html or ""


def _repaint(node: LexborNode) -> None:
    if node.tag == "meta":
        node.decompose()
        return
    attributes = dict(node.attributes)
    for name, painter in _ATTRIBUTES.items():
        if found := parse(attributes.get(name) or ""):
            node.attrs[name] = hex_text(painter(found))
    if style := attributes.get("style"):
        node.attrs["style"] = _painted(declarations(style))


def _repaint_sheet(node: LexborNode) -> None:
    painted = _sheet(node.text())
    for child in list(node.iter(include_text=True)):
        child.decompose()
    node.insert_child(painted)


@lru_cache(maxsize=64)
def _sheet(css: str) -> str:
    return _rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))


def _rules(nodes: Sequence[Any]) -> str:
    parts: list[str] = []
    for node in nodes:
        if node.type == "qualified-rule":
            inside = tinycss2.serialize(node.content)
            parts.append(f"{tinycss2.serialize(node.prelude)}{{{_painted(declarations(inside))}}}")
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content:
            condition = tinycss2.serialize(node.prelude)
            if "prefers-color-scheme" not in condition:
                inner = tinycss2.parse_rule_list(
                    node.content, skip_comments=True, skip_whitespace=True
                )
                parts.append(f"@media{condition}{{{_rules(inner)}}}")
        elif node.type == "at-rule":
            parts.append(node.serialize())
    return "\n".join(parts)


def _painted(given: Sequence[Declaration]) -> str:
    return ";".join(
        f"{one.name}:{_value(one)}{'!important' if one.important else ''}"
        for one in given
        if one.name not in ("color-scheme", "supported-color-schemes")
    )


def _value(one: Declaration) -> str:
    if one.name in _TEXT:
        painter: _Painter = inverted_text
    elif one.name.startswith(_GROUNDS):
        painter = inverted_ground
    else:
        return one.value
    return _WORD.sub(lambda word: _word(word[0], painter), one.value)


def _word(word: str, painter: _Painter) -> str:
    found = parse(word)
    if found is None or found.alpha == 0:
        return word
    painted = painter(found)
    if painted.alpha >= 1:
        return hex_text(painted)
    channels = " ".join(str(round(it)) for it in (painted.red, painted.green, painted.blue))
    return f"rgb({channels} / {painted.alpha:g})"
