"""kill -9 of ``send.py`` over 2,000 people: continued, nobody twice, nobody missed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery.steps import LABELS
from tests.conftest import CHECKOUT, write_course, write_people

PEOPLE = 2_000
KILLS = 50
#: Kills that must fall between the first and the last acceptance, by the provider's own log.
AMID = 40

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("kill")]


class Sends:
    """Starts ``send`` in processes of its own."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        self._environ = {**os.environ, **environ}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, *(words or (str(CHECKOUT / "send.py"),)), "--allow-local"]
        return subprocess.Popen(
            command,
            cwd=self._root,
            env=self._environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def die_at(self, label: str, times: int) -> int:
        process = self.start(str(Path(__file__).with_name("die_at.py")), label, str(times))
        return _finish(process)

    def to_the_end(self) -> dict[str, Any]:
        """Send until nothing is pending; return the numbers."""
        for _ in range(5):
            done = subprocess.run(
                [sys.executable, str(CHECKOUT / "send.py"), "--json", "--allow-local"],
                cwd=self._root,
                env=self._environ,
                capture_output=True,
                check=False,
                timeout=120,
            )
            numbers: dict[str, Any] = json.loads(done.stdout)
            if not numbers["pending"]:
                return numbers
        raise AssertionError(numbers)


def _finish(process: subprocess.Popen[bytes]) -> int:
    _, errors = process.communicate(timeout=120)
    assert b"Traceback" not in errors, errors.decode()
    return process.returncode


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project, delays=("at once", "1 day"))
    write_people(
        empty_project, *(f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(PEOPLE))
    )
    return empty_project


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "accepted.jsonl"


@pytest.fixture
def fake_resend(log: Path) -> Iterator[str]:
    """A Resend in a process of its own: it outlives every kill and holds the truth."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bypost.testing.fake_resend",
            "--log",
            str(log),
            "--latency",
            "0.05",
        ],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    yield process.stdout.readline().decode().strip()
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def resend(project: Path, fake_resend: str) -> Sends:
    return Sends(
        project,
        {
            "BYPOST_SENDING__PROVIDER": "resend",
            "BYPOST_SENDING__THREADS": "4",
            "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
            "BYPOST_PROVIDERS__RESEND__BASE_URL": fake_resend,
            "BYPOST_PROVIDERS__RESEND__BATCH_SIZE": "10",
            "BYPOST_PROVIDERS__RESEND__PER_SECOND": "1000",
        },
    )


@pytest.fixture
def outbox(project: Path) -> Sends:
    return Sends(project, {})


def accepted(log: Path) -> list[tuple[float, str]]:
    """Return the provider's own log: when it accepted which address."""
    if not log.exists():
        return []
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    entries = map(json.loads, lines)
    return [(datetime.fromisoformat(one["t"]).timestamp(), one["to"]) for one in entries]


def mailbox(project: Path) -> list[str]:
    """Return the addresses of the mails in the local mailbox."""
    folder = project / "var" / "outbox"
    mails = [message_from_bytes(p.read_bytes(), policy=modern) for p in folder.glob("*.eml")]
    return [mail["To"].addresses[0].addr_spec for mail in mails]


def kill_at_random(sends: Sends, seen: Callable[[], int], rng: random.Random) -> tuple[float, int]:
    """Start a pass and kill it once it got a random number of mails further.

    Returns when that was, and how many mails had been accepted by then.
    """
    process = sends.start()
    goal = seen() + rng.randint(1, 30)
    deadline = time.monotonic() + 20
    while seen() < goal and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(rng.random() * 0.03)
    process.send_signal(signal.SIGKILL)
    at = time.time()
    _finish(process)
    return at, seen()


def each_once(people: list[str]) -> None:
    counted = Counter(people)
    assert len(counted) == PEOPLE
    assert max(counted.values()) == 1


def test_killed_at_every_step_and_at_random_everybody_has_one_welcome_from_resend(
    resend: Sends, log: Path
) -> None:
    for label in LABELS:
        assert resend.die_at(label, 1 if label in LABELS[:2] else 2) == -signal.SIGKILL, label
    rng = random.Random(20261123)
    kills = [kill_at_random(resend, lambda: _lines(log), rng) for _ in range(KILLS)]
    numbers = resend.to_the_end()
    got = accepted(log)
    each_once([to for _, to in got])
    first, last = min(t for t, _ in got), max(t for t, _ in got)
    assert sum(first < at < last for at, _ in kills) >= AMID
    assert numbers["accepted"] == numbers["owed"] == PEOPLE
    assert not any(resend.to_the_end()["this_pass"].values())


def test_killed_at_every_step_and_at_random_everybody_has_one_welcome_in_the_mailbox(
    outbox: Sends, project: Path
) -> None:
    for label in LABELS:
        assert outbox.die_at(label, 1) == -signal.SIGKILL, label
    rng = random.Random(20261124)
    kills = [kill_at_random(outbox, lambda: _files(project), rng) for _ in range(KILLS)]
    numbers = outbox.to_the_end()
    each_once(mailbox(project))
    assert sum(0 < files < PEOPLE for _, files in kills) >= AMID
    assert numbers["accepted"] == numbers["owed"] == PEOPLE


def test_two_passes_at_once_do_no_harm(resend: Sends, log: Path) -> None:
    both = [resend.start(), resend.start()]
    assert [_finish(process) for process in both] == [0, 0]
    resend.to_the_end()
    each_once([to for _, to in accepted(log)])


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _files(project: Path) -> int:
    folder = project / "var" / "outbox"
    return sum(1 for _ in folder.glob("*.eml")) if folder.exists() else 0
