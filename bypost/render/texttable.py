"""A Markdown table as aligned columns of plain text."""

from __future__ import annotations

from collections.abc import Sequence

from bypost.render.width import Width, wrap

_GAP = "  "
_NARROWEST = 8

#: A cell's text and its alignment: ``left``, ``right`` or ``center``.
Cell = tuple[str, str]


def table(rows: Sequence[Sequence[Cell]], columns: int, measure: Width) -> list[str]:
    """Return the rows as lines; the first row is the heading and is underlined.

    Cells are wrapped where the table would be wider than ``columns``; then a blank line parts the
    rows, because otherwise nobody could tell where one ends.
    """
    widths = _widths(rows, columns, measure)
    drawn = [_row(row, widths, measure) for row in rows]
    tall = any(len(lines) > 1 for lines in drawn[1:])
    lines = [*drawn[0], _GAP.join("-" * size for size in widths)]
    for index, row in enumerate(drawn[1:]):
        lines += [""] if tall and index else []
        lines += row
    return lines


def _widths(rows: Sequence[Sequence[Cell]], columns: int, measure: Width) -> list[int]:
    count = len(rows[0])
    widths = [
        max(_NARROWEST // 2, *(measure(row[column][0]) for row in rows)) for column in range(count)
    ]
    room = columns - len(_GAP) * (count - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(row: Sequence[Cell], widths: Sequence[int], measure: Width) -> list[str]:
    cells = [wrap(text, size, measure=measure) for (text, _), size in zip(row, widths, strict=True)]
    height = max(len(lines) for lines in cells)
    drawn: list[str] = []
    for index in range(height):
        parts = [
            _pad(lines[index] if index < len(lines) else "", size, align, measure)
            for lines, size, (_, align) in zip(cells, widths, row, strict=True)
        ]
        drawn.append(_GAP.join(parts).rstrip())
    return drawn


def _pad(text: str, size: int, align: str, measure: Width) -> str:
    room = max(0, size - measure(text))
    if align == "right":
        return " " * room + text
    if align == "center":
        return " " * (room // 2) + text + " " * (room - room // 2)
    return text + " " * room
