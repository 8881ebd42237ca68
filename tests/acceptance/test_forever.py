"""``send --forever`` as a process: it takes up what comes, survives trouble, stops when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, write_course, write_people

pytestmark = pytest.mark.process


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project)
    write_people(empty_project, "ana@example.org,Ana,Europe/Berlin")
    return empty_project


@pytest.fixture
def forever(project: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(CHECKOUT / "send.py"), "--forever"],
        cwd=project,
        env={**os.environ, "BYPOST_SENDING__TICK_SECONDS": "0.2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate()


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def mails(project: Path) -> int:
    return len(list((project / "var" / "outbox").glob("*.eml")))


def test_people_added_while_it_runs_get_their_welcome_and_a_signal_stops_it(
    project: Path, forever: subprocess.Popen[str]
) -> None:
    eventually(lambda: mails(project) == 1)
    with (project / "subscribers.csv").open("a", encoding="utf-8") as file:
        file.write("ben@example.org,Ben,Asia/Tokyo\n")
    eventually(lambda: mails(project) == 2)
    forever.send_signal(signal.SIGTERM)
    out, errors = forever.communicate(timeout=10)
    assert forever.returncode == 0
    assert "Traceback" not in out + errors


def test_a_broken_file_is_told_and_does_not_end_it(
    project: Path, forever: subprocess.Popen[str]
) -> None:
    eventually(lambda: mails(project) == 1)
    (project / "subscribers.csv").write_text("address\nnobody\n", encoding="utf-8")
    time.sleep(1)
    assert forever.poll() is None
    write_people(project, "ana@example.org,Ana,Europe/Berlin", "ben@example.org,Ben,Asia/Tokyo")
    eventually(lambda: mails(project) == 2)
    forever.send_signal(signal.SIGINT)
    _, errors = forever.communicate(timeout=10)
    assert forever.returncode == 0
    assert "there is no column `email`" in errors
