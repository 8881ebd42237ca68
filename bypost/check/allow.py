"""Exceptions that an author makes in a mail: ``<!-- bypost: allow RULE reason -->``.

Before the first text of a file it is for the whole mail, its front matter too. Anywhere else it is
for the block it stands in, or for the one after it: a paragraph, a list, a container with all it
holds. The comment itself never reaches the mail.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.model.course import Source
from bypost.render.nearest import did_you_mean
from bypost.render.parser import markdown

_COMMENT = re.compile(r"<!--\s*bypost\s*:\s*(.*?)\s*-->", re.DOTALL)
_FORM = "write `<!-- bypost: allow RULE reason -->`"

ALLOW_WRONG = Rule(
    id="allow-wrong",
    level=Level.ERROR,
    title="An exception that cannot be read",
    why="A comment that begins with `bypost:` makes an exception from a rule. One that names no "
    "rule, a rule that is not there, or no reason would leave whoever reads it later guessing, "
    "and a rule that keeps mail from being made knows no exception.",
    fix="Write `<!-- bypost: allow RULE reason -->` with the id of a rule, which stands in "
    "brackets behind each finding, and a reason in your own words.",
    source="ByPost",
    bad="<!-- bypost: allow subject-lng -->",
    good="<!-- bypost: allow subject-long the title of the book is the subject -->",
)
ALLOW_UNUSED = Rule(
    id="allow-unused",
    level=Level.INFO,
    title="An exception that nothing needs",
    why="Nothing in its reach breaks the rule any more, or it stands before another block than "
    "meant. It would silence the next mistake there.",
    fix="Remove the comment, or move it directly before the block it is for.",
    source="ByPost",
    bad="<!-- bypost: allow words short on purpose -->\n\nA text of 300 words.",
    good="A text of 300 words.",
)

RULES = (ALLOW_WRONG, ALLOW_UNUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One exception.

    Attributes:
        line: Where it stands.
        first, last: The lines it is for; None for the whole mail.
    """

    rule: str
    path: str
    line: int
    first: int | None = None
    last: int | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether it is made for ``finding``."""
        if (finding.rule, finding.path) != (self.rule, self.path):
            return False
        if self.first is None or self.last is None:
            return True
        return finding.line is not None and self.first <= finding.line <= self.last


def read(
    sources: Iterable[Source], catalogue: Mapping[str, Rule]
) -> tuple[list[Allowance], list[Finding]]:
    """Return the exceptions made in ``sources``, and what is wrong with some of them."""
    allowances: list[Allowance] = []
    wrong: list[Finding] = []
    for source in sources:
        if "bypost" not in source.body:
            continue
        for line, words, reach in _comments(source):
            if complaint := _complaint(words, catalogue):
                wrong.append(_wrong(source.path, line, *complaint))
                continue
            first, last = reach or (None, None)
            allowances.append(
                Allowance(rule=words[1], path=source.path, line=line, first=first, last=last)
            )
    return allowances, wrong


def apply(
    findings: Sequence[Finding], allowances: Sequence[Allowance], asked: Collection[str]
) -> Iterator[Finding]:
    """Yield the findings that no exception covers, and the exceptions that cover none.

    Args:
        asked: Ids of the rules that were asked; an exception from another one may be needed
            another time.
    """
    used: set[Allowance] = set()
    for finding in findings:
        covering = [it for it in allowances if it.covers(finding)]
        used.update(covering)
        if not covering:
            yield finding
    for allowance in allowances:
        if allowance not in used and allowance.rule in asked:
            message = f"`{allowance.rule}` finds nothing here that the exception is for"
            fix = "remove the comment, or move it before the block it is for"
            yield ALLOW_UNUSED.at(allowance.path, message, fix=fix, line=allowance.line)


def _wrong(path: str, line: int, message: str, fix: str) -> Finding:
    return ALLOW_WRONG.at(path, message, fix=fix, line=line)


def _complaint(words: Sequence[str], catalogue: Mapping[str, Rule]) -> tuple[str, str] | None:
    """Return what is wrong with the words of a comment, and how to mend it."""
    if words[:1] != ["allow"]:
        return "a comment that begins with `bypost:` is not understood", _FORM
    if len(words) < 2:
        return "the exception names no rule", _FORM
    if (rule := catalogue.get(words[1])) is None:
        fix = did_you_mean(words[1], catalogue) or "all rules: docs/rules/README.md"
        return f"there is no rule `{words[1]}`", fix
    if rule.holds:
        return f"`{rule.id}` keeps the mail from being made: nothing can allow it", "mend the text"
    if len(words) < 3:
        return f"the exception from `{rule.id}` gives no reason", _FORM
    return None


#: First and last line of the file.
_Reach = tuple[int, int]


def _comments(source: Source) -> Iterator[tuple[int, list[str], _Reach | None]]:
    """Yield line, words and reach of each comment; a reach of None is the whole mail."""
    tokens = [token for token in markdown().parse(source.body) if token.map]
    begun = False
    for at, token in enumerate(tokens):
        start, end = token.map or (0, 0)
        text = token.content if token.type == "html_block" else _inline_html(token)
        for comment in _COMMENT.finditer(text):
            offset = _offset(source.body, start, comment[0])
            reach = (start, end) if token.type == "inline" else _next_block(tokens, at)
            lines = (source.body_line + reach[0], source.body_line + reach[1] - 1)
            line = source.body_line + offset
            yield line, comment[1].split(), lines if begun else None
        begun = begun or token.type != "html_block" or bool(_COMMENT.sub("", text).strip())


def _inline_html(token: Token) -> str:
    """Return the comments in the middle of a text; those in code spans are text."""
    return "".join(it.content for it in token.children or () if it.type == "html_inline")


def _offset(body: str, start: int, comment: str) -> int:
    """Return the line of the body, from 0, on which ``comment`` begins at or after ``start``."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = comment.split("\n")[0]
    return next((at for at in range(start, len(lines)) if first in lines[at]), start)


def _next_block(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    """Return the lines, from 0, of the comment at ``at`` and of the next block that is none."""
    start, end = tokens[at].map or (0, 0)
    for token in tokens[at + 1 :]:
        if token.map and token.map[0] >= end and not _is_comment(token):
            return start, token.map[1]
    return start, end


def _is_comment(token: Token) -> bool:
    return token.type == "html_block" and not _COMMENT.sub("", token.content).strip()
