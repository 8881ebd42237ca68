"""Whether content changed: a cheap look at sizes and times, without reading a file.

A pass takes over an edit only when a folder has been still for a while; it compares the signature
it saw before with the one it sees now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from bypost.content.loader import COURSES, NEWSLETTERS, NOTICES

#: Path relative to the project, size in bytes, time of the last change in ns since 1970.
Stamp = tuple[str, int, int]


def signature(root: Path) -> Mapping[str, tuple[Stamp, ...]]:
    """Return folder -> its files, for each course, each newsletter and the templates.

    Keys are those of ``Library.broken``. Hidden and backup files do not count, as for the loader.
    """
    folders = [*_subfolders(root / COURSES), *_subfolders(root / NEWSLETTERS), root / NOTICES]
    return {
        folder.relative_to(root).as_posix(): tuple(sorted(_stamps(root, folder)))
        for folder in folders
        if folder.is_dir()
    }


def file_stamp(path: Path) -> Stamp | None:
    """Return what one file looks like, by its name alone; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return path.name, status.st_size, status.st_mtime_ns


def _subfolders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not _passed_over(path.name)]
    except OSError:
        return []


def _stamps(root: Path, folder: Path) -> Iterator[Stamp]:
    for parent, names, files in os.walk(folder):
        names[:] = [name for name in names if not _passed_over(name)]
        within = Path(parent).relative_to(root).as_posix()
        for name in files:
            if _passed_over(name):
                continue
            try:
                # A look every few seconds at every file: a Path for each would take most of it.
                status = os.stat(os.path.join(parent, name))  # noqa: PTH116, PTH118 - see above
            except OSError:
                # Editors write a new file and rename it: one may vanish while we look.
                continue
            yield f"{within}/{name}", status.st_size, status.st_mtime_ns


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.endswith("~")
