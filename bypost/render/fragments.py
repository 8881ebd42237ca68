"""A Document as MJML fragments with inline styles.

The shapes (a row, a button, an exercise) are macros of ``templates/email/parts.mjml``, so that
operators restyle them; only the order and the nesting are decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from bypost.render.document import Block, Box, Button, Document, Prose, When
from bypost.render.frames import Frames
from bypost.render.parser import markdown
from bypost.render.style import Style
from bypost.render.tokens import copied
from bypost.render.words import Place

#: Ends of elements that bring the space below their last paragraph themselves.
_ENDS = frozenset({"blockquote_close", "list_item_close"})

#: Marks of the line of its file that an element comes from: an attribute in prose, and a class
#: on what MJML makes.
LINE = "data-line"
LINE_CLASS = "bypost-line-"

_FIRST_CLASS = re.compile(r"(css-class=\")")
#: Inline elements with a line of their own.
_LEADS = frozenset({"link_open", "image"})

#: Markdown elements whose token is not ``*_open`` and that carry a style all the same.
_LONE = frozenset({"hr", "image", "code_inline"})


class FragmentRenderer:
    """Writes the fragments of one mail.

    Attributes:
        direction: ``ltr`` or ``rtl``: on which side rules and indents stand.
        first_line: Line of the file on which the body begins, where each block is to carry the
            line it comes from, for previews and checks; None for a mail that is sent.
    """

    def __init__(
        self, frames: Frames, style: Style, direction: str, first_line: int | None = None
    ) -> None:
        self.frames = frames
        self.style = style
        self.direction = direction
        self.first_line = first_line

    def body(self, document: Document) -> str:
        """Return the mail's body as MJML sections."""
        return "".join(self._rows(document.blocks))

    def title(self, document: Document) -> str:
        """Return the mail's own heading as HTML; empty where the author gave none."""
        html = self.inline(document.title)
        if self.first_line is None or not html:
            return html
        return f'<span {LINE}="{self.first_line + document.title_line}">{html}</span>'

    def inline(self, tokens: Sequence[Token]) -> str:
        """Return inline tokens as HTML."""
        parser = markdown()
        # Copied, because the same tokens become plain text and must stay as they are.
        whole = Token("inline", "", 0, children=copied(tokens))
        for token in whole.children or ():
            self._dress(token)
        return str(parser.renderer.render([whole], parser.options, {}))

    def _part(self, macro: str, *arguments: object) -> str:
        return str(self.frames.part(macro, *arguments, direction=self.direction))

    def _rows(self, blocks: Sequence[Block]) -> Iterator[str]:
        """Yield sections: runs of prose and buttons share one, each box has its own."""
        run: list[Block] = []
        for block in blocks:
            if isinstance(block, Prose | Button):
                run.append(block)
                continue
            yield from self._row(run)
            run = []
            if isinstance(block, Box):
                title = self.inline(block.title)
                inner = "".join(self._column(block.children))
                yield self._marked(self._part("box", block.kind, title, inner), block.place)
            else:
                yield f"<mj-raw>{block.opening}</mj-raw>"
                yield from self._rows(block.children)
                yield f"<mj-raw>{block.closing}</mj-raw>"
        yield from self._row(run)

    def _row(self, run: Sequence[Block]) -> Iterator[str]:
        if run:
            yield self._part("row", "".join(self._column(run)))

    def _column(self, blocks: Sequence[Block]) -> Iterator[str]:
        for block in blocks:
            if isinstance(block, Prose):
                yield self._part("prose", self._prose(block.tokens))
            elif isinstance(block, Button):
                yield self._marked(self._part("button", block.href, block.label), block.place)
            elif isinstance(block, When):
                yield f"<mj-raw>{block.opening}</mj-raw>"
                yield from self._column(block.children)
                yield f"<mj-raw>{block.closing}</mj-raw>"

    def _marked(self, mjml: str, place: Place) -> str:
        """Give a part's first element a class that names its line; MJML drops other marks."""
        if self.first_line is None:
            return mjml
        return _FIRST_CLASS.sub(rf"\1{LINE_CLASS}{place.line} ", mjml, count=1)

    def _prose(self, written: Sequence[Token]) -> str:
        parser = markdown()
        tokens = copied(written)
        parts: list[str] = []
        start = 0
        for index, token in enumerate(tokens):
            self._dress(token)
            if not index and token.type == "heading_open":
                token.attrs["style"] = f"{token.attrs.get('style', '')};{self._inline('first')}"
            self._dress_inline(token)
            if token.type in _ENDS and tokens[index - 1].type == "paragraph_close":
                self._close_up(tokens, index - 1)
            if token.type in {"fence", "code_block"}:
                before = tokens[start:index]
                parts += [parser.renderer.render(before, parser.options, {}), self._code(token)]
                start = index + 1
        parts.append(parser.renderer.render(tokens[start:], parser.options, {}))
        return "".join(parts)

    def _dress(self, token: Token) -> None:
        """Give an element its inline style; mail readers drop style sheets."""
        if not (token.type.endswith("_open") or token.type in _LONE):
            return
        if token.map and self.first_line is not None:
            token.attrs[LINE] = str(self.first_line + token.map[0])
        element = "code" if token.type == "code_inline" else token.tag
        style = ";".join(filter(None, (self._inline(element), str(token.attrs.get("style", "")))))
        if style:
            token.attrs["style"] = style

    def _dress_inline(self, token: Token) -> None:
        line = token.map[0] if token.map else 0
        for child in token.children or ():
            line += child.type in {"softbreak", "hardbreak"}
            if child.type in _LEADS and self.first_line is not None:
                child.attrs[LINE] = str(self.first_line + line)
            self._dress(child)

    def _close_up(self, tokens: Sequence[Token], end: int) -> None:
        """Take away the space below the paragraph that ends at token ``end``."""
        opening = next(t for t in reversed(tokens[:end]) if t.type == "paragraph_open")
        opening.attrs["style"] = f"{opening.attrs.get('style', '')};margin-bottom:0"

    def _inline(self, element: str) -> str:
        return self.style.inline(element, self.direction).strip().rstrip(";")

    def _code(self, token: Token) -> str:
        escaped = token.content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        line = token.map[0] if token.map else 0
        mark = "" if self.first_line is None else f' {LINE}="{self.first_line + line}"'
        return f'<pre style="{self._inline("pre")}"{mark}><code>{escaped}</code></pre>\n'
