"""Expressions that go wrong for some people: empty values, values that break an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from bypost.check.finding import Finding, Level
from bypost.check.prose import tokens
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.model.course import IfPast, Lesson
from bypost.render import jinja
from bypost.render.parser import CLOSE, OPEN
from bypost.render.scan import closing

JINJA_URL = Rule(
    id="jinja-url",
    level=Level.WARNING,
    title="A value in an address that is not encoded for it",
    why="An expression stands in the query of an address, after the `?`. A value with `&`, `#`, "
    "a space or a letter beyond ASCII cuts the query short or makes another one of it, so the "
    "link works for the persona you tried and breaks for somebody else.",
    fix="Pass the value through `urlencode`.",
    source="RFC 3986, 2.2 and 3.4; measured: a value `a&b` arrived as `a` (2026-11)",
    bad="[Book](https://example.org/book?who={{ subscriber.name }})",
    good="[Book](https://example.org/book?who={{ subscriber.name|urlencode }})",
)
VAR_FALLBACK = Rule(
    id="var-fallback",
    level=Level.WARNING,
    title="A personal value without a text for those who lack it",
    why="Nobody has to give a name, and further columns of the list may be empty. For those "
    "people the expression leaves a hole: `Hello ,`.",
    fix='Give a text with `default("...")`, or put the passage into `::: if subscriber.name`.',
    source="Good practice; the shipped persona `no-name` shows the hole",
    bad="Hello {{ subscriber.name }},",
    good='{{ subscriber.name|default("Hello") }},',
)
NEXT_FALLBACK = Rule(
    id="next-fallback",
    level=Level.WARNING,
    title="A lesson that may be somebody's last speaks of the next one",
    why="A lesson with `if_past: next` or `if_past: at_end` reaches people who are past its place "
    "after other lessons, and for some of them nothing follows it. For them `next.title`, "
    "`next.when` and `next.date` are empty and leave a hole: `The next one, , comes .`.",
    fix="Put the passage into `::: if next.when`, or give a text with `default`.",
    source="Good practice; docs/editing.md says whom `if_past` concerns",
    bad="The next one, {{ next.title }}, comes {{ next.when }}.",
    good="::: if next.when\nThe next one, {{ next.title }}, comes {{ next.when }}.\n:::",
)

RULES = (JINJA_URL, VAR_FALLBACK, NEXT_FALLBACK)

#: Names under ``subscriber`` that everybody has.
_ALWAYS = frozenset({"email", "time_zone", "since"})
#: Names whose values are made of letters, digits and dashes.
_SAFE = frozenset({"id", "number", "minutes", "lessons"})
#: What gives another text where a value is empty.
_GUARDED = re.compile(r"\|\s*(?:default|d)\b|\bor\b|\bif\b")
_URL_ENCODED = re.compile(r"\|\s*urlencode\b")
#: Code, comments and escapes: expressions in them are text.
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)|<!--.*?-->|\\.", re.DOTALL)
#: Stands for an expression in what precedes the next one.
_VALUE = "\ufffc"
#: The end of an address in its query, up to where an expression begins.
_QUERY = re.compile(rf"[:/{_VALUE}][^\s(<>\"']*\?[^\s#()<>\"']*$")


@dataclass(frozen=True, slots=True)
class _Written:
    """An expression as the author wrote it.

    Attributes:
        before: What stands before it in its text.
        guards: Conditions of the ``::: if`` blocks around it.
    """

    source: str
    before: str
    line: int | None
    guards: Sequence[str] = ()


def jinja_url(sample: Sample) -> Iterator[Finding]:
    """An expression in a query without ``urlencode``."""
    for it in _body(sample):
        unsafe = any(name not in _SAFE for _, name in jinja.read(it.source).names)
        if unsafe and _QUERY.search(it.before) and not _URL_ENCODED.search(it.source):
            yield sample.finding(
                JINJA_URL,
                f"`{{{{ {it.source} }}}}` stands in the query of an address without `urlencode`",
                f"write `{{{{ {it.source}|urlencode }}}}`",
                line=it.line,
            )


def var_fallback(sample: Sample) -> Iterator[Finding]:
    """A name or a column without a text for those who lack it; each name once."""
    seen: set[str] = set()
    for it in (*_fields(sample), *_body(sample)):
        if _GUARDED.search(it.source):
            continue
        for root, name in jinja.read(it.source).names:
            full = f"{root}.{name}"
            if root != "subscriber" or name in _ALWAYS or full in seen or full in it.guards:
                continue
            seen.add(full)
            yield sample.finding(
                VAR_FALLBACK,
                f"`{full}` is empty for those who did not give it, and there is no other text",
                f'write `{{{{ {full}|default("...") }}}}`, or put it into `::: if {full}`',
                line=it.line,
            )


def next_fallback(sample: Sample) -> Iterator[Finding]:
    """A word on the next lesson in one that may be the last for people who are past its place.

    In the last lesson of a course the compiler refuses it; in others nothing is ever missing.
    """
    lesson = sample.item
    if not isinstance(lesson, Lesson) or lesson.if_past not in {IfPast.NEXT, IfPast.AT_END}:
        return
    for it in (*_fields(sample), *_body(sample)):
        guarded = _GUARDED.search(it.source) or any(one.startswith("next.") for one in it.guards)
        used = [name for root, name in jinja.read(it.source).names if root == "next"]
        if used and not guarded:
            yield sample.finding(
                NEXT_FALLBACK,
                f"`next.{used[0]}` is empty for those to whom this lesson comes last "
                f"(`if_past: {lesson.if_past}`)",
                "put the passage into `::: if next.when`",
                line=it.line,
            )
            return


def _fields(sample: Sample) -> Iterator[_Written]:
    for key, text in (("subject", sample.subject), ("preheader", sample.preheader)):
        yield from _written(text, sample.line(key), ())


def _body(sample: Sample) -> Iterator[_Written]:
    guards: list[str] = []
    for token in tokens(sample.source.body):
        if token.type == CLOSE:
            guards.pop()
        line = None if token.map is None else sample.source.body_line + token.map[0]
        if token.type in {"inline", OPEN}:
            text = token.content if token.type == "inline" else token.info
            yield from _written(text, line, tuple(guards))
        if token.type == OPEN:
            guards.append(_condition(token))


def _condition(token: Token) -> str:
    kind, _, rest = token.info.strip().partition(" ")
    return rest.strip() if kind == "if" else ""


def _written(text: str, line: int | None, guards: Sequence[str]) -> Iterator[_Written]:
    """Yield the expressions of a text; in what stands before one, others are one sign."""
    text = _CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    before, at = "", 0
    while (start := text.find("{{", at)) >= 0:
        before += text[at:start]
        end = closing(text, start + 2)
        if end is None:
            return
        place = line and line + text.count("\n", 0, start)
        yield _Written(text[start + 2 : end].strip("-+ \t"), before, place, guards)
        before, at = before + _VALUE, end + 2


SAMPLE_CHECKS = (jinja_url, var_fallback, next_fallback)
