"""What an import costs: people added, changed, looked at, taken back; and the memory it takes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figure import Figure
from tests.bench.import_jobs import JOBS, SOME, Took, run

METHOD = """\
A file of new people is taken up into an empty database: each begins a course, with the evidence of
their consent (SQLite, `synchronous=FULL`). The addresses stand in no order, as in a list of
sign-ups; of 1,000 rows five need the library for their address, and half of those are refused. The
floor is the driver's bare `executemany` of the four cells of each row, split beforehand, into one
table with a `UNIQUE` address, 5,000 rows in a transaction, with the same settings of the file.
Beside it stands the same file in the order of its addresses: there the floor only appends, and
hardly a row costs it two microseconds. Every job has a process of its own, and a round does all of
them, one after the other."""

#: Of more rows one round has to do, and what they need in memory is compared with these.
_FEW = 200_000


def figures(rows: int = 1_000_000) -> list[Figure]:
    """Return what a file of so many rows costs; three rounds, or one of very many rows."""
    rounds = 1 if rows > _FEW else 3
    took: dict[str, list[Took]] = {job: [] for job in JOBS}
    for _ in range(rounds):
        with TemporaryDirectory(prefix="bypost-bench-") as name:
            for job in JOBS:
                took[job].append(run(Path(name), rows, job))
    few = _alone("added", _FEW)
    return [
        _rate(took, rows, "added", "people added", "bare", "bare executemany", goal=0.35),
        _rate(
            took,
            rows,
            "added_in_order",
            "people added, of a file in the order of addresses",
            "bare_in_order",
            "bare executemany, which then only appends",
        ),
        _rate(took, rows, "added", "people added", "library", "email-validator on every row"),
        _rate(took, rows, "addresses", "addresses alone", "library", "email-validator alone"),
        _rate(took, rows, "again", "the same file again", "bare", "bare executemany"),
        _rate(took, rows, "changed", "a name changed in each row", "bare", "bare executemany"),
        _rate(took, rows, "dry", "a dry run of new people", "bare", "bare executemany"),
        _rate(took, rows, "restored", "changed names taken back", "bare", "bare executemany"),
        _rate(took, rows, "removed", "added people taken back", "bare", "bare executemany"),
        _transaction(took["added"]),
        _memory(took["added"], few),
    ]


def _rate(
    took: Mapping[str, list[Took]],
    rows: int,
    job: str,
    what: str,
    floor: str,
    words: str,
    *,
    goal: float | None = None,
) -> Figure:
    pairs = list(zip(took[job], took[floor], strict=True))
    some = min(rows, SOME)
    many, base = (some if one in ("library", "addresses") else rows for one in (job, floor))
    ratios = [many / ours.seconds / (base / bare.seconds) for ours, bare in pairs]
    cpu = statistics.median(ours.cpu for ours, _ in pairs)
    return Figure(
        key=f"import.{job}" if (job, floor) != ("added", "library") else "import.library",
        what=what,
        value=many / statistics.median(ours.seconds for ours, _ in pairs),
        unit="rows/s",
        ratio=statistics.median(ratios),
        to=words,
        low=min(ratios),
        high=max(ratios),
        runs=len(ratios),
        goal=goal,
        note=f"{1e6 * cpu / many:.1f} µs of the processor a row",
    )


def _transaction(took: list[Took]) -> Figure:
    longest = [1000 * one.longest for one in took]
    return Figure(
        key="import.transaction",
        what="the longest transaction, of the processor",
        value=statistics.median(longest),
        unit="ms",
        low=min(longest),
        high=max(longest),
        runs=len(took),
        at_most=True,
    )


def _memory(took: list[Took], few: Took) -> Figure:
    ratios = [one.peak / few.peak for one in took]
    return Figure(
        key="import.memory",
        what="memory of the process",
        value=statistics.median(one.peak for one in took),
        unit="MB",
        ratio=statistics.median(ratios),
        to=f"{_FEW:,} rows",
        low=min(ratios),
        high=max(ratios),
        runs=len(ratios),
        goal=1.3,
        at_most=True,
    )


def _alone(job: str, rows: int) -> Took:
    with TemporaryDirectory(prefix="bypost-bench-") as name:
        return run(Path(name), rows, job)
