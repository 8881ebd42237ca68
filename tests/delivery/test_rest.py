"""Passes that need not be made: nothing that is due, was written or was edited is overlooked."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bypost.delivery import last_pass
from bypost.delivery.alarm_watch import EVERY as LOOK
from bypost.delivery.context import Context
from bypost.delivery.holds import Scope
from bypost.delivery.pause import Target, pause
from bypost.delivery.run import Pass
from bypost.store import Store, alarms, meta, sqlite
from bypost.store.counts import Counts
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.conftest import write_people

Open = Callable[..., Context]
SECOND = timedelta(seconds=1)
_STEPS = logging.getLogger("bypost.delivery.steps")


@dataclass
class Passes:
    """The passes of one process, and whether each was made."""

    context: Context
    patient: bool = False
    one: Pass = field(init=False)
    meanwhile: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.one = Pass(self.context, patient=self.patient, patience=timedelta())

    def makes(self) -> bool:
        """Ask for a pass; tell whether one was made."""
        with _listening() as steps:
            if self.meanwhile is not None:
                steps.addFilter(self._at_published)
            self.one.run()
        return "published" in steps.seen

    def rest(self) -> None:
        """Ask for passes until none is made."""
        for _ in range(10):
            if not self.makes():
                return
        raise AssertionError("there is always something to do")

    def _at_published(self, record: logging.LogRecord) -> bool:
        if record.getMessage() == "published" and self.meanwhile is not None:
            self.meanwhile()
        return True


class _Steps(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[_Steps]:
    steps, before = _Steps(), _STEPS.level
    _STEPS.setLevel(logging.DEBUG)
    _STEPS.addHandler(steps)
    try:
        yield steps
    finally:
        _STEPS.removeHandler(steps)
        _STEPS.setLevel(before)


@pytest.fixture
def passes(through_resend: Open) -> Passes:
    """Passes over five people who had the first lesson, at rest."""
    found = Passes(replace(through_resend(), guarded=True))
    found.rest()
    return found


def write_elsewhere(context: Context, name: str = "said") -> None:
    """Write what no pass looks at, as another process does."""
    other = Store(context.settings.database.url, root=context.root)
    with other.write() as connection:
        meta.put(connection, name, "something")
    other.close()


def test_after_a_pass_that_found_nothing_to_do_none_is_made_and_the_report_is_the_same(
    passes: Passes, resend: FakeResend
) -> None:
    report = passes.one.run()
    assert report.this_pass == Counts()
    assert report.total.accepted == 5
    assert report == Pass(passes.context).run()
    assert sorted(resend.accepted.values()) == [1] * 5


def test_after_a_pass_that_sent_something_another_is_made(through_resend: Open) -> None:
    passes = Passes(through_resend())
    assert passes.makes()
    assert passes.makes()


def test_the_first_pass_of_a_process_is_made(passes: Passes) -> None:
    assert not passes.makes()
    assert Passes(passes.context).makes()


def test_what_another_process_wrote_ends_the_rest(passes: Passes) -> None:
    write_elsewhere(passes.context)
    assert passes.makes()
    assert not passes.makes()


def test_what_the_pages_of_this_process_wrote_ends_the_rest(passes: Passes) -> None:
    with passes.context.store.write() as connection:
        meta.put(connection, "said", "something")
    assert passes.makes()


def test_who_joins_meanwhile_gets_the_first_lesson_with_the_next_pass(
    passes: Passes, project: Path
) -> None:
    write_people(project, *(f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(6)))
    assert passes.one.run().this_pass.accepted == 1


def test_what_is_written_while_a_pass_is_made_is_looked_at_by_another(passes: Passes) -> None:
    write_elsewhere(passes.context)
    passes.meanwhile = lambda: write_elsewhere(passes.context, "also")
    assert passes.makes()
    passes.meanwhile = None
    assert passes.makes()
    assert not passes.makes()


def edit(path: Path, text: str = "\nMore.\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize(
    "name",
    [
        "lessons/letters/01-two.md",
        "lessons/other/course.toml",
        "newsletters/news/newsletter.toml",
        "templates/email/notice.md",
        "subscribers.csv",
        "audiences.toml",
    ],
)
def test_a_file_that_was_edited_ends_the_rest(passes: Passes, project: Path, name: str) -> None:
    edit(project / name)
    assert passes.makes()


def test_a_logo_that_was_changed_ends_the_rest(
    through_resend: Open, project: Path, shipped_logo: bytes
) -> None:
    (project / "logo.png").write_bytes(shipped_logo)
    passes = Passes(through_resend(BYPOST_THEME__LOGO="logo.png"))
    passes.rest()
    os.utime(project / "logo.png", (1, 1))
    assert passes.makes()


@pytest.fixture
def shipped_logo() -> bytes:
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


def test_an_edit_is_taken_over_once_the_file_has_been_still(
    through_resend: Open, project: Path, clock: SimulatedClock
) -> None:
    for path in project.rglob("*.*"):
        os.utime(path, (1, 1))
    passes = Passes(through_resend(), patient=True)
    passes.rest()
    clock.advance(20 * SECOND)  # so that no pass is made for the 30 s when it has been still
    lesson = project / "lessons" / "letters" / "01-two.md"
    edit(lesson)
    saved = clock.now().timestamp()
    os.utime(lesson, (saved, saved))
    before = texts(passes.context)
    for _ in range(11):
        clock.advance(5 * SECOND)
        passes.makes()
        assert texts(passes.context) == before
    clock.advance(5 * SECOND)
    passes.makes()
    assert texts(passes.context) == before + 1


def texts(context: Context) -> int:
    with context.store.read() as connection:
        number: int = connection.exec_driver_sql("SELECT count(*) FROM contents").scalar_one()
    return number


def test_the_instance_in_the_file_or_the_environment_is_checked_again_when_it_changes(
    passes: Passes, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_INSTANCE", "another")
    with pytest.raises(Exception, match="belongs to instance"):
        passes.one.run()
    monkeypatch.delenv("BYPOST_INSTANCE")
    passes.rest()
    (project / "var" / "instance").write_text("instance another\n", encoding="ascii")
    with pytest.raises(Exception, match="belongs to instance"):
        passes.one.run()


@pytest.mark.sqlite
def test_another_database_in_the_place_of_this_one_ends_the_rest(passes: Passes) -> None:
    path = passes.context.store.path
    passes.context.store.close()
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)
    assert passes.makes()


@pytest.mark.sqlite
def test_a_disk_that_fills_up_is_told_at_once(
    passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(passes.context.root)._replace(free=1)
    monkeypatch.setattr(sqlite.shutil, "disk_usage", lambda _path: full)
    assert "the disk has 0.0 MB left" in passes.one.run().troubles[0]
    assert passes.makes()


def test_a_clock_that_was_set_back_ends_the_rest(passes: Passes, clock: SimulatedClock) -> None:
    clock.step_back(SECOND)
    assert passes.makes()


def test_what_falls_due_leaves_with_the_next_pass(
    passes: Passes, clock: SimulatedClock, resend: FakeResend
) -> None:
    at = passes.one.next_at()
    assert at is not None
    clock.advance_to(at - SECOND)
    passes.rest()
    clock.advance(SECOND)
    assert passes.one.run().this_pass.accepted == 5


def test_a_hold_that_is_over_by_itself_ends_the_rest(passes: Passes, clock: SimulatedClock) -> None:
    until = clock.now() + 10 * SECOND
    with passes.context.store.read() as connection:
        number = connection.exec_driver_sql("SELECT min(id) FROM subscribers").scalar_one()
    whom = Target(scope=Scope.SUBSCRIBER, name="p0@example.org", subscriber_id=number)
    pause(passes.context, whom, until=until, reason="")
    passes.rest()
    clock.advance(9 * SECOND)
    assert not passes.makes()
    clock.advance(SECOND)
    assert passes.makes()


def test_a_message_to_the_operator_is_tried_when_its_time_comes(
    passes: Passes, clock: SimulatedClock
) -> None:
    with passes.context.store.write() as connection:
        alarms.add_message(connection, "mail", {}, clock.now() + 10 * SECOND)
    passes.rest()
    clock.advance(9 * SECOND)
    assert not passes.makes()
    clock.advance(SECOND)
    assert passes.makes()


def test_after_a_trouble_a_pass_is_made(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    passes = Passes(through_resend())
    resend.script.add(fault.error(500, accept=False))
    assert passes.one.run().troubles
    assert passes.makes()


def test_in_a_quiet_hour_all_that_is_done_from_time_to_time_is_done(
    passes: Passes, clock: SimulatedClock
) -> None:
    """Passes are noted, alarms are looked for, figures and tidying keep their intervals."""
    made, looks, tidied = 0, set(), set()
    began = clock.now()
    while clock.now() < began + timedelta(minutes=70):
        clock.advance(5 * SECOND)
        made += passes.makes()
        with passes.context.store.read() as connection:
            looks.add(meta.get(connection, "alarms_at"))
            tidied.add(meta.get(connection, "tidied_at"))
            last = last_pass.read(connection)
        assert last is not None
        assert clock.now() - last.at <= last_pass.QUIET
    instants = sorted(datetime.fromisoformat(at) for at in looks if at)
    apart = {later - sooner for sooner, later in pairwise(instants)}
    assert max(apart) <= LOOK + 5 * SECOND
    assert len(tidied) == 2
    assert made < 0.5 * 70 * 12
