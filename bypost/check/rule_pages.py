"""The page that each rule has in the docs, and their table of contents.

``python -m bypost.check.rule_pages FOLDER`` writes them (``make docs``).
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from bypost.check.catalogue import CATALOGUE, about
from bypost.check.rule import Rule

_ABOUT = (
    "Ids do not change. How much a rule weighs is decided under [`[check]`](../settings.md#check), "
    "and one mail can make [an exception](../writing.md#exceptions)."
)
_HEADS = {
    True: "## What keeps a mail from being sent",
    False: "## What can be sent, and should not be like this",
}
_MADE = "<!-- Made from the rules by `make docs`; a change here is lost. -->"


def pages() -> dict[str, str]:
    """Return file name -> text of every page, and of their table of contents."""
    return {"README.md": index(), **{f"{name}.md": page(CATALOGUE[name]) for name in CATALOGUE}}


def page(rule: Rule) -> str:
    """Return a rule's page, as Markdown."""
    parts = [f"# {rule.id}", _MADE, about(rule), "[All rules](README.md)"]
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """Return the table of all rules, as Markdown."""
    rules = sorted(CATALOGUE.values(), key=lambda rule: (not rule.holds, rule.id))
    parts = [
        "# The rules of `bypost check`",
        _MADE,
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


if __name__ == "__main__":
    write(Path(sys.argv[1]))
