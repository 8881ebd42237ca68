"""What an import costs: people added, changed, looked at and taken back, and the memory it takes.

    python -m tests.bench.imports FOLDER ROWS JOB

does one job in a process of its own, and prints what it took.
"""

from __future__ import annotations

import csv
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from email_validator import EmailNotValidError, validate_email
from rich.table import Table

from bypost.links import AddressHash
from bypost.people.csv_rows import Known
from bypost.people.import_csv import Importer
from bypost.people.undo_import import Undoing
from bypost.store import Connection, Store, migrate
from tests.bench.figure import Figure

METHOD = """\
A file of new people is taken up into an empty database: each begins a course, with the evidence of
their consent (SQLite, `synchronous=FULL`). The addresses stand in no order, as in a list of
sign-ups; of 1,000 rows five need the library for their address, and half of those are refused. The
floor is the driver's bare `executemany` of the four cells of each row, split beforehand, into one
table with a `UNIQUE` address, 5,000 rows in a transaction, with the same settings of the file.
Every job has a process of its own, and a round does all of them, one after the other."""

#: Rows of one transaction of the floor.
_BARE = 5000
#: Rows that are enough for the rate of the library.
_SOME = 20_000
_FEW = 200_000
_FIRST = ("ana", "ben", "carla", "dora", "emil", "fred", "gina", "hugo", "ida", "jan", "lea", "mia")
_LAST = ("berg", "klein", "novak", "rossi", "smith", "garcia", "dubois", "weber", "wagner", "hahn")
_DOMAINS = ("example.org", "mail.example.com", "post.example.net", "example.de", "web.example.fr")


@dataclass(frozen=True, slots=True)
class Took:
    """What a job took.

    Attributes:
        seconds: Of the clock; ``cpu``: of the processor.
        longest: Processor seconds of its longest transaction.
        peak: Megabytes of its process.
    """

    seconds: float
    cpu: float
    longest: float
    peak: float


