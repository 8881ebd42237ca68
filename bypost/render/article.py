"""A lesson or an issue as a part of a web page: neutral words instead of anybody's own.

The same Markdown as the mail's, without inline styles: pages carry a style sheet, and a strict
policy forbids anything else. Pictures on the web become links, because a page here asks no other
host for anything; those beside the Markdown are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from bypost.render import jinja
from bypost.render.addresses import check_addresses
from bypost.render.assets import SERVED, Gallery
from bypost.render.builder import Builder, plain_text
from bypost.render.compile import names_of
from bypost.render.condition import condition
from bypost.render.document import Block, Box, Button, Document, Prose
from bypost.render.mail import Mail
from bypost.render.outline import forbidden, minutes
from bypost.render.parser import markdown
from bypost.render.problems import Problems
from bypost.render.scan import Scanner
from bypost.render.tokens import copied
from bypost.render.words import Constant, Meaning, Opening, Personal, Place, Words

#: ``root.name`` -> what stands there for everybody; a name that is missing is an empty text.
Neutral = Mapping[str, str]

_LAST_HEADING = 6
_ALIGNED = re.compile(r"text-align:\s*(left|center|right)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A mail as everybody may read it.

    Attributes:
        title: Its heading, as plain text.
        subject: As plain text, too.
        preheader: The line an inbox shows after the subject, as plain text.
        html: The body, without the heading.
    """

    title: str
    subject: str
    preheader: str
    html: str
    minutes: int


def make_article(
    mail: Mail,
    neutral: Neutral,
    labels: Mapping[str, str],
    gallery: Gallery,
    *,
    deeper: int = 0,
) -> Article:
    """Return ``mail`` for a web page.

    Args:
        neutral: What stands for people's own values.
        labels: What is said above exercises and notes, and for a picture on the web.
        gallery: Where the pictures beside it are; keeps those it shows.
        deeper: How many levels its headings stand below those of a page of its own.

    Raises:
        ContentError: with every problem found in it.
    """
    words, problems = Words(), Problems()
    path, first_line = mail.source.path, mail.source.body_line
    body = mail.source.body.replace("\r\n", "\n").replace("\r", "\n")
    reading = minutes(body)
    names = names_of(mail, body, reading)
    scanner = Scanner(path, names, words, problems)
    subject, preheader = scanner.line(mail.subject, None), scanner.line(mail.preheader, None)
    marked = scanner.body(body, first_line)
    decide = condition(names, mail.settings, problems)
    document = Builder(path, first_line, words, problems, decide).build(marked)
    start = Place(path, first_line)
    check_addresses(document, start, words, problems)
    gallery.hang(document, start, words, problems)
    for line, name in forbidden(body):
        here = Place(path, first_line + line)
        problems.add(here, "character", f"the invisible character {name} cannot be shown")
    problems.raise_if_any()
    filled = _Filled(words, neutral)
    title = plain_text(document.title).strip() or subject
    return Article(
        title=filled.text(title),
        subject=filled.text(subject),
        preheader=filled.text(preheader),
        html=_Writer(filled, labels, deeper).body(document),
        minutes=reading,
    )


class _Filled:
    """Puts the meaning of words back, with neutral values."""

    def __init__(self, words: Words, neutral: Neutral) -> None:
        self._words = words
        self._neutral = neutral

    def text(self, marked: str) -> str:
        """Return plain text."""
        return "".join(map(self._said, self._words.split(marked)))

    def html(self, marked: str) -> str:
        """Return HTML, in which the words stood for text or parts of attributes."""
        parts = self._words.split(marked)
        return "".join(p if isinstance(p, str) else str(jinja.escape(self._said(p))) for p in parts)

    def holds(self, opening: str) -> bool:
        """Tell whether a block is for somebody of whom nothing is known."""
        meaning = self._words.meaning(opening)
        return isinstance(meaning, Opening) and bool(self._evaluate(meaning).strip())

    def _said(self, part: str | Meaning) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Constant):
            return part.text
        return self._evaluate(part) if isinstance(part, Personal) else ""

    def _evaluate(self, meaning: Personal | Opening) -> str:
        values: dict[str, dict[str, str | int]] = {}
        for root, name in meaning.names:
            values.setdefault(root, {})[name] = self._neutral.get(f"{root}.{name}", "")
        return jinja.evaluate(meaning.source, values)


class _Writer:
    """Writes the blocks of one document."""

    def __init__(self, filled: _Filled, labels: Mapping[str, str], deeper: int) -> None:
        self._filled = filled
        self._labels = labels
        self._deeper = deeper

    def body(self, document: Document) -> str:
        return self._filled.html("".join(self._blocks(document.blocks)))

    def _blocks(self, blocks: Sequence[Block]) -> Iterator[str]:
        for block in blocks:
            if isinstance(block, Prose):
                yield self._render(block.tokens)
            elif isinstance(block, Button):
                if not self._filled.text(block.href).strip():
                    continue  # to mark a lesson as done, say: that is for who had it by mail
                href = jinja.escape(block.href)
                yield f'<p><a class="button" href="{href}">{jinja.escape(block.label)}</a></p>\n'
            elif isinstance(block, Box):
                yield from self._box(block)
            elif self._filled.holds(block.opening):
                yield from self._blocks(block.children)

    def _box(self, box: Box) -> Iterator[str]:
        label = jinja.escape(self._labels[box.kind])
        level = self._level("h2")
        yield f'<div class="box {box.kind}">\n'
        if box.title:
            inline = Token("inline", "", 0, children=list(box.title))
            yield f'<p class="kicker">{label}</p>\n'
            yield f"<{level}>{self._render([inline])}</{level}>\n"
        else:
            yield f"<{level}>{label}</{level}>\n"
        yield from self._blocks(box.children)
        yield "</div>\n"

    def _render(self, written: Sequence[Token]) -> str:
        parser = markdown()
        tokens = copied(written)
        for token in tokens:
            self._fit(token)
            token.children = list(self._pictures(token.children or ())) or None
        return str(parser.renderer.render(tokens, parser.options, {}))

    def _fit(self, token: Token) -> None:
        """Put a heading below the page's own, and an alignment into a class."""
        if token.type in {"heading_open", "heading_close"}:
            token.tag = self._level(token.tag)
        aligned = _ALIGNED.search(str(token.attrs.pop("style", "")))
        if aligned:
            token.attrs["class"] = aligned[1]

    def _level(self, tag: str) -> str:
        return f"h{min(_LAST_HEADING, int(tag[1]) + self._deeper)}"

    def _pictures(self, children: Sequence[Token]) -> Iterator[Token]:
        """Give pictures of this site their size; make links of others."""
        links = 0
        for token in children:
            links += token.nesting if token.tag == "a" else 0
            if token.type != "image":
                yield token
                continue
            if SERVED in token.meta:
                token.attrs |= {"height": str(token.meta[SERVED]), "loading": "lazy"}
                yield token
                continue
            if not token.content.strip():  # it shows nothing that anybody would go and see
                continue
            said = ": ".join(filter(None, (self._labels["image"], token.content)))
            text = Token("text", "", 0, content=said)
            if links:
                yield text
            else:
                yield Token("link_open", "a", 1, attrs={"href": str(token.attrs.get("src", ""))})
                yield from (text, Token("link_close", "a", -1))
