"""Where tests write: in memory, where the system has a folder for that.

On a disk, thousands of small databases spend most of their time waiting for the file system: on
ext4 15 ms for one with five commits, in memory half a millisecond (November 2026). No test needs a
disk: a crash is the end of a process, which both survive alike.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # of Linux; elsewhere there is none
#: Bytes that must be free: containers often have 64 MB there, and a run that fails keeps its files.
_ENOUGH = 2 * 1024**3


def in_memory() -> None:
    """Let this process and those it starts keep temporary files in memory.

    Whoever has set ``TMPDIR`` has decided; where there is little room, all stays as it is.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    if shutil.disk_usage(_MEMORY).free < _ENOUGH:
        return
    folder = _MEMORY / f"bypost-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
