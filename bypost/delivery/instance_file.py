"""``var/instance``: which instance this folder is, and how far each of its databases had come.

    instance 1f0c9a42d7b35e68
    mark k7mq2xw9 1042

A mark is a database's tag and the newest attempt seen in it. The file is replaced as a whole, so a
crash leaves the old one or the new one.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Card:
    """What the file says.

    Attributes:
        instance: The id.
        marks: Tag of a database -> number of the newest attempt seen in it.
    """

    instance: str
    marks: Mapping[str, int] = field(default_factory=dict)

    def marked(self, tag: str, attempts: int) -> Card:
        """Return the card with another mark for one database."""
        return Card(self.instance, {**self.marks, tag: attempts})


def read(path: Path) -> Card | None:
    """Return what the file says; None where there is none.

    Raises:
        ValueError: It is not such a file, or not all of it.
        OSError: It cannot be read.
    """
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except FileNotFoundError:
        return None
    match lines:
        case [["instance", instance], *marks] if all(line[:1] == ["mark"] for line in marks):
            return Card(instance, {tag: int(attempts) for _, tag, attempts in marks})
    raise ValueError(path)


def stamp(path: Path) -> object:
    """Return what is another value whenever the file was written since; it is not read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def make(path: Path, instance: str) -> None:
    """Write a first file with ``instance``; one that another process made meanwhile stays.

    Raises:
        OSError: It cannot be written.
    """
    with _draft(path, Card(instance)) as draft, contextlib.suppress(FileExistsError):
        # A link appears whole or not at all, and never over another file.
        path.hardlink_to(draft)


def replace(path: Path, card: Card) -> None:
    """Write the file anew.

    Raises:
        OSError: It cannot be written; the old one is still there.
    """
    with _draft(path, card) as draft:
        draft.replace(path)


@contextlib.contextmanager
def _draft(path: Path, card: Card) -> Iterator[Path]:
    """Yield a file beside ``path``, mode 0600 and on the disk; then sync the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(f"instance {card.instance}\n")
            file.writelines(f"mark {tag} {attempts}\n" for tag, attempts in card.marks.items())
            file.flush()
            os.fsync(file.fileno())
        yield draft
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable, where the system can."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
