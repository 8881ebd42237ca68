"""Audiences in files: each can be read, and what it names is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bypost.audience import BadAudience, Expression, expand
from bypost.audience import expression as tree
from bypost.audience.mistake import did_you_mean
from bypost.audience.saved import terms
from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Series, Whole
from bypost.content.audiences import FILE_NAME, Written, load_audiences, read
from bypost.content.lines import line_of
from bypost.content.toml import key_lines
from bypost.errors import Problem
from bypost.model.course import Course, Newsletter

AUDIENCE = Rule(
    id="audience",
    level=Level.ERROR,
    title="An audience that cannot be read, or that names what is not there",
    why="An issue whose audience cannot be read is sent to nobody, and a course or newsletter that "
    "is not there has nobody on it. A name that is in no file is a warning: it may be one that "
    "was saved on a page.",
    fix="Mend it at the place that is pointed at; docs/audiences.md has every word.",
    source="docs/audiences.md",
    bad="alumni = 'tga \"alumni\"'",
    good="alumni = 'tag \"alumni\"'",
)

RULES = (AUDIENCE,)


def audiences(whole: Whole) -> Iterator[Finding]:
    """Each audience of ``audiences.toml``, of a newsletter and of an issue can be used."""
    problems: list[Problem] = []
    files = load_audiences(whole.around.root, problems)
    yield from map(_finding, problems)
    for one in files.values():
        yield from _judge(whole, files, one.expression, FILE_NAME, one.line)
    for series in whole.series:
        for text, path, line in _asked(whole.around.root, series):
            found = read(text, path, line)
            if isinstance(found, Problem):
                yield _finding(found)
            else:
                yield from _judge(whole, files, found, path, line)


def _asked(root: Path, series: Series) -> Iterator[tuple[str, str, int | None]]:
    """Yield the audiences that a newsletter and its issues name, and where."""
    newsletter = series.of
    if not isinstance(newsletter, Newsletter):
        return
    if newsletter.audience:
        path = f"{newsletter.path}/newsletter.toml"
        yield newsletter.audience, path, _toml_line(root / path)
    for issue in newsletter.issues:
        if issue.audience:
            yield issue.audience, issue.source.path, issue.source.key_lines.get("audience")


def _judge(
    whole: Whole, files: dict[str, Written], one: Expression, path: str, line: int | None
) -> Iterator[Finding]:
    """Yield what an expression names that is not there."""
    try:
        found = expand(one, lambda name: _expression(files, name), list(files))
    except BadAudience as error:
        missing = error.message.startswith("there is no audience")
        level = Level.WARNING if missing else Level.ERROR
        page = "; one that was saved on a page is not seen from here" if missing else ""
        yield AUDIENCE.at(path, error.message, fix=f"{error.fix}{page}", line=line, level=level)
        return
    for term in terms(found):
        kind, name = _named(term)
        wanted = Course if kind == "course" else Newsletter
        names = {it.of.id for it in whole.series if isinstance(it.of, wanted)}
        if kind and name not in names:
            fix = did_you_mean(name, names) or f"known: {', '.join(sorted(names)) or 'none'}"
            message = f"there is no {kind} `{name}`"
            yield AUDIENCE.at(path, message, fix=fix, line=line, level=Level.WARNING)


def _named(term: Expression) -> tuple[str, str]:
    """Return the course or newsletter that a term names; empty for none."""
    match term:
        case tree.Course(course):
            return "course", course
        case tree.Newsletter(newsletter):
            return "newsletter", newsletter
        case tree.Had(kind, folder):
            return ("course" if kind == "lesson" else "newsletter"), folder
    return "", ""


def _expression(files: dict[str, Written], name: str) -> Expression | None:
    return files[name].expression if name in files else None


def _finding(problem: Problem) -> Finding:
    return AUDIENCE.at(problem.path, problem.message, fix=problem.fix, line=problem.line)


def _toml_line(path: Path) -> int | None:
    try:
        return line_of(key_lines(path.read_text(encoding="utf-8-sig")), ("audience",))
    except (OSError, ValueError):
        return None


PROJECT_CHECKS = (audiences,)
