"""A provider that takes everything and looks at nothing, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sink() -> Iterator[str]:
    """Start a Resend and yield its URL; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bypost.testing.fake_resend", "--discard"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        process.terminate()
        process.communicate(timeout=10)
