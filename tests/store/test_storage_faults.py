"""Faults of the storage under a pass: a torn log, a lock, a file that cannot be written."""

from __future__ import annotations

import hashlib
import logging
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from bypost.delivery import steps
from bypost.delivery.context import Context
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import publish
from bypost.delivery.run import Pass, importer
from bypost.errors import StoreError
from bypost.store import sqlite
from bypost.testing.fake_resend import FakeResend
from bypost.testing.fault import Fault, Script
from tests.acceptance.sends import Sends
from tests.conftest import write_course, write_people
from tests.delivery.conftest import RESEND

pytestmark = pytest.mark.sqlite

PEOPLE = 16  #: two a request
#: Without these, root may write whatever it likes.
AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")

Open = Callable[..., Context]


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend() as fake:
        yield fake


@pytest.fixture
def through_resend(
    empty_project: Path,
    resend: FakeResend,
    open_context: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
) -> Open:
    write_course(empty_project, delays=("at once", "1 day"))
    write_people(empty_project, *(f"p{i}@example.org,Person {i},UTC" for i in range(PEOPLE)))
    # As in a container: without the mark that is kept beside the database of what was sent from it.
    monkeypatch.setenv("BYPOST_INSTANCE", "tests")
    environ = RESEND | {"BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url}
    return lambda **more: open_context(empty_project, environ | more)


class PowerCut(BaseException):
    """Nothing in between may catch it."""


class _Breaker(logging.Handler):
    """Keeps the log of the database as it is at a step, and stops the pass there."""

    def __init__(self, context: Context, label: str, times: int) -> None:
        super().__init__()
        self._log = context.store.path.with_name(context.store.path.name + "-wal")
        self._label = label
        self._left = times
        self.kept = b""

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == self._label:
            self._left -= 1
            if self._left == 0:
                self.kept = self._log.read_bytes()
                raise PowerCut


def log_at(context: Context, label: str, times: int) -> bytes:
    """Make a pass that ends at a step; return the database's log of that moment."""
    breaker = _Breaker(context, label, times)
    logger = logging.getLogger(steps.__name__)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(breaker)
    try:
        with pytest.raises(PowerCut):
            Pass(context).run()
    finally:
        logger.removeHandler(breaker)
        logger.setLevel(level)
    return breaker.kept


def owe(context: Context) -> None:
    """Import and owe, send nothing; all of it is in the file, and its log is empty."""
    published = publish(context, context.clock.now())
    importer(context, published).run(context.root / "subscribers.csv", now=context.clock.now())
    owe_lessons(context, published.shapes)
    context.store.close()


def commits(log: bytes) -> list[int]:
    """Return the places in a log at which a commit ends (https://sqlite.org/fileformat2.html)."""
    page = int.from_bytes(log[8:12], "big")
    ends = range(32 + 24 + page, len(log) + 1, 24 + page)
    return [32, *(end for end in ends if int.from_bytes(log[end - page - 20 :][:4], "big"))]


def look(file: Path, log: bytes, folder: Path) -> str:
    """Return a digest of what a database with this log holds; it must be sound."""
    folder.mkdir()
    copy = Path(shutil.copy(file, folder / "copy.db"))
    copy.with_name("copy.db-wal").write_bytes(log)
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        digest = hashlib.sha256("\n".join(database.iterdump()).encode()).hexdigest()
    shutil.rmtree(folder)
    return digest


@pytest.mark.parametrize("seed", range(12))
def test_after_a_power_cut_the_commits_before_it_hold_and_a_pass_sends_what_is_missing(
    through_resend: Open, resend: FakeResend, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    owe(through_resend())
    context = through_resend()
    file = context.store.path
    main = file.read_bytes()
    log = log_at(context, rng.choice(steps.LABELS[3:]), rng.randint(1, 8))
    context.store.close()
    file.write_bytes(main)

    cut = rng.randrange(32, len(log) + 1)
    garbage = rng.randbytes(rng.randint(1, 9_000)) if seed % 2 else b""
    torn = log[:cut] + garbage
    before = max(end for end in commits(log) if end <= cut)
    assert look(file, torn, tmp_path / "a") == look(file, log[:before], tmp_path / "b")

    # Earlier commits are lost here that the disk had promised to keep: the keys make up for it.
    file.with_name(file.name + "-wal").write_bytes(torn)
    after = through_resend()
    after.clock.sleep(after.lease.total_seconds())  # its process is still there
    report = Pass(after).run()
    assert report.total.accepted == report.total.owed == PEOPLE
    assert sorted(resend.accepted.values()) == [1] * PEOPLE


def test_a_log_cut_anywhere_holds_the_commits_before_the_cut(
    through_resend: Open, tmp_path: Path
) -> None:
    rng = random.Random(20261123)
    owe(through_resend())
    context = through_resend()
    main = Path(shutil.copy(context.store.path, tmp_path / "main.db"))
    log = log_at(context, "recorded", PEOPLE // 2)
    whole = {end: look(main, log[:end], tmp_path / "whole") for end in commits(log)}
    assert len(set(whole.values())) > PEOPLE  # claim, intent and record of each request
    for number in range(60):
        cut = rng.randrange(32, len(log) + 1)
        garbage = rng.randbytes(rng.randint(1, 9_000)) if number % 2 else b""
        before = max(end for end in whole if end <= cut)
        assert look(main, log[:cut] + garbage, tmp_path / "torn") == whole[before]


HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


class Holder:
    """Another process that takes the right to write and keeps it until released."""

    def __init__(self, file: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"held\n"

    def release(self) -> None:
        if self._process.returncode is None:
            self._process.communicate(b"\n", timeout=10)


@pytest.fixture
def hold() -> Iterator[Callable[[Path], Holder]]:
    with ExitStack() as stack:

        def holding(file: Path) -> Holder:
            holder = Holder(file)
            stack.callback(holder.release)
            return holder

        yield holding


@pytest.mark.process
def test_a_pass_waits_while_another_process_writes(
    through_resend: Open, resend: FakeResend, hold: Callable[[Path], Holder]
) -> None:
    context = through_resend()

    def hold_for_a_while(number: int) -> Fault | None:
        if number == 3:
            threading.Timer(0.7, hold(context.store.path).release).start()
        return None

    resend.script = Script(hold_for_a_while)
    report = Pass(context).run()
    assert report.exit_code == 0
    assert report.total.accepted == PEOPLE
    assert len(resend.requests) == PEOPLE // 2


@pytest.mark.process
@pytest.mark.parametrize("request_number", [0, 3])
def test_a_pass_that_waited_too_long_ends_with_a_plain_error_and_nothing_is_lost(
    through_resend: Open,
    resend: FakeResend,
    hold: Callable[[Path], Holder],
    monkeypatch: pytest.MonkeyPatch,
    request_number: int,
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_MS", 100)
    brief = {"BYPOST_SENDING__LEASE_SECONDS": "5"}  # so long the answer is tried to be written
    context = through_resend(**brief)
    holders = []

    def hold_on(number: int) -> Fault | None:
        if number == request_number:
            holders.append(hold(context.store.path))
        return None

    resend.script = Script(hold_on)
    with pytest.raises(StoreError, match="database is locked\n    another program holds"):
        Pass(context).run()
    holders[0].release()
    context.store.close()
    assert 0 < len(resend.accepted) < PEOPLE
    context.clock.sleep(context.lease.total_seconds())  # its process is still there
    assert Pass(through_resend(**brief)).run().total.accepted == PEOPLE
    assert sorted(resend.accepted.values()) == [1] * PEOPLE


@pytest.mark.process
@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_a_database_that_may_not_be_written_is_told_in_words(
    through_resend: Open, resend: FakeResend, what: str
) -> None:
    context = through_resend()
    owe(context)
    path = context.store.path if what == "the file" else context.store.path.parent
    path.chmod(path.stat().st_mode & ~0o222)
    sends = Sends(context.root, RESEND | {"BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url})
    with replace(sends, within=AS_ANYBODY if os.geteuid() == 0 else ()) as bound:
        process = bound.start()
        errors = process.communicate(timeout=60)[1].decode()
        assert process.returncode == 1
    assert "Traceback" not in errors
    assert f"{context.store.path}: " in errors
    assert "\n    " in errors  # what to do about it
    assert not resend.requests
    path.chmod(path.stat().st_mode | 0o200)
    assert Pass(through_resend()).run().total.accepted == PEOPLE
