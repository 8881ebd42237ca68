"""A disk that is full: nothing is begun that could not be written down, and nothing is lost."""

from __future__ import annotations

import re
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bypost.testing.fake_resend import FakeResend
from bypost.testing.fault import Fault, Script
from tests.acceptance.sends import Sends
from tests.conftest import write_course, write_people

PEOPLE = 200
#: Enough for the database and the log beside it, and for what must stay free.
DISK_MB = 24

pytestmark = pytest.mark.process


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend() as fake:
        yield fake


@pytest.fixture
def sends(empty_project: Path, resend: FakeResend, through_resend: Callable[..., Sends]) -> Sends:
    write_course(empty_project, delays=("at once", "1 day"))
    write_people(empty_project, *(f"p{i}@example.org,Person {i},UTC" for i in range(PEOPLE)))
    return through_resend(empty_project, resend.url)


def everybody_once(sends: Sends, resend: FakeResend) -> None:
    numbers = sends.to_the_end()
    assert numbers["accepted"] == numbers["owed"] == PEOPLE
    assert sorted(resend.accepted.values()) == [1] * PEOPLE


# Where no disk can be mounted: a limit on the size of files, at which writing fails as well.


def send_with_files_up_to(sends: Sends, size: int) -> tuple[int, str]:
    """Make a pass that may write no file larger than ``size``; return its exit code and errors."""
    limits = (size, size)
    process = sends.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))
    errors = process.communicate(timeout=60)[1].decode()
    return process.returncode, errors


def test_wherever_writing_fails_the_error_is_plain_and_a_later_pass_finishes(
    sends: Sends, resend: FakeResend
) -> None:
    database = sends.root / "var" / "bypost.db"
    seen = set()
    for size in (0, *range(420_000, 1_000_000, 110_000)):
        code, errors = send_with_files_up_to(sends, size)
        if code == 0:
            break
        assert code == 1
        assert "Traceback" not in errors
        assert f"{database}: disk I/O error\n    check the disk" in errors
        assert is_sound(database)
        seen.add(len(resend.accepted))
    assert seen - {0, PEOPLE}  # it did fail in the middle of sending
    everybody_once(sends, resend)


def is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        found: tuple[str] = connection.execute("PRAGMA integrity_check").fetchone()
    return found == ("ok",)


# A file system of a few megabytes, in a mount space of its own: nothing of it is left behind.


@dataclass(frozen=True)
class Disk:
    """A small disk under ``var``, which only processes within its mount space see.

    Attributes:
        enter: Words that run a command within it.
        var: The folder as seen from outside.
    """

    enter: tuple[str, ...]
    var: Path

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.var).free

    def fill(self, left: int) -> None:
        """Leave so many bytes free."""
        with (self.var / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while (room := self.free - left) > 0:  # others write at the same time
                file.write(bytes(min(room, 1_000_000)))

    def empty(self) -> None:
        (self.var / "filler").unlink()


@pytest.fixture
def disk(empty_project: Path) -> Iterator[Disk]:
    var = empty_project / "var"
    var.mkdir()
    space = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = f"mount -t tmpfs -o size={DISK_MB}m none {var} && echo ready && exec cat"
    try:
        keeper = subprocess.Popen(
            [*space, "sh", "-c", mount],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        pytest.skip("a small disk cannot be mounted here: there is no `unshare`")
    with keeper:
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        if not keeper.stdout.readline():
            why = keeper.stderr.read().decode().strip()
            pytest.skip(f"a small disk cannot be mounted here: {why}")
        enter = ("nsenter", "--preserve-credentials", "-U", "-m", f"-t{keeper.pid}")
        there = ("sh", "-c", 'cd "$0" && exec "$@"', str(empty_project))
        yield Disk((*enter, *there), Path(f"/proc/{keeper.pid}/root{var}"))


@pytest.fixture
def on_disk(sends: Sends, disk: Disk) -> Sends:
    return replace(sends, within=disk.enter)


def test_on_a_disk_that_is_nearly_full_nothing_is_begun(
    on_disk: Sends, disk: Disk, resend: FakeResend
) -> None:
    disk.fill(left=8_000_000)
    code, numbers = on_disk.once()
    assert code == 1
    assert (numbers["accepted"], numbers["unknown"], numbers["failed"]) == (0, 0, 0)
    assert any(re.search(r"the disk has \d\.\d MB left", one) for one in numbers["troubles"])
    assert not resend.requests
    disk.empty()
    everybody_once(on_disk, resend)


@pytest.mark.parametrize("left", [0, 4096, 60_000])
def test_a_disk_that_fills_up_while_requests_are_under_way_costs_nobody_a_mail(
    on_disk: Sends, disk: Disk, resend: FakeResend, left: int
) -> None:
    def fill(number: int) -> Fault | None:
        if number == 5:
            disk.fill(left)
        return None

    resend.script = Script(fill)
    process = on_disk.start()
    errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "free some" in errors
    assert 0 < len(resend.accepted) < PEOPLE
    disk.empty()
    everybody_once(on_disk, resend)


def test_a_disk_that_is_full_from_the_start_is_told_in_words(
    on_disk: Sends, disk: Disk, resend: FakeResend
) -> None:
    disk.fill(left=0)
    process = on_disk.start()
    errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert not resend.requests
    disk.empty()
    everybody_once(on_disk, resend)
