"""``send`` and ``serve`` in processes of their own, and what a provider outside them has seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from tests.conftest import CHECKOUT
from tests.forks.child import Child, Process

_HERE = Path(__file__).parent
_FRONT_DOOR = str(CHECKOUT / "send.py")


@dataclass(frozen=True)
class Sends:
    """Starts processes over one project; at the end of its block none is left.

    Attributes:
        within: Words before each command, e.g. to run it in another mount space.
        anew: Start them from nothing, as an operator does; else they are forked from a process
            that has imported everything, which takes half the time. All else is the same.
    """

    root: Path
    environ: Mapping[str, str]
    within: Sequence[str] = ()
    anew: bool = False
    started: list[Process] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            if process.poll() is None:  # a test that failed left it behind
                process.kill()
            process.communicate()

    def start(self, *words: str, **options: Any) -> Process:
        """Start a pass, or a script with its arguments."""
        words = (*(words or (_FRONT_DOOR,)), "--allow-local")
        environ = {**os.environ, **self.environ}
        if self.anew or self.within or options:
            self.started.append(
                subprocess.Popen(
                    [*self.within, sys.executable, *words],
                    cwd=self.root,
                    env=environ,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    **options,
                )
            )
        else:
            self.started.append(Child(words, cwd=self.root, environ=environ))
        return self.started[-1]

    def forever(self) -> Process:
        """Start passes that go on."""
        return self.start(_FRONT_DOOR, "--forever")

    def serve(self) -> Process:
        """Start the pages with passes behind them, on a free port."""
        return self.start("-m", "bypost", "serve", "--port", "0")

    def halt_at(self, how: signal.Signals, label: str, times: int = 1) -> Process:
        """Start a pass that sends itself a signal at a step."""
        return self.start(str(_HERE / "die_at.py"), how.name, label, str(times))

    def die_at(self, label: str, times: int) -> int:
        """Make a pass that is killed at a step."""
        return finish(self.halt_at(signal.SIGKILL, label, times))

    def once(self) -> tuple[int, dict[str, Any]]:
        """Make one pass; return its exit code and its numbers."""
        process = self.start(_FRONT_DOOR, "--json")
        out, errors = process.communicate(timeout=120)
        assert b"Traceback" not in errors, errors.decode()
        return returned(process), json.loads(out)

    def to_the_end(self) -> dict[str, Any]:
        """Send until nothing is pending; return the numbers."""
        _, numbers = self.once()
        for _ in range(4):
            if numbers["pending"]:
                _, numbers = self.once()
        assert not numbers["pending"], numbers
        return numbers


def finish(process: Process, seconds: float = 120) -> int:
    """Wait for the end of a process; what it said must be fit for an operator's eyes."""
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert b"Traceback" not in errors, errors.decode()
    return returned(process)


def returned(process: Process) -> int:
    """Return the exit code of a process that has ended."""
    assert process.returncode is not None
    return process.returncode


def stop(processes: Sequence[Process]) -> None:
    """Ask processes to stop; they must do so in good order."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [finish(process, 20) for process in processes] == [0] * len(processes)


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def lines(log: Path) -> int:
    """Return how many messages the provider accepted so far."""
    return log.read_bytes().count(b"\n") if log.exists() else 0


def accepted(log: Path) -> list[tuple[float, str]]:
    """Return the provider's own log: when it accepted which address."""
    if not log.exists():
        return []
    whole = [line for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    entries = map(json.loads, whole)
    return [(datetime.fromisoformat(one["t"]).timestamp(), one["to"]) for one in entries]


def each_once(people: Sequence[str], count: int) -> None:
    """Check that ``count`` people are there and nobody is there twice."""
    counted = Counter(people)
    assert [who for who, times in counted.items() if times > 1] == []
    assert len(counted) == count
