"""A batch is taken only where there is room to write its answer down."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bypost.delivery import disk
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import Store, counts, sqlite
from bypost.testing.fake_resend import FakeResend

pytestmark = pytest.mark.sqlite

Open = Callable[..., Context]


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` tells."""

    total: int
    used: int
    free: int


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that lets the system say how many bytes are free."""

    def leaving(free: int) -> None:
        usage = Usage(10**9, 10**9 - free, free)
        monkeypatch.setattr(sqlite.shutil, "disk_usage", lambda _path: usage)

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


def test_a_pass_on_a_disk_that_is_nearly_full_takes_nothing_up_and_says_why(
    through_resend: Open, resend: FakeResend, leave: Callable[[int], None]
) -> None:
    context = through_resend()
    leave(disk.ENOUGH - 1)
    report = Pass(context).run()
    assert report.total == counts.Counts()
    assert report.imported is None
    assert any("the disk has 9.9 MB left" in trouble for trouble in report.troubles)
    assert report.exit_code == 1
    assert list(resend.requests) == []
    leave(disk.ENOUGH)
    assert Pass(context).run().this_pass.accepted == 5


def test_a_disk_that_fills_up_amid_a_pass_leaves_the_rest_pending_and_nothing_unknown(
    through_resend: Open,
    resend: FakeResend,
    leave: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = through_resend()

    def shrink(_path: object) -> Usage:
        free = disk.ENOUGH // 2 if resend.accepted else disk.ENOUGH
        return Usage(10**9, 10**9 - free, free)

    monkeypatch.setattr(sqlite.shutil, "disk_usage", shrink)
    report = Pass(context).run()
    assert report.total.owed == 5
    assert (report.total.unknown, report.total.failed) == (0, 0)
    assert 0 < report.total.accepted < 5
    assert report.total.pending == 5 - report.total.accepted
    assert len([one for one in report.troubles if "the disk has 5.0 MB left" in one]) == 1
    leave(disk.ENOUGH)
    assert Pass(context).run().total.accepted == 5
    assert sorted(resend.accepted.values()) == [1] * 5
