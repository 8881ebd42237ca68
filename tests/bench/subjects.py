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
    peers,
    providers,
    rendering,
    scheduling,
    signups,
    start,
    tick,
    whole_pass,
    workers,
)
from tests.bench.asked import NOTHING, Asked
from tests.bench.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One section of the report.

    Attributes:
        method: How it is measured, in Markdown.
        measure: Measures as much as it is told.
        usual: How much that is for the report; 0: it has no such size.
        quick: What ``make bench-check`` asks for: sizes at which ratios are about the same; None:
            it takes too long, or has nothing that compares.
        large: Keys of figures that say nothing at the quick sizes.
    """

    title: str
    method: str
    measure: Callable[[Asked], list[Figure]]
    usual: Asked = NOTHING
    quick: Asked | None = None
    large: frozenset[str] = frozenset()

    def run(self, asked: Asked) -> list[Figure]:
        """Measure."""
        return self.measure(asked.over(self.usual))


_PEERS = """\
Others who send the same lesson into the same sink, each as it is, in a process and an environment
of its own. Ours is the whole pass with its ledger (SQLite, `synchronous=FULL`), from a database
that knows the people."""

SUBJECTS: Mapping[str, Subject] = {
    "end": Subject(
        title="End to end",
        method=end_to_end.METHOD,
        measure=lambda asked: end_to_end.figures(asked.people),
        usual=Asked(people=1_000_000),
        quick=Asked(people=20_000),
        # Floors of milliseconds, and crowds of a few hundred.
        large=frozenset({"end.wire", "end.disk", "end.growth", "end.cost"}),
    ),
    "ledger": Subject(
        title="Ledger",
        method=ledger.METHOD,
        measure=lambda asked: ledger.figures(asked.people),
        usual=Asked(people=100_000),
        quick=Asked(people=20_000),
    ),
    "bodies": Subject(
        title="Bodies",
        method=bodies.METHOD,
        measure=lambda asked: bodies.figures(asked.of or bodies.NAMES),
        quick=Asked(),
    ),
    "rendering": Subject(
        title="Rendering",
        method=rendering.METHOD,
        measure=lambda _: rendering.figures(),
        quick=Asked(),
    ),
    "scheduling": Subject(
        title="Scheduling",
        method=scheduling.METHOD,
        measure=lambda asked: scheduling.figures(asked.people),
        usual=Asked(people=1_000_000),
        quick=Asked(people=100_000),
        large=frozenset({"scheduling.first"}),
    ),
    "peers": Subject(
        title="Peers",
        method=_PEERS,
        measure=lambda asked: peers.figures(asked.people),
        usual=Asked(people=50_000),
    ),
    "import": Subject(
        title="Import",
        method=imports.METHOD,
        measure=lambda asked: imports.figures(asked.rows),
        usual=Asked(rows=1_000_000),
        quick=Asked(rows=50_000),
    ),
    "tick": Subject(
        title="A tick among many",
        method=tick.METHOD,
        measure=lambda asked: tick.figures(
            asked.enrollments, database=asked.database, tell=asked.tell
        ),
        usual=Asked(enrollments=1_000_000),
        quick=Asked(enrollments=100_000),
        large=frozenset({"tick.database"}),
    ),
    "start": Subject(
        title="Start and idle memory",
        method=start.METHOD,
        measure=lambda _: start.figures(),
        quick=Asked(),
    ),
    "pass": Subject(
        title="A pass from the CSV to the record",
        method=whole_pass.METHOD,
        measure=lambda asked: whole_pass.figures(asked.people),
        usual=Asked(people=100_000),
        quick=Asked(people=20_000),
    ),
    "providers": Subject(
        title="Providers",
        method=providers.METHOD,
        measure=lambda asked: providers.figures(asked.people, asked.of or bodies.NAMES),
        usual=Asked(people=50_000),
    ),
    "workers": Subject(
        title="Workers on PostgreSQL",
        method=workers.METHOD,
        measure=lambda asked: workers.figures(asked.people),
        usual=Asked(people=100_000),
    ),
    "signups": Subject(
        title="Sign-ups during a send",
        method=signups.METHOD,
        measure=lambda asked: signups.figures(asked.people),
        usual=Asked(people=100_000),
    ),
    "pages": Subject(
        title="The desk's pages",
        method=pages.METHOD,
        measure=lambda asked: pages.figures(asked.people, folder=asked.folder, tell=asked.tell),
        usual=Asked(people=1_000_000),
    ),
}