def figures(rows: int = 1_000_000) -> list[Figure]:
    """Return what a file of so many rows costs; three rounds, or one of very many rows."""
    rounds = 1 if rows > _FEW else 3
    took: dict[str, list[Took]] = {job: [] for job in _JOBS}
    for _ in range(rounds):
        with TemporaryDirectory(prefix="bypost-bench-") as name:
            for job in _JOBS:
                took[job].append(_process(Path(name), rows, job))
    few = _alone("added", _FEW // 10)
    return [
        _rate(took, rows, "added", "people added", "bare", "bare executemany", goal=0.35),
        _rate(took, rows, "added", "the same", "library", "email-validator on every row"),
        _rate(took, rows, "again", "the same file again", "bare", "bare executemany"),
        _rate(took, rows, "changed", "a name changed in each row", "bare", "bare executemany"),
        _rate(took, rows, "dry", "a dry run of new people", "bare", "bare executemany"),
        _rate(took, rows, "restored", "changed names taken back", "bare", "bare executemany"),
        _rate(took, rows, "removed", "added people taken back", "bare", "bare executemany"),
        _transaction(took["added"]),
        _memory(took["added"], few),
    ]


def measure(table: Table, rows: int) -> None:
    """Add lines to a table of several subjects."""
    for one in figures(rows):
        ratio = "" if one.ratio is None else f"{one.ratio:.2f} of {one.to}"
        table.add_row(f"import: {one.what}", f"{one.value:,.0f} {one.unit}", ratio)


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
    size = min(rows, _SOME) if floor == "library" else rows
    ratios = [rows / ours.seconds / (size / bare.seconds) for ours, bare in pairs]
    cpu = statistics.median(ours.cpu for ours, _ in pairs)
    return Figure(
        key=f"import.{job}" if floor == "bare" else f"import.{floor}",
        what=what,
        value=rows / statistics.median(ours.seconds for ours, _ in pairs),
        unit="rows/s",
        ratio=statistics.median(ratios),
        to=words,
        low=min(ratios),
        high=max(ratios),
        runs=len(ratios),
        goal=goal,
        note=f"{1e6 * cpu / rows:.1f} µs of the processor a row",
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
        to=f"{_FEW // 10:,} rows",
        low=min(ratios),
        high=max(ratios),
        runs=len(ratios),
        goal=1.3,
        at_most=True,
    )


def _alone(job: str, rows: int) -> Took:
    with TemporaryDirectory(prefix="bypost-bench-") as name:
        return _process(Path(name), rows, job)


def _process(folder: Path, rows: int, job: str) -> Took:
    command = [sys.executable, "-m", "tests.bench.imports", str(folder), str(rows), job]
    done = subprocess.run(command, check=True, capture_output=True)
    return Took(**orjson.loads(done.stdout))


class _Timed(Store):
    """A database that knows its longest transaction."""

    longest = 0.0

    @contextmanager
    def write(self, *, together: bool = False) -> Iterator[Connection]:
        with super().write(together=together) as connection:
            began = time.process_time()
            yield connection
        self.longest = max(self.longest, time.process_time() - began)


def _bare(folder: Path, rows: int) -> Callable[[], float]:
    """Return what inserts the cells of the file as they stand."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, "
        "time_zone TEXT, tags TEXT)"
    )
    with _file(folder, rows, "Ana").open(encoding="utf-8", newline="") as text:
        cells = [tuple(row) for row in islice(csv.reader(text), 1, None)]

    def work() -> float:
        for first in range(0, rows, _BARE):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO people (email, name, time_zone, tags) VALUES (?, ?, ?, ?)",
                cells[first : first + _BARE],
            )
            connection.execute("COMMIT")
        return 0.0

    return work


def _library(folder: Path, rows: int) -> Callable[[], float]:
    """Return what asks the library for each address of some rows."""
    with _file(folder, rows, "Ana").open(encoding="utf-8", newline="") as text:
        found = [row[0] for row in islice(csv.reader(text), 1, min(rows, _SOME) + 1)]

    def work() -> float:
        for address in found:
            try:
                validate_email(address, check_deliverability=False, allow_smtputf8=False)
            except EmailNotValidError:
                continue
        return 0.0

    return work


def _taking(folder: Path, rows: int, job: str) -> Callable[[], float]:
    """Return what takes the file up, or looks what that would do."""
    store = _opened(folder)
    file = _file(folder, rows, "Anna" if job == "changed" else "Ana")
    if job == "again":
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    importer = replace(_importer(store), dry=job == "dry")

    def work() -> float:
        importer.run(file, now=datetime.now(UTC))
        return store.longest

    return work


def _undoing(folder: Path, number: int) -> Callable[[], float]:
    """Return what takes an import back: the third changed names, the first added people."""
    store = _opened(folder)
    back = Undoing(store=store, address_hash=AddressHash("a key for the bench"))

    def work() -> float:
        back.run(number, by="bench", now=datetime.now(UTC))
        return store.longest

    return work


#: In this order: each finds the database as those before it left it.
_JOBS: Mapping[str, Callable[[Path, int], Callable[[], float]]] = {
    "bare": _bare,
    "library": _library,
    "dry": lambda folder, rows: _taking(folder, rows, "dry"),
    "added": lambda folder, rows: _taking(folder, rows, "added"),
    "again": lambda folder, rows: _taking(folder, rows, "again"),
    "changed": lambda folder, rows: _taking(folder, rows, "changed"),
    "restored": lambda folder, _: _undoing(folder, 3),
    "removed": lambda folder, _: _undoing(folder, 1),
}


def _opened(folder: Path) -> _Timed:
    store = _Timed("sqlite:///people.db", root=folder)
    migrate.upgrade(store)
    store.longest = 0.0
    return store


def _importer(store: Store) -> Importer:
    return Importer(
        store=store,
        address_hash=AddressHash("a key for the bench"),
        known=Known(frozenset({"letters"}), frozenset()),
        courses=("letters",),
        newsletters=(),
    )


def _file(folder: Path, rows: int, name: str) -> Path:
    """Write the file: the same people each time, the first of their names as told."""
    draw, path = random.Random(7), folder / "people.csv"
    with path.open("w", encoding="utf-8") as text:
        text.write("email,name,time_zone,tags\n")
        for number in range(rows):
            last, domain = draw.choice(_LAST), draw.choice(_DOMAINS)
            email = f"{draw.choice(_FIRST)}.{last}{draw.randrange(1_000_000)}-{number}@{domain}"
            if number % 200 == 0:  # with letters that the library has to look at, or no address
                email = email.replace("@", "@xn--bcher-kva." if number % 400 else "@@")
            called = f"{last.title()}{draw.randrange(50_000)}"
            text.write(f"{email},{name} {called},Europe/Berlin,a;b\n")
    return path


def main() -> None:
    """Do one job."""
    folder, rows, job = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    work = _JOBS[job](folder, rows)
    began, processor = time.perf_counter(), time.process_time()
    longest = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = Took(seconds=seconds, cpu=cpu, longest=longest, peak=peak)
    sys.stdout.buffer.write(orjson.dumps(asdict(took)))


if __name__ == "__main__":
    main()
