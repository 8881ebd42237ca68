"""A sender that stands still past its lease and wakes up: it sends nothing and changes nothing.

A process may be frozen for any length of time between any two of its instructions: by SIGSTOP, by a
virtual machine that is moved, by a laptop that is closed.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bypost.testing.fake_postmark import FakePostmark
from bypost.testing.fake_resend import FakeResend
from bypost.testing.fault import Fault, Script
from tests.acceptance.sends import Sends, eventually, finish
from tests.conftest import write_course, write_people
from tests.forks.child import Process

PEOPLE = 5  #: one request

pytestmark = pytest.mark.process


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend() as fake:
        yield fake


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project, delays=("at once", "1 day"))
    write_people(empty_project, *(f"p{i}@example.org,Person {i},UTC" for i in range(PEOPLE)))
    return empty_project


#: Leases of a second and a half.
SHORT = {
    "BYPOST_SENDING__LEASE_SECONDS": "1.5",
    "BYPOST_SENDING__TIMEOUT_SECONDS": "0.7",
    "BYPOST_SENDING__RETRY_SECONDS": "0.2",
}


@pytest.fixture
def sends(project: Path, resend: FakeResend, sending: Callable[..., Sends]) -> Sends:
    found: Sends = sending(project, "resend", resend.url, **SHORT)
    return found


def is_frozen(process: Process) -> bool:
    found = subprocess.run(
        ["ps", "-o", "state=", "-p", str(process.pid)], capture_output=True, check=False
    )
    return found.stdout.startswith(b"T")


def wake(process: Process) -> int:
    process.send_signal(signal.SIGCONT)
    return finish(process, 20)


def ledger(sends: Sends) -> list[Any]:
    """Return all that is written about what was owed, tried and answered."""
    with closing(sqlite3.connect(sends.root / "var" / "bypost.db")) as database:
        return [
            database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in ("batches", "deliveries", "attempts", "budgets")
        ]


@pytest.mark.parametrize(
    ("label", "requests"),
    [("leased", 1), ("built", 1), ("intended", 1), ("answered", 2)],
)
def test_whoever_wakes_up_past_its_lease_neither_sends_nor_writes(
    sends: Sends, resend: FakeResend, label: str, requests: int
) -> None:
    frozen = sends.halt_at(signal.SIGSTOP, label)
    eventually(lambda: is_frozen(frozen))
    _, numbers = sends.once()  # waits for the lease to run out
    assert numbers["accepted"] == numbers["owed"] == PEOPLE
    before = ledger(sends)
    assert wake(frozen) == 0
    assert ledger(sends) == before
    assert len(resend.requests) == requests
    assert sorted(resend.accepted.values()) == [1] * PEOPLE


def test_a_request_is_on_its_way_while_its_sender_stands_still(
    sends: Sends, resend: FakeResend
) -> None:
    def freeze(number: int) -> Fault | None:
        if number == 0:
            os.kill(frozen.pid, signal.SIGSTOP)
        return None

    resend.script = Script(freeze)
    frozen = replace(sends, anew=True).start()
    eventually(lambda: is_frozen(frozen))
    _, numbers = sends.once()
    assert numbers["accepted"] == numbers["owed"] == PEOPLE
    before = ledger(sends)
    assert wake(frozen) == 0
    assert ledger(sends) == before
    assert sorted(resend.accepted.values()) == [1] * PEOPLE


def test_whoever_stood_still_for_half_its_lease_does_not_send_but_tries_anew(
    sends: Sends, resend: FakeResend
) -> None:
    frozen = sends.halt_at(signal.SIGSTOP, "intended")
    eventually(lambda: is_frozen(frozen))
    subprocess.run(["sleep", "1"], check=True)
    assert wake(frozen) == 1  # the pass says that something went wrong on the way
    assert sends.to_the_end()["accepted"] == PEOPLE
    assert sorted(resend.accepted.values()) == [1] * PEOPLE
    outcomes = [row[5] for row in ledger(sends)[2]]
    assert outcomes == ["not sent", "accepted"]


def test_frozen_before_the_lease_it_finds_nothing_left_to_do(
    sends: Sends, resend: FakeResend
) -> None:
    frozen = sends.halt_at(signal.SIGSTOP, "owed")
    eventually(lambda: is_frozen(frozen))
    sends.to_the_end()
    before = ledger(sends)
    assert wake(frozen) == 0
    assert ledger(sends) == before
    assert len(resend.requests) == 1


@pytest.mark.parametrize(
    ("label", "requests", "known"),
    [
        ("leased", 1, "accepted"),
        ("built", 1, "accepted"),
        ("intended", 0, "unknown"),
        ("answered", 1, "unknown"),
    ],
)
def test_so_it_is_where_a_request_must_not_be_repeated(
    project: Path, sending: Callable[..., Sends], label: str, requests: int, known: str
) -> None:
    with FakePostmark() as postmark:
        sends: Sends = sending(project, "postmark", postmark.url, **SHORT)
        frozen = sends.halt_at(signal.SIGSTOP, label)
        eventually(lambda: is_frozen(frozen))
        _, numbers = sends.once()
        assert numbers[known] == numbers["owed"] == PEOPLE
        before = ledger(sends)
        assert wake(frozen) in {0, 1}  # 1: what is unknown is told
        assert ledger(sends) == before
        assert len(postmark.requests) == requests
        assert set(postmark.accepted.values()) == ({1} if requests else set())
