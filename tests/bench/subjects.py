"""What is measured, in the order of the report; each subject is a module with ``figures()``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench import (
    bodies,
    end_to_end,
    imports,
    ledger,
    pages,
    providers,
    rendering,
    scheduling,
    signups,
    start,
    tick,
    whole_pass,
    workers,
)
from tests.bench.asked import Asked
from tests.bench.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One section of the report.

    Attributes:
        method: How it is measured, in Markdown.
        run: Measures.
        quick: What ``make bench-check`` asks for: sizes at which ratios are about the same; None:
            it takes too long, or has nothing that compares.
    """

    title: str
    method: str
    run: Callable[[Asked], list[Figure]]
    quick: Asked | None = None


SUBJECTS: Mapping[str, Subject] = {
    "end": Subject(
        title="End to end",
        method=end_to_end.METHOD,
        run=lambda asked: end_to_end.figures(asked.people or 1_000_000),
        quick=Asked(people=20_000),
    ),
    "ledger": Subject(
        title="Ledger",
        method=ledger.METHOD,
        run=lambda asked: ledger.figures(asked.people or 100_000),
        quick=Asked(people=20_000),
    ),
    "bodies": Subject(
        title="Bodies",
        method=bodies.METHOD,
        run=lambda asked: bodies.figures(asked.of or bodies.NAMES),
        quick=Asked(),
    ),
    "rendering": Subject(
        title="Rendering",
        method=rendering.METHOD,
        run=lambda _: rendering.figures(),
        quick=Asked(),
    ),
    "scheduling": Subject(
        title="Scheduling",
        method=scheduling.METHOD,
        run=lambda asked: scheduling.figures(asked.people or 1_000_000),
        quick=Asked(people=100_000),
    ),
    "import": Subject(
        title="Import",
        method="A file of new people is taken up, changed and taken back.",
        run=lambda asked: imports.figures(asked.rows or 1_000_000),
        quick=Asked(rows=50_000),
    ),
    "tick": Subject(
        title="A tick among many",
        method=tick.METHOD,
        run=lambda asked: tick.figures(
            asked.enrollments or 1_000_000, database=asked.database, tell=asked.tell
        ),
    ),
    "start": Subject(
        title="Start and idle memory",
        method=start.METHOD,
        run=lambda _: start.figures(),
        quick=Asked(),
    ),
    "pass": Subject(
        title="A pass from the CSV to the record",
        method=whole_pass.METHOD,
        run=lambda asked: whole_pass.figures(asked.people or 100_000),
        quick=Asked(people=20_000),
    ),
    "providers": Subject(
        title="Providers",
        method=providers.METHOD,
        run=lambda asked: providers.figures(asked.people or 50_000, asked.of or providers.NAMES),
    ),
    "workers": Subject(
        title="Workers on PostgreSQL",
        method=workers.METHOD,
        run=lambda asked: workers.figures(asked.people or 100_000),
    ),
    "signups": Subject(
        title="Sign-ups during a send",
        method=signups.METHOD,
        run=lambda asked: signups.figures(asked.people or 100_000),
    ),
    "pages": Subject(
        title="The desk's pages",
        method=pages.METHOD,
        run=lambda asked: pages.figures(
            asked.people or 1_000_000, folder=asked.folder, tell=asked.tell
        ),
    ),
}
