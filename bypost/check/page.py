"""A compiled mail as a tree: what rules about its HTML look at."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bypost.render.fragments import LINE, LINE_CLASS


class Page:
    """The HTML of one mail, each authored element with the line of the file it comes from.

    Args:
        html: Compiled with ``Compiler(lines=True)`` and filled in for one persona.

    Attributes:
        tree: The parsed document.
    """

    def __init__(self, html: str) -> None:
        self.html = html
        self.tree = LexborHTMLParser(html)

    def find(self, selector: str) -> list[LexborNode]:
        """Return the elements that a CSS selector names, in the order of the document."""
        return self.tree.css(selector)

    def line(self, node: LexborNode) -> int | None:
        """Return the line of the file that ``node`` comes from; None for the frame's own."""
        return next((line for line in map(_mark, _upwards(node)) if line is not None), None)


def _upwards(node: LexborNode) -> Iterator[LexborNode]:
    at: LexborNode | None = node
    while at is not None:
        yield at
        at = at.parent


def _mark(node: LexborNode) -> int | None:
    attributes = node.attributes or {}
    if (line := attributes.get(LINE)) is not None:
        return int(line)
    for name in (attributes.get("class") or "").split():
        number = name.removeprefix(LINE_CLASS)
        if number != name and number.isdigit():
            return int(number)
    return None
