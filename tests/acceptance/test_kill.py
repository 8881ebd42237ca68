"""kill -9 of ``send.py`` over 2,000 people: continued, nobody twice, nobody missed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import pytest

from bypost.delivery.steps import LABELS
from tests.acceptance.sends import Sends, accepted, each_once, finish, lines
from tests.conftest import write_course, write_people

PEOPLE = 2_000
KILLS = 50
#: Kills that must fall between the first and the last acceptance, by the provider's own log.
AMID = 40
#: One kill in so many meets a process that was not forked but started as an operator does.
ANEW_EVERY = 10

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("kill")]


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project, delays=("at once", "1 day"))
    write_people(
        empty_project, *(f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(PEOPLE))
    )
    return empty_project


@pytest.fixture
def resend(project: Path, fake_resend: str, through_resend: Callable[..., Sends]) -> Sends:
    return through_resend(project, fake_resend)


@pytest.fixture
def outbox(project: Path) -> Sends:
    # Each pass writes anew what the one before it had begun: a batch of a hundred in each thread.
    return Sends(project, {"BYPOST_SENDING__THREADS": "2"})


def mailbox(project: Path) -> list[str]:
    """Return the addresses of the mails in the local mailbox."""
    folder = project / "var" / "outbox"
    mails = [message_from_bytes(p.read_bytes(), policy=modern) for p in folder.glob("*.eml")]
    return [mail["To"].addresses[0].addr_spec for mail in mails]


def kill_at_random(
    sends: Sends, seen: Callable[[], int], rng: random.Random, longest: float
) -> tuple[float, int]:
    """Start a pass and kill it once it got a random number of mails further, and a moment later.

    Returns when that was, and how many mails had been accepted by then.
    """
    process = sends.start()
    goal = seen() + rng.randint(1, 30)
    deadline = time.monotonic() + 20
    while seen() < goal and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(rng.random() * longest)
    process.send_signal(signal.SIGKILL)
    at = time.time()
    finish(process)
    return at, seen()


def kills_at_random(
    sends: Sends, seen: Callable[[], int], rng: random.Random, *, longest: float
) -> list[tuple[float, int]]:
    """Kill passes one after the other.

    Args:
        longest: Seconds of the longest moment; some mails are accepted in it.
    """
    starts = [replace(sends, anew=number % ANEW_EVERY == 0) for number in range(KILLS)]
    return [kill_at_random(one, seen, rng, longest) for one in starts]


def test_killed_at_every_step_and_at_random_everybody_has_one_welcome_from_resend(
    resend: Sends, log: Path
) -> None:
    for label in LABELS:
        assert resend.die_at(label, 1 if label in LABELS[:2] else 2) == -signal.SIGKILL, label
    rng = random.Random(20261123)
    kills = kills_at_random(resend, lambda: lines(log), rng, longest=0.03)
    numbers = resend.to_the_end()
    got = accepted(log)
    each_once([to for _, to in got], PEOPLE)
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
    kills = kills_at_random(outbox, lambda: _files(project), rng, longest=0.005)
    numbers = outbox.to_the_end()
    each_once(mailbox(project), PEOPLE)
    assert sum(0 < files < PEOPLE for _, files in kills) >= AMID
    assert numbers["accepted"] == numbers["owed"] == PEOPLE


def test_two_passes_at_once_do_no_harm(resend: Sends, log: Path) -> None:
    both = [resend.start(), resend.start()]
    assert [finish(process) for process in both] == [0, 0]
    resend.to_the_end()
    each_once([to for _, to in accepted(log)], PEOPLE)


def _files(project: Path) -> int:
    folder = project / "var" / "outbox"
    if not folder.exists():
        return 0
    with os.scandir(folder) as found:  # every other millisecond: a slower look sees less
        return sum(one.name.endswith(".eml") for one in found)
