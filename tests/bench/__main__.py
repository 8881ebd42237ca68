"""``make bench``: what a mail, a pass and a tick cost, in figures of one run on this machine.

    python -m tests.bench [--only rendering|pass|signups|tick|import|pages] [--rows 1000000]
                          [--people 100000] [--enrollments 1000000] [--folder FOLDER]

Ratios within one run count; seconds differ between machines and minutes.
"""

from __future__ import annotations

import argparse
import os
import resource
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import imports, pages, rendering, signups, tick, whole_pass

SUBJECTS = ("rendering", "pass", "signups", "tick", "import", "pages")


def main() -> None:
    """Run everything and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=SUBJECTS, help="one subject; all by default")
    parser.add_argument(
        "--people",
        type=int,
        help="of the pass and of the send that sign-ups meet (100,000), of the pages (1,000,000)",
    )
    parser.add_argument("--enrollments", type=int, default=1_000_000, help="of the tick")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the file to import")
    parser.add_argument("--folder", type=Path, help="keeps the filled project of the pages")
    given = parser.parse_args()
    people = given.people or 100_000
    subjects = [given.only] if given.only else SUBJECTS
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("what", overflow="fold")
    table.add_column("measured", justify="right")
    table.add_column("ratio", justify="right")
    plans: list[str] = []
    if "rendering" in subjects:
        with console.status("rendering"):
            rendering.measure(table)
    if "pass" in subjects:
        with console.status(f"a pass over {people:,} people"):
            whole_pass.measure(table, people)
    if "signups" in subjects:
        with console.status(f"sign-ups while {people:,} mails go out"):
            signups.measure(table, people)
    if "tick" in subjects:
        with console.status(f"a tick among {given.enrollments:,} enrollments"):
            plans = tick.measure(table, given.enrollments)
    if "import" in subjects:
        with console.status(f"an import of {given.rows:,} rows"):
            imports.measure(table, given.rows)
    if "pages" in subjects:
        many = given.people or 1_000_000
        with console.status(f"the desk's pages among {many:,} people"):
            plans += pages.measure(table, many, given.folder)
    console.print(table)
    for plan in plans:
        console.print(f"\n{plan}", markup=False)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    console.print(f"on {os.cpu_count()} cores; this process itself used {own / 1024:.0f} MB")


if __name__ == "__main__":
    main()
