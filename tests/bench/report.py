"""``docs/benchmarks.md`` as a whole, made of the figures that are kept.

    python -m tests.bench.report

Nothing is measured: the same ``ratios.json`` and ``remarks.toml`` give the same page. Remarks are
written by hand: what a goal that is missed was missed by, and what profiles showed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench import kept
from tests.bench.figure import Figure
from tests.bench.kept import Measured
from tests.bench.subjects import SUBJECTS
from tests.conftest import CHECKOUT

PAGE = CHECKOUT / "docs" / "benchmarks.md"
REMARKS = Path(__file__).with_name("remarks.toml")

_HEAD = """\
# Benchmarks

`make bench` measures all of this and writes this page; `make bench BENCH="--only bodies --write"`
one subject of it. Seconds and rates are those of one machine on one day. What holds elsewhere are
ratios to something that the same run measured, bytes and memory; `make bench-check` measures those
that are quick again, and fails where one is worse than here by more than the noise: a ratio by
more than a quarter, memory and bytes by more than 15 %, and both beyond the worst round, in two
runs of the subject.

*value* is the median of the rounds; *ratio* the median of each round's ratio, both sides measured
in turns. *spread* is the least and the most of the ratio, or of the value where there is no ratio;
without one there was one round. A goal stands for the ratio, or for the value where there is no
ratio.
"""
_TITLES = ("what", "value", "ratio", "to", "spread", "rounds", "goal", "")
_RULE = ("---", "---:", "---:", "---", "---:", "---:", "---:", "---")


def render(found: Mapping[str, Measured], remarks: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        found: By subject; those without figures are left out.
        remarks: By subject, Markdown that follows its table; ``goals`` follows the goals.
    """
    known = {name: found[name] for name in SUBJECTS if name in found}
    blocks = [_HEAD.rstrip(), "## Goals", _goals(known), remarks.get("goals", "").strip()]
    blocks += ["## Machine", _machines(known)]
    for name, one in known.items():
        blocks += _subject(name, one, remarks.get(name, "").strip())
    return "\n\n".join(filter(None, blocks)) + "\n"


def _goals(known: Mapping[str, Measured]) -> str:
    rows: list[tuple[str, ...]] = [("", "what", "measured", "goal", "")]
    rows.append(("---", "---", "---:", "---:", "---"))
    for name, one in known.items():
        for figure in one.figures:
            if figure.goal is not None:
                measured = _number(figure.value, figure.unit)
                if figure.ratio is not None:
                    measured = f"{_ratio(figure.ratio)} × {figure.to}"
                title = ", ".join(filter(None, [SUBJECTS[name].title, one.sizes]))
                rows.append((title, figure.what, measured, _goal(figure), result(figure)))
    return _table(rows)


def _machines(known: Mapping[str, Measured]) -> str:
    """Return each machine and its versions once, with the subjects that were measured there."""
    subjects: dict[str, list[str]] = {}
    for name, one in known.items():
        words = f"{one.machine.line}. {one.machine.versions}."
        subjects.setdefault(words, []).append(SUBJECTS[name].title)
    if len(subjects) == 1:
        return next(iter(subjects))
    return "\n".join(f"* {', '.join(names)}: {words}" for words, names in subjects.items())


def _subject(name: str, one: Measured, remark: str) -> Iterator[str]:
    subject = SUBJECTS[name]
    yield f"## {subject.title}"
    yield subject.method
    yield _table([_TITLES, _RULE, *map(cells, one.figures)])
    notes = {it.note: it.what for it in reversed(one.figures) if it.note}
    yield "\n".join(f"* *{what}*: {note}" for note, what in reversed(notes.items()))
    yield remark
    usual = subject.usual.words
    sizes = one.sizes if one.sizes == usual else f"{one.sizes} instead of {usual}"
    sizes = f"{sizes}; " if one.sizes else ""
    disk = f"8 kB and `fdatasync`: {one.machine.disk:.2f} ms"
    yield f'Measured on {one.date}; {sizes}{disk}. `make bench BENCH="--only {name}"`.'


def cells(figure: Figure) -> tuple[str, ...]:
    """Return the cells of one figure, in the order of the titles."""
    spread = ""
    if figure.runs > 1:
        form = _plain if figure.ratio is None else _ratio
        spread = f"{form(figure.low)} to {form(figure.high)}"
    return (
        figure.what,
        _number(figure.value, figure.unit),
        "" if figure.ratio is None else _ratio(figure.ratio),
        figure.to,
        spread,
        str(figure.runs),
        _goal(figure),
        result(figure),
    )


def result(figure: Figure) -> str:
    """Return whether the goal is met, or by how much it is missed; empty without a goal."""
    if figure.goal is None:
        return ""
    number = figure.value if figure.ratio is None else figure.ratio
    beyond = number / figure.goal - 1 if figure.at_most else 1 - number / figure.goal
    return "met" if beyond <= 0 else f"**missed** by {max(100 * beyond, 1):.0f} %"


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    unit = f" {figure.unit}" if figure.ratio is None else ""
    return f"{'≤' if figure.at_most else '≥'} {figure.goal:,g}{unit}"


def _number(value: float, unit: str) -> str:
    return f"{_plain(value)} {unit}".strip()


def _plain(value: float) -> str:
    """Return a number with three digits that count, and all of them before the point."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _ratio(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _table(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write() -> None:
    """Write the page from what is kept."""
    remarks = tomllib.loads(REMARKS.read_text(encoding="utf-8"))
    PAGE.write_text(render(kept.read(), remarks), encoding="utf-8")


if __name__ == "__main__":
    write()
