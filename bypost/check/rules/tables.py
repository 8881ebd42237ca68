"""Tables as an author wrote them: what Markdown leaves out of them without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.prose import tokens
from bypost.check.rule import Rule
from bypost.check.sample import Sample

TABLE_CELLS = Rule(
    id="table-cells",
    level=Level.ERROR,
    title="Cells of a table that are left out",
    why="The head of a table says how many columns it has. What a row has beyond that Markdown "
    "drops without a word, and nobody gets to read it. As a rule the head was forgotten when a "
    "column was added, or a cell has a `|` of its own, which ends it in code too.",
    fix="Give the head as many cells as the row, or write `\\|` for a sign that is no border.",
    source="GitHub Flavored Markdown, 4.10 Tables: the excess is ignored",
    bad="| Day | What |\n|---|---|\n| Monday | reading | two hours |",
    good="| Day | What | How long |\n|---|---|---|\n| Monday | reading | two hours |",
)

RULES = (TABLE_CELLS,)

#: Expressions are out of the way before Markdown reads the text; their filters have a `|` as well.
_EXPRESSION = re.compile(r"\{\{.*?\}\}")
_BORDER = re.compile(r"(?<!\\)\|")


def table_cells(sample: Sample) -> Iterator[Finding]:
    """Every row has at most as many cells as the head of its table."""
    body = sample.source.body.replace("\r\n", "\n").replace("\r", "\n")
    if "|" not in body:
        return
    body = _EXPRESSION.sub(lambda found: "x" * len(found[0]), body)
    lines, columns, in_head = body.split("\n"), 0, False
    for token in tokens(body):
        if token.type in {"thead_open", "thead_close"}:
            in_head = token.type == "thead_open"
        elif token.type == "tr_open" and token.map:
            cells = _cells(lines[token.map[0]])
            if in_head:
                columns = len(cells)
            elif lost := [cell for cell in cells[columns:] if cell]:
                yield sample.finding(
                    TABLE_CELLS,
                    f"`{lost[0]}` is left out: the head of the table has {columns} cells",
                    "give the head as many, or write `\\|` for a sign that is no border",
                    line=sample.source.body_line + token.map[0],
                )


def _cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in _BORDER.split(line.strip())]
    # A border at either end is none between cells.
    return cells[not cells[0] : len(cells) - (not cells[-1])]


SAMPLE_CHECKS = (table_cells,)
