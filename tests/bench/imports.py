"""What an import costs: added, changed, looked at and taken back, and the memory it takes."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from bypost.links import AddressHash
from bypost.people.csv_rows import Known
from bypost.people.import_csv import Importer
from bypost.people.undo_import import Undoing
from bypost.store import Store, migrate

_FEW = 20_000


def measure(table: Table, rows: int) -> None:
    """Add lines to the table: a file of so many rows, beside one of few."""
    with TemporaryDirectory() as name:
        rates = _rates(Path(name), rows)
    for what, rate in rates.items():
        table.add_row(f"import: {what}", f"{rate:,.0f} rows/s", "")
    few, many = _peak(_FEW), _peak(rows)
    table.add_row(f"import: memory, {_FEW:,} rows", f"{few} MB", "")
    table.add_row(f"import: memory, {rows:,} rows", f"{many} MB", f"{many / few:.2f}")


def _rates(folder: Path, rows: int) -> dict[str, float]:
    store = Store("sqlite:///people.db", root=folder)
    migrate.upgrade(store)
    importer = _importer(store)
    file = folder / "people.csv"
    now = datetime.now(UTC)

    def taking(name: str, *, dry: bool = False) -> Callable[[], object]:
        _write(file, rows, name)
        return lambda: replace(importer, dry=dry).run(file, now=now)

    def undoing(number: int) -> Callable[[], object]:
        back = Undoing(store=store, address_hash=importer.address_hash)
        return lambda: back.run(number, by="bench", now=now)

    rates = {
        "dry run": rows / _seconds(taking("Ana", dry=True)),
        "added": rows / _seconds(taking("Ana")),
        "a name changed": rows / _seconds(taking("Anna")),
        "names taken back": rows / _seconds(undoing(2)),
        "people taken back": rows / _seconds(undoing(1)),
    }
    store.close()
    return rates


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _importer(store: Store) -> Importer:
    return Importer(
        store=store,
        address_hash=AddressHash("a key for the bench"),
        known=Known(frozenset({"letters"}), frozenset()),
        courses=("letters",),
        newsletters=(),
    )


def _write(file: Path, rows: int, name: str) -> None:
    with file.open("w", encoding="utf-8") as text:
        text.write("email,name,time_zone,tags\n")
        text.writelines(f"p{n}@example.org,{name} {n},Europe/Berlin,a;b\n" for n in range(rows))


def _peak(rows: int) -> int:
    """Return the memory in MB that a process of its own needs for an import."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.imports", str(rows)],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def main() -> None:
    """Take a file up and print the memory that took, in MB."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        store = Store("sqlite:///people.db", root=folder)
        migrate.upgrade(store)
        _write(folder / "people.csv", int(sys.argv[1]), "Ana")
        _importer(store).run(folder / "people.csv", now=datetime.now(UTC))
        store.close()
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}\n")


if __name__ == "__main__":
    main()
