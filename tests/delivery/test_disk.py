"""A batch is taken only where there is room to write its answer down."""

from __future__ import annotations

import os
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.delivery import disk
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import Store, counts, engine
from bypost.testing.fake_resend import FakeResend

Open = Callable[..., Context]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that lets the system say how many bytes are free."""

    def leaving(free: int) -> None:
        usage = Usage(10**9, 10**9 - free, free)
        monkeypatch.setattr(engine.shutil, "disk_usage", lambda _path: usage)

    return leaving


def test_the_room_is_what_an_ordinary_user_may_write_on_the_file_s_own_disk(
    through_resend: Open,
) -> None:
    store = through_resend().store
    system = os.statvfs(store.path.parent)
    room = store.room()
    assert room is not None
    # Others write on this disk while the test looks twice.
    assert abs(room - system.f_bavail * system.f_frsize) < 200_000_000


def test_the_room_of_a_folder_that_is_not_there_is_not_known(tmp_path: Path) -> None:
    store = Store("sqlite:///var/bypost.db", root=tmp_path)
    assert store.room() is None
    store.close()


def test_with_room_there_is_nothing_to_say(
    through_resend: Open, leave: Callable[[int], None]
) -> None:
    context = through_resend()
    leave(disk.ENOUGH)
    assert disk.shortage(context) == ""


def test_a_shortage_is_told_with_the_place_what_is_left_and_what_is_needed(
    through_resend: Open, leave: Callable[[int], None]
) -> None:
    context = through_resend()
    leave(9_940_000)
    told = disk.shortage(context)
    assert told.startswith(f"{context.store.path}: the disk has 9.9 MB left")
    assert "below 10 MB" in told
    assert told.endswith("free some space")
