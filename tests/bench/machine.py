"""The machine on which figures were measured, and what it runs."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.mjml import official

_PACKAGES = (
    *("sqlalchemy", "orjson", "jinja2", "mjml-python", "requests", "pydantic", "fastapi"),
    *("uvicorn", "typer", "email-validator", "tzdata", "psycopg", "procrastinate"),
)
_FLUSHES, _FLUSHED = 200, 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine.

    Attributes:
        memory: In GB.
        disk: Milliseconds for appending 8 kB to a file and ``fdatasync``, the median.
        versions: Of Python, SQLite and packages, as one line.
    """

    cores: int
    cpu: str
    kernel: str
    memory: int
    disk: float
    versions: str

    @property
    def line(self) -> str:
        """Return it in words; without the disk, which differs from minute to minute."""
        return f"{self.cores} cores ({self.cpu}), {self.memory} GB, {self.kernel}"


def look() -> Machine:
    """Return the machine this runs on."""
    return Machine(
        cores=os.cpu_count() or 1,
        cpu=_found("/proc/cpuinfo", "model name") or platform.machine(),
        kernel=f"{platform.system()} {platform.release().partition('-')[0]}",
        memory=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        disk=round(1000 * statistics.median(flushes(_FLUSHES, _FLUSHED)), 3),
        versions=", ".join(_versions()),
    )


def flushes(count: int, size: int, folder: Path | None = None) -> Iterator[float]:
    """Yield the seconds of each of so many appends of ``size`` bytes, each with ``fdatasync``."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        data = os.urandom(size)
        for _ in range(count):
            began = time.perf_counter()
            os.write(file.fileno(), data)
            os.fdatasync(file.fileno())
            yield time.perf_counter() - began


def _found(path: str, name: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    yield f"SQLite {sqlite3.sqlite_version}"
    for name in _PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    if node := shutil.which("node"):
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        yield f"Node {done.stdout.strip().lstrip('v')} with mjml {official.VERSION}"
