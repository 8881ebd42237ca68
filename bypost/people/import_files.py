"""The files around imports: what was put here, its review, and the rows that were set aside.

They hold addresses, so only this user may read them, and they go by themselves after a while.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from bypost.content.loader import load_project_content
from bypost.people.csv_rows import Known
from bypost.people.import_summary import Summary

#: Where they stand in a project.
FOLDER = Path("var") / "imports"


def folder(root: Path) -> Path:
    """Return where a project's imports have their files."""
    return root / FOLDER


def known_names(root: Path) -> Known:
    """Return what rows may name, as the folders stand; nothing is written or compiled."""
    library = load_project_content(root)
    broken = {tuple(name.split("/")[:2]) for name in library.broken}
    return Known(
        frozenset(one.id for one in library.courses) | _in(broken, "lessons"),
        frozenset(one.id for one in library.newsletters) | _in(broken, "newsletters"),
    )


def _in(broken: set[tuple[str, ...]], above: str) -> frozenset[str]:
    return frozenset(name[1] for name in broken if len(name) > 1 and name[0] == above)


def uploaded(root: Path, number: int) -> Path:
    """Return the file of an import that was put here."""
    return folder(root) / f"{number}.csv"


def set_aside(root: Path, number: int) -> Path:
    """Return the bad rows of an import."""
    return folder(root) / f"{number}-quarantine.csv"


def save_upload(root: Path, number: int, file: IO[bytes]) -> int:
    """Keep a file for an import; return its size in bytes."""
    path = uploaded(root, number)
    with _private(path) as kept:
        shutil.copyfileobj(file, kept, 1 << 20)
    return path.stat().st_size


def save_review(root: Path, number: int, summary: Summary) -> None:
    """Keep the examples of a dry run; its counts stand in the database."""
    examples = {name: [asdict(one) for one in rows] for name, rows in summary.examples.items()}
    notes = [asdict(one) for one in summary.notes[:_MOST_SHOWN]]
    bad = [asdict(one) for one in summary.bad[:_MOST_SHOWN]]
    told = {"examples": examples, "notes": notes, "bad": bad, "lacks": summary.lacks}
    with _private(_review(root, number)) as kept:
        kept.write(orjson.dumps(told))


_MOST_SHOWN = 100


def read_review(root: Path, number: int) -> dict[str, Any]:
    """Return what :func:`save_review` kept: examples, notes, bad, lacks; empty once gone."""
    nothing: dict[str, Any] = {"examples": {}, "notes": [], "bad": [], "lacks": ""}
    try:
        found = orjson.loads(_review(root, number).read_bytes())
    except (OSError, ValueError):
        return nothing
    return nothing | found if isinstance(found, dict) else nothing


def remove_upload(root: Path, number: int) -> None:
    """Remove the file that was put here, and its review; what was set aside stays."""
    for path in (uploaded(root, number), _review(root, number)):
        path.unlink(missing_ok=True)


def sweep(root: Path, until: datetime) -> int:
    """Remove what was written by then; return how many files went."""
    gone = 0
    for path in folder(root).glob("*"):
        if path.is_file() and path.stat().st_mtime <= until.timestamp():
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _review(root: Path, number: int) -> Path:
    return folder(root) / f"{number}-review.json"


def _private(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
