"""Environments for what a bench compares with: nothing of it enters the project's own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.cache import cache_folder


class NotInstalled(Exception):
    """A package cannot be had here; the text is what pip said last."""


def python_with(*needs: str) -> Path:
    """Return a Python that has these packages, installed now or in an earlier run.

    Args:
        needs: Requirements as pip takes them, with their versions pinned.

    Raises:
        NotInstalled: pip could not install them.
    """
    key = hashlib.sha256("\n".join((sys.version, *needs)).encode()).hexdigest()[:16]
    folder = cache_folder() / f"environment-{key}"
    python, whole = folder / "bin" / "python", folder / "whole"
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _order(sys.executable, "-m", "venv", str(folder))
        quiet = ("-q", "--disable-pip-version-check")
        _order(str(python), "-m", "pip", "install", *quiet, *needs)
        whole.touch()
    return python


def _order(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise NotInstalled(said[-1])
