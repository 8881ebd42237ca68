"""Who holds a lease, and whether that process is still there.

A lease runs out by itself. When its owner ran on this machine and is gone, waiting for that is
needless: a process that does not exist has no request in flight that it could still record.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")


def current() -> str:
    """Return this process's name: machine start, process space, number and start time.

    Empty where the system does not tell (anything but Linux); leases then just run out.
    """
    return _name(os.getpid())


@lru_cache(maxsize=1)
def _name(pid: int) -> str:
    place, start = _place(), _start_of(pid)
    return f"{place}/{pid}/{start}" if place and start else ""


def is_gone(owner: str) -> bool:
    """Tell whether ``owner`` is a process of this machine that has ended.

    False where that cannot be known: another machine, another container, another system.
    """
    place, _, rest = owner.rpartition("/")
    place, _, pid = place.rpartition("/")
    if not pid.isdigit() or place != _place():
        return False
    return _start_of(int(pid)) != rest


@lru_cache(maxsize=1)
def _place() -> str:
    """Return the machine's boot and the process space, within which numbers mean something."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """Return a process's start in clock ticks since boot; empty if there is none.

    A dead child that nobody has waited for is a zombie: it holds a number but runs no more.
    """
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
