"""Findings for people and for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from textwrap import fill, indent

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule

#: Lines longer than this are hard to follow on a wide terminal.
_COLUMNS = 88

_SYMBOLS = {Level.ERROR: "✗", Level.WARNING: "!", Level.INFO: "i"}
_PLURALS = {Level.ERROR: "errors", Level.WARNING: "warnings", Level.INFO: "notes"}
_SINGULARS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def exit_code(findings: Sequence[Finding], *, strict: bool = False) -> int:
    """Return 2 where content has an error, 1 where it is strict and there is a warning, else 0."""
    levels = {finding.level for finding in findings}
    if Level.ERROR in levels:
        return 2
    return 1 if strict and Level.WARNING in levels else 0


def as_text(findings: Sequence[Finding]) -> str:
    """Return the findings, each as ``path:line: message`` with its fix below; a sum at the end.

    Args:
        findings: In the order of their paths, as ``findings()`` returns them.
    """
    blocks = [
        "\n".join(_lines(finding) for finding in group)
        for _, group in groupby(findings, key=lambda finding: finding.path)
    ]
    return "\n\n".join([*blocks, summary(findings)])


def as_json(findings: Sequence[Finding]) -> dict[str, list[dict[str, str | int | None]]]:
    """Return ``{"findings": [{rule, level, path, line, message, fix}]}``; the keys are stable."""
    return {
        "findings": [
            {
                "rule": finding.rule,
                "level": finding.level.value,
                "path": finding.path,
                "line": finding.line,
                "message": finding.message,
                "fix": finding.fix,
            }
            for finding in findings
        ]
    }


def explanation(rule: Rule) -> str:
    """Return all about one rule, for a terminal."""
    wrapped = [fill(text, _COLUMNS, break_on_hyphens=False) for text in (rule.why, rule.fix)]
    parts = [
        f"{rule.id} ({rule.level}): {rule.title}",
        wrapped[0],
        wrapped[1],
        "Reported:\n" + indent(rule.bad, "    "),
        "Mended:\n" + indent(rule.good, "    "),
        _exception(rule),
        fill(f"Source: {rule.source}", _COLUMNS),
    ]
    return "\n\n".join(parts)


def _exception(rule: Rule) -> str:
    if rule.holds:
        return "No exception: a mail cannot be made like this."
    return f"An exception, in the mail:\n    <!-- bypost: allow {rule.id} reason -->"


def summary(findings: Sequence[Finding]) -> str:
    """Return how many there are of each level, e.g. ``1 error, 2 warnings``."""
    counts = Counter(finding.level for finding in findings)
    parts = [
        f"{counts[level]} {_SINGULARS[level] if counts[level] == 1 else _PLURALS[level]}"
        for level in Level
        if counts[level]
    ]
    return ", ".join(parts) or "nothing found"


def _lines(finding: Finding) -> str:
    # Terminals and editors open `path:line`.
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    first = f"{_SYMBOLS[finding.level]} {place}: {finding.message}  [{finding.rule}]"
    return f"{first}\n    {finding.fix}" if finding.fix else first
