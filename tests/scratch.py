"""Where tests write: in memory, where the system has a folder for that.

On a disk, thousands of small databases spend most of their time waiting for the file system: on
ext4 15 ms for one with five commits, in memory half a millisecond (November 2026). No test needs a
disk: a crash is the end of a process, which both survive alike.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # of Linux; elsewhere there is none
#: Bytes that must be free: containers often have 64 MB there, and a run that fails keeps its files.
_ENOUGH = 2 * 1024**3
_PREFIX = f"bypost-tests-{os.getuid()}-"


def in_memory() -> None:
    """Let this process and those it starts keep temporary files in memory.

    Whoever has set ``TMPDIR`` has decided; where there is little room, all stays as it is.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    _clear_up()
    if shutil.disk_usage(_MEMORY).free < _ENOUGH:
        return
    # Others may pass but not look: a PostgreSQL of the tests runs as nobody where we are root.
    _own().mkdir(mode=0o711)
    os.environ["TMPDIR"] = tempfile.tempdir = str(_own())


def forget() -> None:
    """Remove what this process and those it started have left; killed ones leave much."""
    shutil.rmtree(_own(), ignore_errors=True)


def _own() -> Path:
    return _MEMORY / f"{_PREFIX}{os.getpid()}"


def _clear_up() -> None:
    """Remove what runs left that have ended: they failed, and were to be looked at."""
    for folder in _MEMORY.glob(f"{_PREFIX}*"):
        number = re.search(r"\d+$", folder.name)
        if number and not _runs(int(number[0])):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    """Tell whether another process of this number runs: this one has left nothing yet."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return process != os.getpid()
