"""Folders for copies of the database, which hold addresses: none outlives its process for long.

A process removes its own when it ends. Where it was killed, the next one that starts finds them:
each folder has a lock, which the system lets go with the process that held it, however that ended.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

_PREFIX = "bypost-"
_LOCK = ".bypost-lock"


class Scratch:
    """A folder of this process alone; a context manager that gives its path.

    Args:
        what: What it is for, a part of its name.
    """

    def __init__(self, what: str) -> None:
        sweep()
        self.path, lock = _made(what)
        # Also called when the interpreter ends.
        self.close = weakref.finalize(self, _close, self.path, lock, os.getpid())

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()


def sweep() -> int:
    """Remove what processes left that were killed; return how many folders.

    Only folders that were made here, by this user, and that no process holds: all others stay.
    """
    removed = 0
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = _taken(path) if _is_ours(path) else None
        if lock is not None:
            _remove(path)
            os.close(lock)
            removed += 1
    return removed


def _made(what: str) -> tuple[Path, int]:
    """Return a new folder and its lock, held."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{what}-"))
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # another process took it for one that was left, and removes it
        except OSError:
            return path, lock  # this file system has no locks, so nobody will take it
        else:
            if os.fstat(lock).st_nlink:
                return path, lock
        os.close(lock)


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _taken(path: Path) -> int | None:
    """Take the lock of a folder; None where it has none, or a process holds it."""
    lock = None
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_nlink:  # 0: its folder was removed meanwhile
            return lock
    except OSError:
        pass
    if lock is not None:
        os.close(lock)
    return None


def _close(path: Path, lock: int, owner: int) -> None:
    if os.getpid() == owner:  # a fork that ends leaves its parent's folder alone
        _remove(path)
    os.close(lock)


def _remove(path: Path) -> None:
    """Remove a folder; its lock goes last, so that what is left of it is found again.

    A thread that still writes into it keeps it: the next process removes it then.
    """
    with suppress(OSError):
        for entry in path.iterdir():
            if entry.name == _LOCK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        if all(entry.name == _LOCK for entry in path.iterdir()):
            (path / _LOCK).unlink(missing_ok=True)
            path.rmdir()
