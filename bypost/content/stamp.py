"""What a file looks like from outside: enough to tell that it was changed, without reading it."""

from __future__ import annotations

from pathlib import Path

#: Path relative to the project, size in bytes, time of the last change in ns since 1970.
Stamp = tuple[str, int, int]


def file_stamp(path: Path) -> Stamp | None:
    """Return what one file looks like, by its name alone; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return path.name, status.st_size, status.st_mtime_ns
