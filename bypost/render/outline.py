"""What can be said of a Markdown body before it is compiled: heading, reading time, bad letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bypost.render.parser import markdown

#: Words read in a minute; the usual figure for prose on a screen.
WORDS_A_MINUTE = 200

_WORD = re.compile(r"\w+(?:['’-]\w+)*")

#: Characters that XML, and therefore MJML, cannot carry.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def heading(body: str) -> str:
    """Return the text of the leading ``# Title``, expressions and all; empty without one."""
    tokens = markdown().parse(body)
    shown = [token for token in tokens if token.type != "html_block"]
    if shown and shown[0].type == "heading_open" and shown[0].tag == "h1":
        return shown[1].content
    return ""


def minutes(body: str) -> int:
    """Return the minutes it takes to read ``body``, at least 1."""
    inline = (token.content for token in markdown().parse(body) if token.type == "inline")
    return max(1, round(sum(len(_WORD.findall(text)) for text in inline) / WORDS_A_MINUTE))


def forbidden(text: str) -> Iterator[tuple[int, str]]:
    """Yield line (from 0) and name, e.g. ``U+000B``, of characters that no mail can carry."""
    for found in _FORBIDDEN.finditer(text):
        yield text.count("\n", 0, found.start()), f"U+{ord(found[0]):04X}"
