"""``make bench``: everything is measured, and ``docs/benchmarks.md`` written anew.

    python -m tests.bench                       everything, some hours; each subject is kept at once
    python -m tests.bench --only SUBJECT        one subject, printed and not kept
    python -m tests.bench --only SUBJECT --write    one subject, kept; the page is written anew
    python -m tests.bench.report                the page again, from what is kept
    python -m tests.bench.compare               what is quick beside what is kept: make bench-check

Ratios within one run count; seconds differ between machines and minutes.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import kept, machine, report
from tests.bench.asked import Asked
from tests.bench.bodies import NAMES
from tests.bench.figure import Figure
from tests.bench.kept import Measured
from tests.bench.subjects import SUBJECTS

_HEADS = ("what", "value", "ratio", "to", "spread", "goal", "")


def main() -> int:
    """Measure, and print each subject; return 1 where one of them failed."""
    given = _given()
    console = Console(highlight=False, width=150)
    told: list[str] = []
    asked = _asked(given, told)
    failed = []
    for name in [given.only] if given.only else SUBJECTS:
        told.clear()
        try:
            with console.status(name):
                figures = SUBJECTS[name].run(asked)
        except Exception:  # noqa: BLE001 - the others may take hours; it is shown, and exits with 1
            traceback.print_exc()
            failed.append(name)
            continue
        console.print(_table(figures))
        for text in told:
            console.print(f"\n{text}", markup=False)
        if given.write or not given.only:
            _keep(name, asked, figures)
    if failed:
        console.print(f"failed, and not kept: {', '.join(failed)}")
    return 1 if failed else 0


def _keep(name: str, asked: Asked, figures: list[Figure]) -> None:
    """Put one subject's figures in the place of those that were kept, and write the page."""
    one = Measured(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine.look(),
        figures=figures,
        sizes=asked.over(SUBJECTS[name].usual).words,
    )
    kept.write({**kept.read(), name: one})
    report.write()


def _table(figures: list[Figure]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in _HEADS:
        table.add_column(head, justify="left" if head in ("what", "to", "") else "right")
    for figure in figures:
        what, value, ratio, to, spread, _, goal, result = report.cells(figure)
        table.add_row(what, value, ratio, to, spread, goal, result.replace("**", ""))
    return table


def _asked(given: Namespace, told: list[str]) -> Asked:
    return Asked(
        people=given.people,
        rows=given.rows,
        enrollments=given.enrollments,
        database=given.database,
        folder=given.folder,
        of=tuple(given.of.split(",")) if given.of else (),
        tell=told.append,
    )


def _given() -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", choices=SUBJECTS, help="one subject; all by default")
    parser.add_argument("--write", action="store_true", help="keep what --only measures")
    parser.add_argument(
        "--people", type=int, default=0, help="of a pass, a project or the scheduling"
    )
    parser.add_argument("--of", help=f"providers, of {', '.join(NAMES)}; all by default")
    parser.add_argument("--enrollments", type=int, default=0, help="of the tick")
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="of the tick"
    )
    parser.add_argument("--rows", type=int, default=0, help="of the file to import")
    parser.add_argument("--folder", type=Path, help="keeps the filled project of the pages")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
