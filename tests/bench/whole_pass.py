"""A pass: one lesson to many people, from the CSV to the record, through HTTP to a sink."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.table import Table

from tests.bench.sink import resend_at, sink
from tests.conftest import CHECKOUT


def measure(table: Table, people: int) -> None:
    """Send one lesson to many people through HTTP to a sink on loopback."""
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        root = Path(name)
        for folder in ("templates", "lessons"):
            shutil.copytree(CHECKOUT / folder, root / folder)
        shutil.copy(CHECKOUT / "bypost.toml", root)
        with (root / "subscribers.csv").open("w", encoding="utf-8") as file:
            file.write("email,name,time_zone\n")
            file.writelines(f"p{i}@example.com,Person {i},Europe/Berlin\n" for i in range(people))
        with sink() as url:
            seconds, peak = timed_pass(root, url)
        size = (root / "var" / "bypost.db").stat().st_size
    table.add_row(f"a pass over {people:,} people", f"{seconds:.1f} s", "")
    table.add_row("  people a second, import to record", f"{people / seconds:,.0f} /s", "")
    table.add_row("  peak memory", f"{peak / 1024:.0f} MB", "")
    table.add_row("  database", f"{size / people:.0f} B a person", "")


def timed_pass(root: Path, url: str) -> tuple[float, int]:
    """Return seconds and peak kilobytes of one ``send`` in a process of its own."""
    environ = {
        **os.environ,
        **resend_at(url),
    }
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(CHECKOUT / "send.py"), "--allow-local"], cwd=root, env=environ
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - start, usage.ru_maxrss
