"""Markdown with words to a Document, and what is wrong with its structure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from bypost.render.document import Block, Box, Button, Document, Prose, When
from bypost.render.nearest import did_you_mean
from bypost.render.parser import CLOSE, MARKER, OPEN, markdown
from bypost.render.problems import Problems
from bypost.render.scan import without_comments
from bypost.render.words import Closing, Meaning, Place, Words

CONTAINERS = ("button", "exercise", "if", "note")

#: What `::: if NAME` means here: False leaves the block out, an Opening makes it personal.
Decide = Callable[[str, Place], "bool | Meaning"]


@dataclass
class _Frame:
    """A container that is open while we walk."""

    token: Token | None
    end: int
    tokens: list[Token] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.token.info.split()[0] if self.token else ""

    @property
    def argument(self) -> str:
        return (self.token.info.split(None, 1)[1:] or [""])[0].strip() if self.token else ""


class Builder:
    """Builds one Document; problems are noted with their line, not raised."""

    def __init__(
        self, path: str, first_line: int, words: Words, problems: Problems, decide: Decide
    ) -> None:
        self.path = path
        self.first_line = first_line
        self.words = words
        self.problems = problems
        self.decide = decide
        self.dropped: set[str] = set()

    def build(self, body: str) -> Document:
        """Return the document of Markdown ``body``, whose expressions are words already."""
        self.lines = body.split("\n")
        tokens = self._without_html(markdown().parse(body))
        first = tokens[0].map if tokens else None
        title, tokens = self._lift_title(tokens)
        frames = [_Frame(None, len(self.lines))]
        depth = 0
        for token in tokens:
            if token.type in {OPEN, CLOSE} and depth:
                self._inside_text(token)
            elif token.type == OPEN:
                self._open(token, frames)
            elif token.type == CLOSE:
                self._close(frames)
            else:
                depth += token.nesting
                self._check(token)
                frames[-1].tokens.append(token)
        self._flush(frames[0])
        dropped = frozenset(self.dropped)
        return Document(title, frames[0].blocks, dropped, title_line=first[0] if first else 0)

    def place(self, line: int) -> Place:
        """Return the place of body line ``line``, counting from 0."""
        return Place(self.path, self.first_line + line)

    def _token_place(self, token: Token) -> Place:
        return self.place(token.map[0] if token.map else 0)

    def _without_html(self, tokens: Sequence[Token]) -> list[Token]:
        kept: list[Token] = []
        for token in tokens:
            if token.type == "html_block":
                self._html(token.content, self._token_place(token))
                continue
            if token.children:
                token.children = self._inline_without_html(token)
            kept.append(token)
        return kept

    def _inline_without_html(self, token: Token) -> list[Token]:
        line = token.map[0] if token.map else 0
        kept: list[Token] = []
        for child in token.children or ():
            if child.type == "html_inline":
                self._html(child.content, self.place(line))
                continue
            line += child.type in {"softbreak", "hardbreak"}
            kept.append(child)
        return kept

    def _html(self, html: str, place: Place) -> None:
        rest = without_comments(html).strip()
        if rest:
            shown = rest.split("\n")[0][:40]
            fix = "write it in Markdown, or between backticks if it is an example"
            self.problems.add(place, "markdown-html", f"raw HTML `{shown}` is not allowed", fix)

    def _lift_title(self, tokens: list[Token]) -> tuple[Sequence[Token], list[Token]]:
        if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
            return tokens[1].children or [], tokens[3:]
        return [], tokens

    def _check(self, token: Token) -> None:
        if token.type == "heading_open" and token.tag == "h1":
            self.problems.add(
                self._token_place(token),
                "heading-order",
                "a mail has one `#` heading, at its beginning",
                "write `##` here",
            )
        if token.type == "inline" and token.map:
            for offset, line in enumerate(token.content.split("\n")):
                if MARKER.match(line):
                    self.problems.add(
                        self.place(token.map[0] + offset),
                        "container-stray",
                        f"`{line.strip()}` closes nothing",
                        "the container around needs more colons than the ones inside it",
                    )

    def _inside_text(self, token: Token) -> None:
        if token.type == OPEN:
            self.problems.add(
                self._token_place(token),
                "container-nested",
                f"`{token.info.split()[0]}` stands inside a list or a quotation",
                "begin the line of colons at the margin",
            )

    def _open(self, token: Token, frames: list[_Frame]) -> None:
        outer = frames[-1]
        self._flush(outer)
        end = token.map[1] if token.map else 0
        frame = _Frame(token, end)
        place = self._token_place(token)
        if end >= outer.end or not MARKER.match(self.lines[end]):
            self.problems.add(
                place,
                "container-unclosed",
                f"`{token.markup} {frame.kind}` opens here and is never closed",
                f"end it with a line `{token.markup}`; one around it needs more colons",
            )
        if frame.kind not in CONTAINERS:
            fix = did_you_mean(frame.kind, CONTAINERS) or f"known: {', '.join(CONTAINERS)}"
            self.problems.add(place, "container-unknown", f"unknown container `{frame.kind}`", fix)
        frames.append(frame)

    def _close(self, frames: list[_Frame]) -> None:
        frame = frames.pop()
        self._flush(frame)
        if frame.token is None:
            return
        place = self._token_place(frame.token)
        if frame.kind == "button":
            frames[-1].blocks += self._button(frame, place)
        elif frame.kind == "if":
            frames[-1].blocks += self._when(frame, place)
        elif frame.kind in CONTAINERS:
            frames[-1].blocks.append(self._box(frame, place))
        else:  # unknown, and noted as such; what it holds is checked like anything else
            frames[-1].blocks += frame.blocks

    def _flush(self, frame: _Frame) -> None:
        """Turn the tokens gathered so far into one prose block."""
        if frame.tokens:
            frame.blocks.append(Prose(frame.tokens, self._token_place(frame.tokens[0])))
            frame.tokens = []

    def _box(self, frame: _Frame, place: Place) -> Box:
        for child in _all(frame.blocks):
            if isinstance(child, Box):
                self.problems.add(
                    child.place,
                    "container-nested",
                    f"`{child.kind}` stands inside `{frame.kind}`",
                    "end the one before the other begins",
                )
        title = markdown().parseInline(frame.argument)[0].children or []
        return Box(frame.kind, title, frame.blocks, place)

    def _button(self, frame: _Frame, place: Place) -> list[Block]:
        label = [t for block in frame.blocks if isinstance(block, Prose) for t in block.tokens]
        if not frame.argument or " " in frame.argument:
            self.problems.add(
                place, "button-address", "a button needs one address", "write `::: button URL`"
            )
            return []
        if [token.type for token in label] != ["paragraph_open", "inline", "paragraph_close"]:
            self.problems.add(
                place, "button-label", "a button needs one line of text", "write its label below"
            )
            return []
        return [Button(frame.argument, plain_text(label[1].children or []), place)]

    def _when(self, frame: _Frame, place: Place) -> list[Block]:
        meaning = self.decide(frame.argument, place)
        if meaning is True:
            return frame.blocks
        if meaning is False:
            start, end = (frame.token and frame.token.map) or [0, 0]
            self.dropped |= self.words.inside("\n".join(self.lines[start:end]))
            return []
        opening = self.words.add(meaning, place)
        # Each closing is its own word, so that each can be counted.
        closing = self.words.add(Closing(opening), place)
        return [When(opening, closing, frame.blocks, place)]


def plain_text(inline: Sequence[Token]) -> str:
    """Return the text of inline tokens without their marks."""
    parts = {"softbreak": " ", "hardbreak": " "}
    return "".join(parts.get(token.type, token.content) for token in inline)


def _all(blocks: Sequence[Block]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        found.append(block)
        if isinstance(block, When | Box):
            found += _all(block.children)
    return found
