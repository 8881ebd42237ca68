"""The text itself: how much of it there is, and in what order its headings come."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bypost.check.finding import Finding, Level
from bypost.check.prose import UNSPACED, language_of, length
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.model.course import Kind
from bypost.model.quantity import quantity

FEWEST = 50
MOST = 5_000
#: Where words have no spaces between them, signs are counted, and so many are taken for a word.
SIGNS_A_WORD = 2

WORDS = Rule(
    id="words",
    level=Level.INFO,
    title="A text much shorter or longer than mails are",
    why=f"A mail of fewer than {FEWEST} words may be unfinished, one of more than {MOST:,} is a "
    "chapter that few read on a phone. Notices are left out: they are short because they should "
    "be.",
    fix="Say more, or join it with another mail; or make two mails of it.",
    source="The limits that Buttondown's own check uses (2026-11)",
    bad="More about this next time.",
    good="Three paragraphs and an exercise.",
)
HEADING_ORDER = Rule(
    id="heading-order",
    level=Level.WARNING,
    title="Headings out of order",
    why="Who has a mail read out moves by its headings and takes a level left out for a part "
    "that is missing. The first level (`#`) is the mail's own heading: it stands there once, at "
    "the beginning; anywhere else it is an error.",
    fix="Write each heading one level below the one it belongs to: `##`, below it `###`.",
    source="WCAG 2.2, 1.3.1 Info and Relationships",
    bad="# Short sentences\n\n#### Why they help",
    good="# Short sentences\n\n## Why they help",
)

RULES = (WORDS, HEADING_ORDER)

_EXPRESSION = re.compile(r"\{\{.*?\}\}")


def words(sample: Sample) -> Iterator[Finding]:
    """A mail of a few words may be unfinished, one of thousands is a chapter.

    Notices are left out: they are short because they should be.
    """
    if sample.kind is Kind.NOTICE:
        return
    text = "\n".join(_shown(token) for token in _tokens(sample))
    language = language_of(sample.content.language)
    count = length(text, language) // (SIGNS_A_WORD if language in UNSPACED else 1)
    if FEWEST <= count <= MOST:
        return
    fix = "say more, or join it with another mail" if count < FEWEST else "make two mails of it"
    yield sample.finding(WORDS, f"the text has {quantity(count, 'word')}", fix)


def heading_order(sample: Sample) -> Iterator[Finding]:
    """Who hears a mail read out moves by its headings: no level may be left out.

    That the first level stands there once, at the beginning, is the compiler's own rule.
    """
    before = 1
    for token in _tokens(sample):
        if token.type != "heading_open" or not token.map:
            continue
        level = int(token.tag[1:])
        if level > before + 1:
            yield sample.finding(
                HEADING_ORDER,
                f"a heading of level {level} follows one of level {before}",
                f"write it with `{'#' * (before + 1)}`",
                line=sample.source.body_line + token.map[0],
            )
        before = level


SAMPLE_CHECKS = (words, heading_order)


def _tokens(sample: Sample) -> list[Token]:
    return MarkdownIt("commonmark").parse(sample.source.body)


def _shown(token: Token) -> str:
    """Return the text a token shows: no link targets, no marks of containers."""
    if token.type in ("fence", "code_block"):
        return token.content
    text = "".join(
        child.content or "\n"
        for child in token.children or ()
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    )
    # An expression shows one word or so.
    text = _EXPRESSION.sub("word", text)
    return "\n".join(line for line in text.split("\n") if not line.startswith(":::"))
