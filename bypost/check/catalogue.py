"""All rules by their ids, and the page that each has in the docs.

``python -m bypost.check.catalogue FOLDER`` writes the pages (``make docs``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from bypost.check import allow, links
from bypost.check.finding import Level
from bypost.check.rule import Rule
from bypost.check.rules import RULES

CATALOGUE: Mapping[str, Rule] = {rule.id: rule for rule in (*RULES, *allow.RULES, *links.RULES)}

_HEADS = {
    True: "## What keeps a mail from being sent",
    False: "## What can be sent, and should not be like this",
}
_ABOUT = (
    "Ids do not change. How much a rule weighs is decided under [`[check]`](../settings.md#check), "
    "and one mail can make [an exception](../writing.md#exceptions)."
)
_MADE = "<!-- Made from the rules by `make docs`; a change here is lost. -->\n"


def pages() -> dict[str, str]:
    """Return file name -> text of every page, and of their table of contents."""
    return {"README.md": index(), **{f"{name}.md": page(CATALOGUE[name]) for name in CATALOGUE}}


def page(rule: Rule) -> str:
    """Return what is to be known about one rule, as Markdown."""
    parts = [
        f"# {rule.id}",
        _MADE.strip(),
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
        f"Source: {rule.source}." if not rule.source.endswith(".") else f"Source: {rule.source}",
        "[All rules](README.md)",
    ]
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """Return the table of all rules, as Markdown."""
    rules = sorted(CATALOGUE.values(), key=lambda rule: (not rule.holds, rule.id))
    parts = [
        "# The rules of `bypost check`",
        _MADE.strip(),
        _ABOUT,
    ]
    for holds, group in groupby(rules, key=lambda rule: rule.holds):
        rows = [f"| [`{it.id}`]({it.id}.md) | {it.level} | {it.title} |" for it in group]
        parts += [
            _HEADS[holds],
            "\n".join(["| Rule | Level | What it reports |", "|---|---|---|", *rows]),
        ]
    return "\n\n".join(parts) + "\n"


def write(folder: Path) -> None:
    """Write all pages into ``folder``; a page without a rule is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for path in folder.glob("*.md"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


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


if __name__ == "__main__":
    write(Path(sys.argv[1]))
