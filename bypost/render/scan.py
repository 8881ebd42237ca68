r"""Finds the expressions of a Markdown text and puts words in their place.

Code spans, code blocks and HTML comments are left alone: there the delimiters are literal, so a
course may be about Jinja. A delimiter is made literal elsewhere with a backslash: ``\{{``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bypost.render.expression import BROKEN, understand
from bypost.render.parser import markdown
from bypost.render.problems import Problems
from bypost.render.vocabulary import Vocabulary
from bypost.render.words import Meaning, Place, Words

_STOP = re.compile(r"\\.|`+|<!--|\{[{%#]", re.DOTALL)

_STATEMENT_FIX = "use `::: if NAME`, or put it between backticks if it is an example"


class Scanner:
    """Replaces the expressions of one file's texts by words."""

    def __init__(self, path: str, names: Vocabulary, words: Words, problems: Problems) -> None:
        self.path = path
        self.names = names
        self.words = words
        self.problems = problems
        self._count = 0

    def body(self, body: str, first_line: int) -> str:
        """Return Markdown ``body``, which begins on ``first_line`` of the file, with words."""
        lines = body.split("\n")
        for start, end in _regions(body, len(lines)):
            text = self._replace("\n".join(lines[start:end]), first_line + start, code=True)
            lines[start:end] = text.split("\n")
        return "\n".join(lines)

    def line(self, text: str, line: int | None) -> str:
        """Return a one-line text that is not Markdown (a subject) with words."""
        return self._replace(text, line, code=False)

    def _replace(self, text: str, line: int | None, *, code: bool) -> str:
        parts: list[str] = []
        at = 0
        while match := _STOP.search(text, at):
            place = Place(self.path, line and line + text.count("\n", 0, match.start()))
            parts.append(text[at : match.start()])
            end = match.end()
            if match[0] == "{{":
                end, word = self._expression(text, match.start(), place)
                parts.append(word)
            elif match[0] in {"{%", "{#"}:
                end = self._statement(text, match.start(), place)
            else:
                end = _literal_end(text, match) if code else match.end()
                parts.append(text[match.start() : end])
            at = end
        return "".join((*parts, text[at:]))

    def _expression(self, text: str, start: int, place: Place) -> tuple[int, str]:
        end = closing(text, start + 2)
        if end is None:
            self.problems.add(
                place, "jinja-syntax", "`{{` is not closed on its line", "close it with `}}`"
            )
            return start + 2, self._word(BROKEN, place)
        source = text[start + 2 : end].strip("-+ \t")
        meaning = understand(source, self.names, place, self.problems)
        return end + 2, self._word(meaning, place)

    def _word(self, meaning: Meaning, place: Place) -> str:
        self._count += 1
        return self.words.add(meaning, place, self._count)

    def _statement(self, text: str, start: int, place: Place) -> int:
        kind = "statement" if text[start + 1] == "%" else "comment"
        end = text.find(text[start + 1] + "}", start + 2)
        shown = text[start : end + 2 if end > 0 else start + 20].split("\n")[0]
        self.problems.add(
            place, "jinja-statement", f"a Jinja {kind} `{shown}` is for templates", _STATEMENT_FIX
        )
        return end + 2 if end > 0 else start + 2


def closing(text: str, at: int) -> int | None:
    """Return where the expression that begins at ``at`` ends: at ``}}`` outside quotes."""
    quote = ""
    depth = 0
    while at < len(text) and text[at] != "\n":
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char == "}" and not depth and text.startswith("}}", at):
            return at
        else:
            depth += {"{": 1, "}": -1}.get(char, 0)
        at += 1
    return None


def _literal_end(text: str, match: re.Match[str]) -> int:
    """Return the end of an escape, a code span or a comment that begins at ``match``."""
    if match[0] == "<!--":
        end = text.find("-->", match.end())
        return end + 3 if end >= 0 else match.end()
    if match[0].startswith("\\"):
        return match.end()
    for ticks in re.compile("`+").finditer(text, match.end()):
        if len(ticks[0]) == len(match[0]):
            return ticks.end()
    return match.end()


def _regions(body: str, count: int) -> Iterator[tuple[int, int]]:
    """Yield the line ranges in which expressions are looked for, from the last to the first.

    A code span may run over the lines of one block, never further; lines that belong to no block
    of text (the opening of a container, a link definition) stand alone.
    """
    taken = [False] * count
    blocks: set[tuple[int, int]] = set()
    for token in markdown().parse(body):
        if not token.map:
            continue
        if token.type in {"fence", "code_block"} or _is_comment(token.type, token.content):
            taken[token.map[0] : token.map[1]] = [True] * (token.map[1] - token.map[0])
        elif token.type in {"inline", "html_block"}:
            blocks.add((token.map[0], token.map[1]))
    for start, end in blocks:
        taken[start:end] = [True] * (end - start)
    blocks.update((line, line + 1) for line in range(count) if not taken[line])
    yield from sorted(blocks, reverse=True)


def _is_comment(kind: str, content: str) -> bool:
    return kind == "html_block" and not without_comments(content).strip()


def without_comments(html: str) -> str:
    """Return ``html`` without its comments."""
    return re.sub(r"<!--.*?(-->|\Z)", "", html, flags=re.DOTALL)
