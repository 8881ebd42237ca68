"""A pass: one lesson to many people, from the CSV to the record, through HTTP to a sink."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.fast_sink import fast_sink
from tests.bench.figure import Figure
from tests.bench.rounds import measured
from tests.bench.sink import resend_at
from tests.conftest import CHECKOUT

METHOD = """\
`send.py` in a process of its own over a new project: people are read from `subscribers.csv`, and
the first lesson goes out through HTTP to a sink on loopback that answers as Resend does (SQLite,
`synchronous=FULL`; no pace). The start of the process is in it."""


#: Runs a script, and prints the most memory of its process in kB. What the system tells of a child
#: that has ended counts the memory of its parent as well, from before it became another program.
_SEND = """
import atexit, pathlib, runpy, sys
def tell():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    print(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
atexit.register(tell)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def figures(people: int = 100_000) -> list[Figure]:
    """Return what it takes to send one lesson to everybody in a file; one round."""
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        root = Path(name)
        for folder in ("templates", "lessons"):
            shutil.copytree(CHECKOUT / folder, root / folder)
        shutil.copy(CHECKOUT / "bypost.toml", root)
        with (root / "subscribers.csv").open("w", encoding="utf-8") as file:
            file.write("email,name,time_zone\n")
            file.writelines(f"p{i}@example.com,Person {i},Europe/Berlin\n" for i in range(people))
        with fast_sink("resend") as url:
            seconds, peak = timed_pass(root, url)
        size = (root / "var" / "bypost.db").stat().st_size
    what = "from the file to the record"
    return [
        measured("pass.rate", what, "people/s", [people / seconds]),
        measured("pass.memory", "memory at most", "MB", [peak], at_most=True),
        measured("pass.database", "database, each person", "B", [size / people], at_most=True),
    ]


def timed_pass(root: Path, url: str) -> tuple[float, float]:
    """Return seconds and the most memory, in MB, of one ``send`` in a process of its own."""
    environ = {**os.environ, **resend_at(url), "PYTHONPATH": str(CHECKOUT)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _SEND, str(CHECKOUT / "send.py"), "--allow-local"],
        cwd=root,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - start, int(done.stdout.splitlines()[-1]) / 1024
