"""``make bench``: what a mail, a pass and a tick cost, in figures of one run on this machine.

    python -m tests.bench [--only rendering|pass|providers|signups|tick|workers|import|pages]
                          [--of NAME,NAME] [--rows 1000000] [--people 100000]
                          [--enrollments 1000000] [--database postgresql] [--folder FOLDER]

Ratios within one run count; seconds differ between machines and minutes.
"""

from __future__ import annotations

import argparse
import os
import resource
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import imports, pages, providers, rendering, signups, tick, whole_pass, workers
from tests.postgres.cluster import Cluster

#: Subject -> adds its lines to the table; returns what stands below it.
SUBJECTS: Mapping[str, Callable[[Table, Namespace], Sequence[str] | None]] = {
    "rendering": lambda table, _: rendering.measure(table),
    "pass": lambda table, given: whole_pass.measure(table, given.people or 100_000),
    "providers": lambda _, given: [providers.measure(given.people or 50_000, given.of.split(","))],
    "signups": lambda table, given: signups.measure(table, given.people or 100_000),
    "tick": lambda table, given: _ticks(table, given.enrollments, given.database),
    "workers": lambda table, given: workers.measure(table, given.people or 100_000),
    "import": lambda table, given: imports.measure(table, given.rows),
    "pages": lambda table, given: pages.measure(table, given.people or 1_000_000, given.folder),
}


def main() -> None:
    """Run everything and print one table."""
    given = _given()
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("what", overflow="fold")
    table.add_column("measured", justify="right")
    table.add_column("ratio", justify="right")
    below: list[str] = []
    for subject in [given.only] if given.only else SUBJECTS:
        with console.status(subject):
            below += SUBJECTS[subject](table, given) or ()
    if table.row_count:
        console.print(table)
    for text in below:
        console.print(f"\n{text}", markup=False)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    console.print(f"on {os.cpu_count()} cores; this process itself used {own / 1024:.0f} MB")


def _ticks(table: Table, enrollments: int, database: str) -> Sequence[str]:
    if database == "sqlite":
        return tick.measure(table, enrollments)
    cluster = Cluster(durable=True)
    try:
        return tick.measure(table, enrollments, cluster=cluster)
    finally:
        cluster.stop()


def _given() -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=SUBJECTS, help="one subject; all by default")
    parser.add_argument(
        "--people",
        type=int,
        help="of the pass and of the send that sign-ups meet (100,000), of the providers (50,000), "
        "of the pages (1,000,000)",
    )
    parser.add_argument("--of", default=",".join(providers.NAMES), help="providers; all by default")
    parser.add_argument("--enrollments", type=int, default=1_000_000, help="of the tick")
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="of the tick"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the file to import")
    parser.add_argument("--folder", type=Path, help="keeps the filled project of the pages")
    return parser.parse_args()


if __name__ == "__main__":
    main()
