"""The Markdown we speak: CommonMark, tables, strikethrough and ``:::`` containers."""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from mdit_py_plugins.container import container_plugin

#: Token types of a container's two ends.
OPEN, CLOSE = "container_box_open", "container_box_close"

#: A line of colons only: it closes the container opened with at most as many.
MARKER = re.compile(r"^\s*(:{3,})\s*$")


@lru_cache(maxsize=1)
def markdown() -> MarkdownIt:
    """Return the one parser.

    HTML is parsed although it is not allowed: only so can it be found and named with its line,
    and only so can comments be dropped.
    """
    parser = MarkdownIt("commonmark", {"xhtmlOut": True, "html": True})
    parser.enable(["table", "strikethrough"])
    return parser.use(container_plugin, "box", validate=_has_a_name)


def _has_a_name(params: str, _markup: str) -> bool:
    # Without a name it closes a container or is a mistake; either way it opens nothing.
    return bool(params.strip())
