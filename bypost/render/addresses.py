"""Where links, buttons and images lead: checked before anybody can follow them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from bypost.render.document import Block, Box, Button, Document, Prose, When
from bypost.render.problems import Problems
from bypost.render.words import Constant, Personal, Place, Words

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_ALLOWED = frozenset({"http", "https", "mailto", "tel"})

#: Roots whose values are addresses that we made ourselves.
_OURS = frozenset({"about", "links"})


def check_addresses(document: Document, title: Place, words: Words, problems: Problems) -> None:
    """Note empty addresses, schemes that are not for mail, and addresses a person supplied."""
    found = (*_inline(document.title, title), *addresses(document.blocks))
    for address, place in found:
        parts = list(words.split(address))
        first = parts[0] if parts else ""
        settled = words.plain(address).strip()
        scheme = _SCHEME.match(settled)
        if not settled:
            named = "; the value is not set" if isinstance(first, Constant) else ""
            fix = "give an address, or put the block into `::: if NAME`"
            problems.add(place, "link-empty", f"an address is empty{named}", fix)
        elif isinstance(first, Personal) and not {root for root, _ in first.names} <= _OURS:
            problems.add(
                place,
                "link-personal",
                f"an address begins with `{first.source}`, which a subscriber may have chosen",
                "begin it with https:// and a host of your own",
            )
        elif scheme and scheme[1].lower() not in _ALLOWED:
            problems.add(
                place,
                "link-scheme",
                f"`{scheme[1]}:` addresses do not work in mail",
                "use https:// or mailto:",
            )


def addresses(blocks: Sequence[Block]) -> Iterator[tuple[str, Place]]:
    """Yield every address of the blocks with its place; links first to last."""
    for block in blocks:
        if isinstance(block, Button):
            yield block.href, block.place
        elif isinstance(block, Prose):
            yield from _inline(block.tokens, block.place)
        else:
            if isinstance(block, Box):
                yield from _inline(block.title, block.place)
            yield from addresses(block.children)


def _inline(tokens: Sequence[Token], place: Place) -> Iterator[tuple[str, Place]]:
    start = next((token.map[0] for token in tokens if token.map), 0)
    for token in tokens:
        line = token.map[0] - start if token.map else 0
        here = Place(place.path, place.line and place.line + line)
        if token.type == "link_open":
            yield str(token.attrs.get("href", "")), here
        elif token.type == "image":
            yield str(token.attrs.get("src", "")), here
        elif token.children:
            yield from _inline(token.children, here)


def spoken(document: Document) -> Iterator[str]:
    """Yield all text and all link addresses that the plain-text part must carry as well."""
    yield from _spoken_inline(document.title)
    yield from _spoken(document.blocks)


def _spoken(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Button):
            yield block.label
            yield block.href
        elif isinstance(block, Prose):
            yield from _spoken_inline(block.tokens)
        else:
            if isinstance(block, Box):
                yield from _spoken_inline(block.title)
            elif isinstance(block, When):
                yield block.opening
            yield from _spoken(block.children)


def _spoken_inline(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "link_open":
            yield str(token.attrs.get("href", ""))
        elif token.children and token.type != "image":
            yield from _spoken_inline(token.children)
        else:
            yield token.content
