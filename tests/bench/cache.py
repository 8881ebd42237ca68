"""A folder that outlives a run, for what benches build or install: the next run finds it there."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return this user's folder of built things, made if it is not there.

    What is in it is run. Everybody may write where temporary files are, so a folder of this name
    that is somebody else's, or that others may write to, is refused.

    Raises:
        PermissionError: The folder is not ours alone.
    """
    folder = Path(tempfile.gettempdir()) / f"bypost-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    known = folder.lstat()
    if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.getuid() or known.st_mode & 0o022:
        raise PermissionError(f"{folder} is not a folder of ours alone")
    return folder
