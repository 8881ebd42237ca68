"""The jobs of which the figures of imports are made, each in a process of its own.

    python -m tests.bench.import_jobs FOLDER ROWS JOB

does one of them, and prints what it took.
"""

from __future__ import annotations

import csv
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson
from email_validator import validate_email

from bypost.links import AddressHash
from bypost.people.csv_rows import Known, address
from bypost.people.import_csv import Importer
from bypost.people.undo_import import Undoing
from bypost.store import Connection, Store, migrate
from tests.bench.process import of_process

#: Rows that are enough for the rate of the library.
SOME = 20_000
#: Rows of one transaction of the floor.
_BARE = 5000
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


def run(folder: Path, rows: int, job: str) -> Took:
    """Do one job in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.import_jobs", str(folder), str(rows), job]
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


def _bare(folder: Path, rows: int, *, ordered: bool = False) -> Callable[[], float]:
    """Return what inserts the cells of the file as they stand."""
    connection = sqlite3.connect(folder / f"bare-{ordered}.db", isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, "
        "time_zone TEXT, tags TEXT)"
    )
    with _file(folder, rows, "Ana", ordered=ordered).open(encoding="utf-8", newline="") as text:
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


def _checking(folder: Path, rows: int, check: Callable[[str], object]) -> Callable[[], float]:
    """Return what asks for each address of some rows whether it is one."""
    with _file(folder, rows, "Ana", ordered=False).open(encoding="utf-8", newline="") as text:
        found = [row[0] for row in islice(csv.reader(text), 1, min(rows, SOME) + 1)]

    def work() -> float:
        for one in found:
            with suppress(ValueError):
                check(one)
        return 0.0

    return work


def _library(one: str) -> object:
    return validate_email(one, check_deliverability=False, allow_smtputf8=False)


def _taking(folder: Path, rows: int, job: str, *, ordered: bool = False) -> Callable[[], float]:
    """Return what takes the file up, or looks what that would do."""
    store = _opened(folder / "ordered" if ordered else folder)
    file = _file(folder, rows, "Anna" if job == "changed" else "Ana", ordered=ordered)
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
JOBS: Mapping[str, Callable[[Path, int], Callable[[], float]]] = {
    "bare": _bare,
    "library": lambda folder, rows: _checking(folder, rows, _library),
    "addresses": lambda folder, rows: _checking(folder, rows, address),
    "dry": lambda folder, rows: _taking(folder, rows, "dry"),
    "added": lambda folder, rows: _taking(folder, rows, "added"),
    "again": lambda folder, rows: _taking(folder, rows, "again"),
    "changed": lambda folder, rows: _taking(folder, rows, "changed"),
    "bare_in_order": lambda folder, rows: _bare(folder, rows, ordered=True),
    "added_in_order": lambda folder, rows: _taking(folder, rows, "added", ordered=True),
    "restored": lambda folder, _: _undoing(folder, 3),
    "removed": lambda folder, _: _undoing(folder, 1),
}


def _opened(folder: Path) -> _Timed:
    folder.mkdir(exist_ok=True)
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


def _file(folder: Path, rows: int, name: str, *, ordered: bool) -> Path:
    """Write the file: the same people each time, the first of their names as told."""
    path = folder / "people.csv"
    lines = _lines(rows, name)
    with path.open("w", encoding="utf-8") as text:
        text.write("email,name,time_zone,tags\n")
        text.writelines(sorted(lines) if ordered else lines)
    return path


def _lines(rows: int, name: str) -> Iterator[str]:
    draw = random.Random(7)
    for number in range(rows):
        last, domain = draw.choice(_LAST), draw.choice(_DOMAINS)
        email = f"{draw.choice(_FIRST)}.{last}{draw.randrange(1_000_000)}-{number}@{domain}"
        if number % 200 == 0:  # a domain that the library has to look at, or no address
            email = email.replace("@", "@xn--bcher-kva." if number % 400 else "@@")
        called = f"{last.title()}{draw.randrange(50_000)}"
        yield f"{email},{name} {called},Europe/Berlin,a;b\n"


def main() -> None:
    """Do one job."""
    folder, rows, job = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    work = JOBS[job](folder, rows)
    began, processor = time.perf_counter(), time.process_time()
    longest = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - processor
    peak = of_process("status", "VmHWM") / 1024
    took = Took(seconds=seconds, cpu=cpu, longest=longest, peak=peak)
    sys.stdout.buffer.write(orjson.dumps(asdict(took)))


if __name__ == "__main__":
    main()
