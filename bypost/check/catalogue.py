"""All rules by their ids, and what is to be known about each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bypost.check import allow, links
from bypost.check.finding import Level
from bypost.check.rule import Rule
from bypost.check.rules import RULES

CATALOGUE: Mapping[str, Rule] = {rule.id: rule for rule in (*RULES, *allow.RULES, *links.RULES)}

_HEADS = {
    True: "## What keeps a mail from being sent",
    False: "## What can be sent, and should not be like this",
}


def about(rule: Rule) -> str:
    """Return what is to be known about one rule, as Markdown."""
    parts = [
        f"**{rule.title}.** Level: {rule.level}.",
        rule.why,
        "## What to do",
        rule.fix,
        "Reported:",
        _fenced(rule.bad),
        "Mended:",
        _fenced(rule.good),
        "## An exception",
        _exception(rule),
        f"Source: {rule.source.removesuffix('.')}.",
    ]
    return "\n\n".join(parts)


def _exception(rule: Rule) -> str:
    if rule.holds:
        return "There is none: the mail cannot be made like this, and the course is held back."
    if rule.id.startswith("allow-"):
        return f'Only for the whole project: `infos = ["{rule.id}"]` or `off` under `[check]`.'
    comment = f"<!-- bypost: allow {rule.id} why it is right here -->"
    weight = "errors" if rule.level is not Level.ERROR else "warnings"
    return (
        "In a mail, before the block it is for, or at the beginning of the text for the whole "
        f"mail:\n\n{_fenced(comment)}\n\nIn `bypost.toml`, for the whole project:\n\n"
        + _fenced(f'[check]\noff = ["{rule.id}"]      # or: {weight} = ["{rule.id}"]')
    )


def _fenced(text: str) -> str:
    """Return ``text`` as a block of code, whatever fences it has itself."""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"
