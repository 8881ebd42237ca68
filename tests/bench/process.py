"""What the kernel knows of this very process."""

from __future__ import annotations

from pathlib import Path


def of_process(file: str, name: str) -> int:
    """Return a number that the kernel keeps of this process, e.g. ``VmHWM`` of ``status``.

    Not from ``getrusage``: its greatest memory counts that of the parent before the exec.
    """
    lines = Path("/proc/self", file).read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
