"""``serve --local`` looks ahead on copies of the database, which hold addresses: none is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import write_course, write_people

pytestmark = pytest.mark.process

Local = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for temporary files of this test's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def local(empty_project: Path, place: Path) -> Iterator[Local]:
    """Start the local page and look at it, so that it makes its copies."""
    write_course(empty_project)
    write_people(empty_project, "ana@example.org,Ana,Europe/Berlin")
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "bypost", "serve", "--local", "--port", "0"],
            cwd=empty_project,
            env={**os.environ, "TMPDIR": str(place)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("http://"):
            assert line, "it did not start"
        with urllib.request.urlopen(line.split()[0], timeout=30) as answer:
            assert answer.status == 200
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def copies(place: Path) -> set[Path]:
    return set(place.glob("bypost-*/copy.db"))


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_local_page_that_is_stopped_takes_its_copies_with_it(
    local: Local, place: Path, how: signal.Signals
) -> None:
    process = local()
    eventually(lambda: bool(copies(place)))
    process.send_signal(how)
    assert process.wait(20) == 0
    assert list(place.glob("bypost-*")) == []


def test_the_copies_of_a_local_page_that_was_killed_go_with_the_next_start(
    local: Local, place: Path
) -> None:
    killed = local()
    eventually(lambda: bool(copies(place)))
    killed.kill()
    killed.wait()
    left = copies(place)
    assert left
    local()
    assert not left & copies(place)
