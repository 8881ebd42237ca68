"""How long commands take to start, and what a server holds that has nothing to do."""

from __future__ import annotations

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.rounds import compared, measured, taken_in_turns
from tests.conftest import CHECKOUT

METHOD = """\
Commands in fresh processes, by the clock, on the shipped project after its first pass; byte code
is there. A ratio is to `python -c pass`. *serve* is `bypost serve` some seconds after its first
answer, with nothing to send: what the kernel counts for its process (`VmRSS`, shared pages
whole)."""

_ROUNDS = 7
_HELP_MS, _STATUS_MS, _IDLE_MB = 250, 500, 130
_SHIPPED = ("lessons", "templates", "newsletters", "bypost.toml", "subscribers.csv")
#: Seconds until a server that has started is at rest, and how often its memory is read.
_REST, _READ = 8.0, 5


def figures() -> list[Figure]:
    """Return times of starts and the memory of a server at rest."""
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        root = _project(Path(name))
        commands = (("-m", "bypost", "--help"), ("-m", "bypost", "status"), ("-c", "pass"))
        spent: list[list[float]] = [[] for _ in commands]
        ways = [_timed(root, *one) for one in zip(commands, spent, strict=True)]
        for way in ways:
            way()  # writes byte code
        shown, told, bare = taken_in_turns(ways, _ROUNDS)
        found = [
            *_of("help", "`bypost --help`", shown, bare, _HELP_MS, spent[0]),
            *_of("status", "`bypost status`", told, bare, _STATUS_MS, spent[1]),
        ]
        return [*found, _idle(root)]


def _of(
    key: str,
    what: str,
    taken: Sequence[float],
    bare: Sequence[float],
    goal: float,
    spent: Sequence[float],
) -> Iterator[Figure]:
    note = f"{statistics.median(spent):.0f} ms of the processor"
    yield measured(f"start.{key}", what, "ms", taken, goal=goal, at_most=True, note=note)
    to = "`python -c pass`"
    yield compared(f"start.{key}.python", what, "ms", taken, bare, to, at_most=True)


def _project(root: Path) -> Path:
    """Copy what is shipped, and send its first lessons into the local mailbox."""
    for name in _SHIPPED:
        found = CHECKOUT / name
        (shutil.copytree if found.is_dir() else shutil.copy)(found, root / name)
    _run(root, ("-m", "bypost", "send"))
    return root


def _timed(root: Path, words: Sequence[str], spent: list[float]) -> Callable[[], float]:
    """Return what runs a command and measures it in milliseconds.

    Args:
        spent: Takes those of the processor.
    """

    def milliseconds() -> float:
        began, before = time.perf_counter(), _spent()
        _run(root, words)
        spent.append(1000 * (_spent() - before))
        return 1000 * (time.perf_counter() - began)

    return milliseconds


def _spent() -> float:
    """Return the seconds of the processor that processes took which have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _run(root: Path, words: Sequence[str]) -> None:
    subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env=_environ(),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": ""}


def _idle(root: Path) -> Figure:
    with _served(root) as process:
        time.sleep(_REST)
        seen = []
        for _ in range(_READ):
            seen.append(_kilobytes(process, "status", "VmRSS") / 1024)
            time.sleep(1)
        own = _kilobytes(process, "smaps_rollup", "Pss") / 1024
    note = f"{own:.0f} MB with shared pages in parts (`Pss`); {statistics.median(seen):.0f} whole"
    return measured(
        "start.idle", "`bypost serve`, idle", "MB", seen, goal=_IDLE_MB, at_most=True, note=note
    )


@contextmanager
def _served(root: Path) -> Iterator[int]:
    """Run a server, and yield its process once it has answered."""
    command = [sys.executable, "-u", "-m", "bypost", "serve", "--allow-local", "--port", "0"]
    process = subprocess.Popen(
        command,
        cwd=root,
        env=_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert re.search(r"http://\S+", process.stdout.readline())
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def _kilobytes(process: int, file: str, name: str) -> int:
    text = Path(f"/proc/{process}/{file}").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith(f"{name}:")).split()[1])
