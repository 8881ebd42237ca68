"""``python -m tests.specs FOLDER``: our requests against the vendors' own descriptions.

    python -m tests.specs FOLDER

The folder holds the descriptions as their vendors publish them: OpenAPI or Swagger as JSON or
YAML, and Amazon's service-2.json. Every adapter makes the requests of the contracts' tests: whole
batches, one person, hostile texts, random ones, and its questions. What a description does not name
counts as a fault. Exit code 1: a fault, or a known fault of a description that is new or gone.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bypost.providers.registry import HOOKS
from tests.specs.descriptions import KNOWN, Description, Known, excuse, find, load, unheard
from tests.specs.made import Made, made_by

#: Different faults of one operation that are shown.
_SHOWN = 5
_OUT = Console(highlight=False, markup=False, soft_wrap=True, width=130)


@dataclass(slots=True)
class Row:
    """What was found of one operation."""

    description: Description | None
    requests: int = 0
    people: int = 0
    excused: Counter[Known] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Validate everything, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.specs", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the vendors' descriptions are")
    folder = parser.parse_args().folder
    try:
        descriptions = load(folder)
    except (OSError, ValueError) as error:
        Console(stderr=True, highlight=False, markup=False).print(error)
        return 2
    rows = {name: _rows(name, descriptions) for name in HOOKS}
    _OUT.print(_table(rows))
    troubles = [*_faults(rows), *_stale(rows)]
    for line in [*_known(rows), *troubles]:
        _OUT.print(line)
    return 1 if troubles else 0


def _rows(name: str, descriptions: list[Description]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for made in made_by(name):
        found = find(descriptions, made)
        operation = found[1] if found else _undescribed(made)
        row = rows.setdefault(operation, Row(found[0] if found else None))
        row.requests += 1
        row.people += made.people
        for fault in found[0].content.faults(operation, made) if found else ():
            if known := excuse(name, fault):
                row.excused[known] += 1
            else:
                row.faults[fault] += 1
    return rows


def _undescribed(made: Made) -> str:
    return f"{made.method.upper()} {'to send' if made.people else 'to ask'}"


def _table(rows: dict[str, dict[str, Row]]) -> Table:
    table = Table("Adapter", "Operation", "Requests", "Mails", "Faults", "Excused", "Description")
    for name, operations in rows.items():
        for operation, row in operations.items():
            known = row.description is not None
            table.add_row(
                name,
                operation,
                f"{row.requests:,}",
                f"{row.people:,}",
                f"{row.faults.total():,}" if known else "–",
                f"{row.excused.total():,}" if known else "–",
                row.description.file if row.description else "none",
            )
    return table


def _faults(rows: dict[str, dict[str, Row]]) -> list[str]:
    return [
        f"FAULT {name}, {operation}: {fault} ({count} times)"
        for name, operations in rows.items()
        for operation, row in operations.items()
        for fault, count in row.faults.most_common(_SHOWN)
    ]


def _known(rows: dict[str, dict[str, Row]]) -> list[str]:
    """Return what is known of the descriptions, and whether a request of ours met it."""
    met = _met(rows)
    lines = []
    for name in rows:
        for one in KNOWN.get(name, ()):
            how = f"met {met[name][one]:,} times" if one.excuses else "not met"
            lines.append(f"known of {name}'s: {one.words}: {how}: {one.reason}")
    return lines


def _stale(rows: dict[str, dict[str, Row]]) -> list[str]:
    """Return excuses that excuse nothing any more, and known faults without a word here."""
    met = _met(rows)
    lines = []
    for name, operations in rows.items():
        used = [row.description for row in operations.values() if row.description]
        excuses = [one for one in KNOWN.get(name, ()) if one.excuses] if used else []
        gone = [one.words for one in excuses if not met[name][one]]
        lines += [f"GONE {name}: {words}: excuses nothing" for words in gone]
        for file, one in {description.file: description for description in used}.items():
            lines += [f"NEW {name}, {file}: {words}" for words in unheard(name, one)]
    return lines


def _met(rows: dict[str, dict[str, Row]]) -> dict[str, Counter[Known]]:
    met: dict[str, Counter[Known]] = defaultdict(Counter)
    for name, operations in rows.items():
        for row in operations.values():
            met[name].update(row.excused)
    return met


if __name__ == "__main__":
    sys.exit(main())
