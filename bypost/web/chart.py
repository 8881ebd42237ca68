"""Bars as inline SVG: everything is worked out here, the template only writes it down.

Lengths are per cent of the drawing, so that it fits any width and its texts are never stretched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bypost.model.quantity import quantity

#: A limit so many times as high as the highest bar is told in words only.
FAR = 3
#: Words under the bars; more of them run into each other on a phone.
_MOST_MARKS = 5
#: Share of a bar's place that the bar takes.
_WIDE = 0.8

#: A label, and a number for each series.
Row = tuple[str, int] | tuple[str, Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The part of a bar that belongs to one series; y from the top, in per cent."""

    series: int
    words: str
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar.

    Attributes:
        values: One for each series.
        hot: How high the part over the limit is; 0 for none.
    """

    label: str
    values: Sequence[int]
    pieces: Sequence[Piece]
    x: float
    width: float
    hot: float
    hot_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A piece of the line of what is allowed."""

    x1: float
    x2: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Words under a bar."""

    words: str
    x: float
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A drawing with its table and its file; the macro ``chart`` shows it.

    Attributes:
        said: What it shows, in a sentence.
        first: What the rows are: Day, Hour, Lesson.
        names: Of the series, from the bottom up.
        top: The number at its upper edge; 0 where all are 0, and then nothing is drawn.
        allowed: What the line of the limit is, in words; empty for none.
        csv: Where the same numbers are a file; empty for nowhere.
    """

    title: str
    said: str
    first: str
    names: Sequence[str]
    top: int
    bars: Sequence[Bar]
    marks: Sequence[Mark]
    limits: Sequence[Limit]
    allowed: str
    csv: str


def bars(
    title: str,
    rows: Sequence[Row],
    *,
    names: Sequence[str] = ("Mails",),
    first: str = "Day",
    said: str = "",
    limit: int | Sequence[int | None] | None = None,
    allowed: str = "",
    csv: str = "",
) -> Bars:
    """Work out a drawing.

    Args:
        rows: A label and a number, or a label and a number for each of ``names``; these stand on
            top of each other.
        said: What it shows, in a sentence; the total and the highest bar by default.
        limit: What is allowed for every bar, or for each.
        allowed: What the limit is, in words.
        csv: Where the same numbers are a file, e.g. ``/desk/today.csv``.
    """
    table = [(label, (v,) if isinstance(v, int) else tuple(v)) for label, v in rows]
    sums = [sum(values) for _, values in table]
    of_each = [limit] * len(table) if limit is None or isinstance(limit, int) else list(limit)
    highest = max(sums, default=0)
    near = [one for one in of_each if one is not None and one <= FAR * highest]
    top = round_up(max([highest, *near])) if highest else 0
    place = 100 / len(table) if table else 0.0
    return Bars(
        title=title,
        said=said or _said(table, sums, names),
        first=first,
        names=names,
        top=top,
        bars=[
            _bar(number, label, values, names, place, top, of_each[number])
            for number, (label, values) in enumerate(table)
        ],
        marks=_marks([label for label, _ in table], place),
        limits=_limits(of_each, place, top) if near else (),
        allowed=allowed if near else "",
        csv=csv,
    )


def round_up(number: int) -> int:
    """Return the next number that is easy to read, and its half too: 2, 4, 6, 8, 10, 20, 30 ..."""
    if not number:
        return 0
    step = 1
    while True:
        for tenths in (10, 15, 20, 25, 30, 40, 50, 60, 80):
            if tenths * step >= 10 * number and tenths * step % 20 == 0:
                return tenths * step // 10
        step *= 10


def _bar(
    number: int,
    label: str,
    values: tuple[int, ...],
    names: Sequence[str],
    place: float,
    top: int,
    limit: int | None,
) -> Bar:
    pieces, below = [], 0
    for series, value in enumerate(values):
        below += value
        if value:
            y, height = _per_cent(top - below, top), _per_cent(value, top)
            words = _counted(value, names[series])
            pieces.append(Piece(series=series, words=words, y=y, height=height))
    over = max(0, below - limit) if limit is not None else 0
    return Bar(
        label=label,
        values=values,
        pieces=pieces,
        x=round(place * (number + (1 - _WIDE) / 2), 3),
        width=round(place * _WIDE, 3),
        hot=_per_cent(over, top),
        hot_y=_per_cent(top - below, top),
    )


def _limits(limits: Sequence[int | None], place: float, top: int) -> list[Limit]:
    """Return the line, in as few pieces as it has steps; where nothing is limited there is none."""
    found: list[Limit] = []
    before: int | None = None
    for number, limit in enumerate(limits):
        if limit is not None and limit <= top:
            x1, x2 = round(place * number, 3), round(place * (number + 1), 3)
            if found and limit == before:
                x1 = found.pop().x1
            found.append(Limit(x1=x1, x2=x2, y=_per_cent(top - limit, top)))
        before = limit
    return found


def _marks(labels: Sequence[str], place: float) -> list[Mark]:
    """Return words under some bars, evenly apart; those at the ends stay inside the drawing."""
    if not labels:
        return []
    apart = -(-len(labels) // _MOST_MARKS)
    found = []
    for number in range(0, len(labels), apart):
        x, anchor = round(place * (number + 0.5), 3), _anchor(number, len(labels))
        found.append(Mark(words=labels[number], x=_at(anchor, x), anchor=anchor))
    return found


def _anchor(number: int, count: int) -> Literal["start", "middle", "end"]:
    if count > 1 and number == 0:
        return "start"
    return "end" if count > 1 and number == count - 1 else "middle"


def _at(anchor: str, x: float) -> float:
    return {"start": 0.0, "end": 100.0}.get(anchor, x)


def _counted(number: int, name: str) -> str:
    """Return "3 joined", "1 mail" or "2 mails", by the name of a series."""
    return quantity(number, "mail") if name == "Mails" else f"{number:,} {name.lower()}"


def _per_cent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _said(
    table: Sequence[tuple[str, Sequence[int]]], sums: Sequence[int], names: Sequence[str]
) -> str:
    """Return a drawing in a sentence."""
    if not any(sums):
        return "None so far."
    highest = max(sums)
    at = table[sums.index(highest)][0]
    every = [sum(values[n] for _, values in table) for n in range(len(names))]
    parts = [_counted(many, name) for many, name in zip(every, names, strict=True)]
    return f"{', '.join(parts)} in all; the most, {highest:,}, at {at}."
