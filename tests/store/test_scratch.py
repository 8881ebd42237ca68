"""Folders with copies of the database: gone with their process, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bypost.store import scratch
from bypost.store.scratch import Scratch

HOLD = """
import sys
from bypost.store.scratch import Scratch
folder = Scratch("ahead")
(folder.path / "outbox").mkdir()
(folder.path / "outbox" / "ana@example.org").touch()
(folder.path / "copy.db").touch()
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of this test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def other(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process with a folder, that waits until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "TMPDIR": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def left(place: Path) -> list[str]:
    return [path.name for path in place.iterdir()]


def test_a_folder_is_gone_when_its_work_is_done(place: Path) -> None:
    with Scratch("dry-run") as folder:
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "outbox").mkdir()
        (folder / "copy.db").touch()
    assert left(place) == []


def test_a_folder_that_nobody_closed_is_gone_when_the_process_ends(
    other: subprocess.Popen[str], place: Path
) -> None:
    other.communicate("")
    assert left(place) == []


def test_what_a_killed_process_left_goes_with_the_next_one(
    other: subprocess.Popen[str], place: Path
) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    (name,) = left(place)
    assert name.startswith("bypost-ahead-")
    with Scratch("import") as folder:
        assert left(place) == [folder.name]


def test_the_folder_of_a_process_that_runs_stays(other: subprocess.Popen[str], place: Path) -> None:
    mine = Scratch("import")
    assert scratch.sweep() == 0
    assert len(left(place)) == 2
    mine.close()
    assert scratch.sweep() == 0
    assert len(left(place)) == 1


def test_what_was_not_made_here_stays(
    place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / ".bypost-lock").touch()
    (elsewhere / "letters").touch()
    (place / "bypost-link").symlink_to(elsewhere)
    (place / "bypost-file").touch()
    (place / "bypost-notes").mkdir()
    (place / "bypost-odd").mkdir()
    (place / "bypost-odd" / ".bypost-lock").symlink_to(elsewhere / "letters")
    before = sorted(left(place))
    assert scratch.sweep() == 0
    assert sorted(left(place)) == before
    assert (elsewhere / "letters").exists()


def test_the_folder_of_another_user_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "bypost-ahead-x").mkdir()
    (place / "bypost-ahead-x" / ".bypost-lock").touch()
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert scratch.sweep() == 0
    assert scratch.sweep() == 1


def test_a_removal_that_was_cut_short_is_finished_by_the_next_one(place: Path) -> None:
    (place / "bypost-ahead-x").mkdir()
    (place / "bypost-ahead-x" / ".bypost-lock").touch()  # it goes last, so it is what is left
    assert scratch.sweep() == 1
    assert left(place) == []
