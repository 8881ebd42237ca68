"""The pictures of mails: found beside the Markdown, given an address, counted.

``![What it shows](views.png)`` names a file beside the mail. In the mail stands the address at
which the site serves it, which holds a part of the hash of its bytes: a picture that is changed has
another address, and a mail that was sent keeps the one it was sent with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from markdown_it.token import Token

from bypost.errors import ContentError, Problem
from bypost.model.asset import Asset
from bypost.model.content import Content, Slot
from bypost.model.course import Source
from bypost.model.theme import Logo
from bypost.render.document import Block, Box, Button, Document, Prose
from bypost.render.image_file import read_image
from bypost.render.parser import markdown
from bypost.render.picture import Unfit
from bypost.render.problems import Problems
from bypost.render.style import Style
from bypost.render.words import Constant, Place, Words

#: The file that names a logo, for errors; its name is relative to the folder of this file.
SETTINGS = "bypost.toml"
#: Path below which the site serves pictures.
ADDRESS = "/assets/"
#: How a picture's name looks.
NAME = re.compile(r"[0-9a-f]{20}\.(?:png|jpg|gif)")
_REFERENCE = re.compile(rf"{ADDRESS}({NAME.pattern})")

#: The title that says of a picture without words that there is nothing to say about it.
DECORATIVE = "decorative"
#: Mark on the token of a picture that is served by the site.
SERVED = "served"

#: A picture has as many pixels as the finest common screens show in the column.
_DENSITY = 2
#: Column of text in a mail whose style does not say, in CSS pixels.
COLUMN = 512
#: CSS pixels that padding takes from the column: of boxes in ``parts.mjml``, of lists and
#: quotations in ``style.toml``. Outlook on Windows knows no ``max-width`` and needs it exact.
_BOX, _INDENT = 52, 24
_INDENTED = frozenset({"bullet_list", "ordered_list", "blockquote"})
_NARROWEST = 32

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PIXELS = re.compile(r"(\d+)px")


def names_in(html: str) -> frozenset[str]:
    """Return the names of the pictures that HTML (or a mail's source) refers to."""
    return frozenset(_REFERENCE.findall(html))


def names_of_content(content: Content) -> frozenset[str]:
    """Return the names of the pictures that a compiled mail refers to."""
    parts = content.html.parts
    return names_in("".join(p.source if isinstance(p, Slot) else p for p in parts))


def files_named(source: Source) -> frozenset[str]:
    """Return the files that the pictures of a Markdown text name, relative to the project.

    Also those in blocks that are left out, and those that are not there; not those whose name is
    made by an expression.
    """
    found: set[str] = set()
    for token in markdown().parse(source.body):
        for child in token.children or ():
            address = str(child.attrs.get("src", "")) if child.type == "image" else ""
            if address and not _SCHEME.match(address):
                found.add(_beside(source.path, address))
    return frozenset(found)


def _beside(mail: str, address: str) -> str:
    return (PurePosixPath(mail).parent / unquote(address)).as_posix()


def hang_logo(root: Path, base_url: str, logo: Logo | None) -> tuple[Logo | None, dict[str, Asset]]:
    """Return the logo at the address it is served at, and its picture by name.

    Raises:
        ContentError: Its file is missing, or not fit for mail.
    """
    if logo is None or _SCHEME.match(logo.source):
        return logo, {}
    try:
        asset = read_image(root, SETTINGS, quote(logo.source), _DENSITY * logo.width)
    except Unfit as error:
        problem = Problem(SETTINGS, None, f"[theme] logo: {error.message}", error.fix, error.rule)
        raise ContentError(problem) from error
    return replace(logo, source=f"{base_url}{ADDRESS}{asset.name}"), {asset.name: asset}


def column_of(style: Style) -> int:
    """Return the width of a mail's text in CSS pixels."""
    width = _PIXELS.fullmatch(style.size.get("width", ""))
    gutter = _PIXELS.fullmatch(style.size.get("gutter", "0px"))
    if not (width and gutter):
        return COLUMN
    return max(_NARROWEST, int(width[1]) - 2 * int(gutter[1]))


class Gallery:
    """The pictures of one project.

    Args:
        root: The project's folder.
        base_url: Where the site is, without a slash at the end; empty for pages of the site.
        column: Width of the text in CSS pixels.

    Attributes:
        assets: Name -> picture, of all mails hung so far.
        files: Every file a mail named, relative to the project.
    """

    def __init__(self, root: Path, base_url: str, column: int = COLUMN) -> None:
        self.column = column
        self.assets: dict[str, Asset] = {}
        self.files: set[str] = set()
        self._root = root
        self._base_url = base_url

    def hang(
        self, document: Document, place: Place, words: Words, problems: Problems
    ) -> frozenset[str]:
        """Put the addresses and sizes of its pictures into a document; note what is wrong.

        Pictures on the web stay as they are.

        Args:
            place: Where the body begins.

        Returns:
            Words that stood in names of files, and that the mail therefore does not hold.
        """
        used: set[str] = set()
        for token, room, at in _images(document, place, self.column):
            _check_words(token, at, problems)
            address = str(token.attrs.get("src", ""))
            try:
                asset = self._asset(address, place.path, words)
            except Unfit as error:
                problems.add(at, error.rule, error.message, error.fix)
                continue
            if asset:
                used |= words.inside(address)
                self._put(token, asset, room)
        return frozenset(used)

    def _asset(self, address: str, mail: str, words: Words) -> Asset | None:
        """Return the picture of a file; None for a picture on the web, and for no address."""
        settled = words.settle(address).strip()
        if not settled or _SCHEME.match(settled):
            return None
        parts = list(words.split(settled))
        if not isinstance(parts[0], str):
            return None  # checked with all addresses: it begins with something personal
        if any(not isinstance(part, str | Constant) for part in parts):
            message = "the name of a picture beside the mail differs between people"
            fix = "name one file; or show a picture on the web, by an https:// address"
            raise Unfit("asset-path", message, fix)
        self.files.add(_beside(mail, settled))
        asset = read_image(self._root, mail, settled, _DENSITY * self.column)
        self.assets[asset.name] = asset
        return asset

    def _put(self, token: Token, asset: Asset, room: int) -> None:
        shown = min(asset.natural_width, room)
        token.attrs["src"] = f"{self._base_url}{ADDRESS}{asset.name}"
        token.attrs["width"] = str(shown)
        token.meta[SERVED] = max(1, round(asset.height * shown / asset.width))


def _check_words(token: Token, place: Place, problems: Problems) -> None:
    """A picture says what it shows, or that there is nothing to say."""
    if token.content.strip():
        return
    if token.attrs.get("title") == DECORATIVE:
        del token.attrs["title"]
        return
    problems.add(
        place,
        "img-alt",
        "a picture has no words for those who do not see it",
        f'write ![what it shows](...); ![](... "{DECORATIVE}") if it shows nothing',
    )


def _images(document: Document, place: Place, room: int) -> Iterator[tuple[Token, int, Place]]:
    """Yield the pictures of a document, the CSS pixels there are for each, and its place."""
    title = Place(place.path, place.line and place.line + document.title_line)
    yield from _inline(document.title, room, title)
    yield from _in_blocks(document.blocks, room, place)


def _in_blocks(
    blocks: Sequence[Block], room: int, start: Place
) -> Iterator[tuple[Token, int, Place]]:
    for block in blocks:
        if isinstance(block, Prose):
            yield from _in_prose(block.tokens, room, start)
        elif isinstance(block, Box):
            yield from _inline(block.title, room - _BOX, block.place)
            yield from _in_blocks(block.children, room - _BOX, start)
        elif not isinstance(block, Button):
            yield from _in_blocks(block.children, room, start)


def _in_prose(
    tokens: Sequence[Token], room: int, start: Place
) -> Iterator[tuple[Token, int, Place]]:
    depth = columns = 0
    for token in tokens:
        name, _, end = token.type.rpartition("_")
        if name in _INDENTED:
            depth += 1 if end == "open" else -1
        elif name == "table":
            columns = 0
        elif token.type == "th_open":
            columns += 1
        elif token.children:
            line = start.line and start.line + (token.map[0] if token.map else 0)
            space = (room - _INDENT * depth) // max(1, columns)
            yield from _inline(token.children, max(_NARROWEST, space), Place(start.path, line))


def _inline(tokens: Sequence[Token], room: int, place: Place) -> Iterator[tuple[Token, int, Place]]:
    line = place.line
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"} and line:
            line += 1
        elif token.type == "image":
            yield token, room, Place(place.path, line)


def served(assets: Mapping[str, Asset], content: Content) -> list[Asset]:
    """Return the pictures among ``assets`` that a compiled mail refers to, by name."""
    return [assets[name] for name in sorted(names_of_content(content) & assets.keys())]
