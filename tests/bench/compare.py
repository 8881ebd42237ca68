"""``make bench-check``: measures what is quick again, and compares it with what is kept.

    python -m tests.bench.compare [--only SUBJECT]

Compared are ratios within a run, memory and bytes; never seconds or rates, which are another
machine's or another minute's. A figure is worse where it lies beyond the noise: a ratio by more
than a quarter, memory and bytes by more than 15 %, and both beyond the worst round that is kept.
A subject with something worse is measured once more; what is as bad both times counts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.bench import kept
from tests.bench.figure import Figure
from tests.bench.subjects import SUBJECTS, Subject

RATIO_BAND, SIZE_BAND = 0.25, 0.15
#: Units of values that are compared although they are no ratios.
SIZES = frozenset({"MB", "B"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure beside the one that is kept.

    Attributes:
        limit: Beyond it, it is worse.
    """

    now: Figure
    was: float
    number: float
    limit: float

    @property
    def is_worse(self) -> bool:
        """Tell whether it lies beyond the noise."""
        return self.number > self.limit if self.now.at_most else self.number < self.limit


def number(figure: Figure) -> float | None:
    """Return what of a figure is compared; None: nothing."""
    if figure.ratio is not None:
        return figure.ratio
    return figure.value if figure.unit in SIZES else None


def limit(figure: Figure) -> float | None:
    """Return the worst that another run may find without being worse; None: it is not compared."""
    was = number(figure)
    if was is None:
        return None
    band = SIZE_BAND if figure.ratio is None else RATIO_BAND
    if figure.at_most:
        return max(was * (1 + band), figure.high if figure.runs > 1 else was)
    return min(was * (1 - band), figure.low if figure.runs > 1 else was)


def compare(known: Iterable[Figure], found: Iterable[Figure]) -> Iterator[Compared]:
    """Yield the figures that both have and that can be compared."""
    by_key = {one.key: one for one in known}
    for now in found:
        before = by_key.get(now.key)
        if before is None or now.at_most is not before.at_most:
            continue
        was, measured, worst = number(before), number(now), limit(before)
        if was is not None and measured is not None and worst is not None:
            yield Compared(now=now, was=was, number=measured, limit=worst)


def look(subject: Subject, known: Iterable[Figure]) -> list[Compared]:
    """Measure a subject at its quick sizes and compare it; twice, if something is worse.

    Raises:
        ValueError: It has no quick sizes.
    """
    before = list(known)
    first = _measured(subject, before)
    if not any(one.is_worse for one in first.values()):
        return list(first.values())
    second = _measured(subject, before)
    return [second.get(key, one) if one.is_worse else one for key, one in first.items()]


def _measured(subject: Subject, known: Iterable[Figure]) -> dict[str, Compared]:
    if subject.quick is None:
        raise ValueError(f"{subject.title} is not quick")
    found = [one for one in subject.run(subject.quick) if one.key not in subject.large]
    return {one.now.key: one for one in compare(known, found)}


def shown(compared: Iterable[Compared]) -> Table:
    """Return a table, with what is worse marked."""
    table = Table(box=None, pad_edge=False)
    for head in ("figure", "kept", "now", "limit", ""):
        table.add_column(head, justify="left" if head in ("figure", "") else "right")
    for one in compared:
        numbers = [f"{value:,.3g}" for value in (one.was, one.number)]
        sign = "≤" if one.now.at_most else "≥"
        word = "WORSE" if one.is_worse else ""
        table.add_row(one.now.key, *numbers, f"{sign} {one.limit:,.3g}", word)
    return table


def main() -> int:
    """Measure, print the table, and return the exit code: 1 where something is worse."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compare", description=__doc__)
    parser.add_argument("--only", choices=SUBJECTS, help="one subject; all the quick ones else")
    given = parser.parse_args()
    console = Console(highlight=False, width=120)
    compared: list[Compared] = []
    for name, known in kept.read().items():
        subject = SUBJECTS.get(name)
        if subject is None or subject.quick is None or given.only not in (None, name):
            continue
        with console.status(name):
            compared += look(subject, known.figures)
    console.print(shown(compared))
    worse = sum(one.is_worse for one in compared)
    console.print(f"{len(compared)} figures compared, {worse} worse")
    return 1 if worse or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
