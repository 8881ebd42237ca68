"""Labels on the left, what they stand for on the right."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bypost.cli import console

#: A label and what it stands for; without a label it goes on from the line above.
Line = tuple[str, Text]


def sheet(lines: Sequence[Line]) -> RenderableType:
    """Return lines aligned: wrapped within their column on a terminal, whole in a pipe."""
    if console.out.is_terminal:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for label, value in lines:
            table.add_row(label, value)
        return table
    width = max((len(label) for label, _ in lines), default=0) + 2
    whole = [f"{label:<{width}}{value.plain}" for label, value in lines]
    return Group(*(Text(line.rstrip()) for line in whole))
