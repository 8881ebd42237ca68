"""Makes ``NNNN.sql`` and ``NNNN.json``; run over the last commit with schema NNNN.

git worktree add ../then COMMIT
cd ../then && PYTHONPATH=. python <here>/make.py NNNN <here>
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bypost.delivery import steps
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.people import leave
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Store, counts, enrollments, migrate
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/New_York", "UTC")
ISSUE = """\
---
id: first
subject: The first issue of all
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: 2026-11-25
at: "09:00"
---
# The first issue

Hello.
"""


class Killed(BaseException):
    """The process ends here."""


class _Killer(logging.Handler):
    def __init__(self, label: str, times: int) -> None:
        super().__init__()
        self._label = label
        self._left = times

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= record.getMessage() == self._label
        if not self._left:
            raise Killed


@contextmanager
def killed_at(label: str, times: int) -> Iterator[None]:
    logger = logging.getLogger(steps.__name__)
    logger.setLevel(logging.DEBUG)
    killer = _Killer(label, times)
    logger.addHandler(killer)
    try:
        yield
    except Killed:
        pass
    else:
        raise AssertionError(label)
    finally:
        logger.removeHandler(killer)


def open_it(root: Path, url: str, clock: SimulatedClock) -> Context:
    environ = {
        "BYPOST_SENDING__PROVIDER": "resend",
        "BYPOST_SENDING__THREADS": "1",
        "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
        "BYPOST_PROVIDERS__RESEND__BASE_URL": url,
        "BYPOST_PROVIDERS__RESEND__BATCH_SIZE": "3",
        "BYPOST_PROVIDERS__RESEND__PER_SECOND": "1000",
    }
    settings = load_settings(root, environ)
    store = Store(settings.database.url, root=root)
    migrate.upgrade(store)
    return wire(root, settings, store, clock)


def write_project(root: Path) -> None:
    shutil.copytree("templates", root / "templates")
    shutil.copy("bypost.toml", root)
    write_course(root)
    folder = root / "newsletters" / "news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    (folder / "2026-11-25-first.md").write_text(ISSUE)
    people = [f"p{i}@example.org,Person {i},{ZONES[i % 4]},letters,news" for i in range(24)]
    people[3] = "bounce-now@example.org,Person 3,UTC,letters,news"
    write_people(root, *people, header="email,name,time_zone,courses,newsletters")


def go_through(context: Context, resend: FakeResend, clock: SimulatedClock) -> None:
    """Three days, with all that can go wrong on them."""

    def one_pass() -> None:
        Pass(context, patience=timedelta(0)).run()

    def leave_course(subscriber_id: int) -> None:
        with context.store.write() as connection:
            run = enrollments.of_subscribers(connection, [subscriber_id])[0]
            member = leave.find(connection, run["link_id"])
            assert member is not None
            leave.leave(connection, member, by="page", now=clock.now())

    # Monday: the welcomes; one answer is lost and the request repeated.
    resend.script.add(None, fault.reset(accept=True))
    one_pass()
    clock.advance(timedelta(minutes=5))
    one_pass()
    # Some leave, one pauses.
    leave_course(5)
    with context.store.write() as connection:
        leave.leave_everything(connection, 6, context.address_hash, by="page", now=clock.now())
        run = enrollments.of_subscribers(connection, [7])[0]
        enrollments.change(connection, run["id"], {"paused_until": clock.now() + timedelta(days=4)})
    # Tuesday: the second lesson; one answer is lost for longer than the key lives.
    clock.advance_to(START + timedelta(days=1))
    resend.script.add(fault.reset(accept=True))
    one_pass()
    clock.advance(timedelta(hours=17))
    one_pass()
    # Wednesday: two answers are lost, two processes die, the rest was not begun; two more leave.
    clock.advance_to(START + timedelta(days=2))
    resend.script.add(fault.reset(accept=True), fault.reset(accept=False))
    with killed_at("intended", 3):
        one_pass()
    with killed_at("answered", 1):
        one_pass()
    leave_course(9)  # in a request whose answer was lost
    with context.store.write() as connection:
        # in a batch that was never attempted
        someone = connection.exec_driver_sql(
            "SELECT min(subscriber_id) FROM deliveries d JOIN batches b ON b.id = d.batch_id"
            " WHERE b.state = 'pending' AND b.attempts = 0"
        ).scalar_one()
        leave.leave_everything(
            connection, someone, context.address_hash, by="page", now=clock.now()
        )


def main() -> None:
    number, there = sys.argv[1], Path(sys.argv[2])
    clock = SimulatedClock(START)
    with TemporaryDirectory() as folder, FakeResend(clock=clock) as resend:
        root = Path(folder)
        write_project(root)
        with open_it(root, resend.url, clock) as context:
            go_through(context, resend, clock)
            with context.store.write() as connection:
                # A machine that is not there: nobody may take its processes for his own.
                connection.exec_driver_sql("UPDATE batches SET lease_owner = 'boot/space/1/1'")
            with context.store.read() as connection:
                numbers = asdict(counts.count(connection))
        with closing(sqlite3.connect(root / "var" / "bypost.db")) as database:
            dump = "\n".join(database.iterdump())
        facts = {
            "now": clock.now().isoformat(),
            "numbers": numbers,
            "files": {
                str(path.relative_to(root)): path.read_text(encoding="utf-8")
                for folder in ("lessons/letters", "newsletters/news", ".")
                for path in sorted((root / folder).glob("*.*"))
                if path.suffix in {".md", ".toml", ".csv"} and path.name != "bypost.toml"
            },
            "accepted": sorted(resend.accepted, key=lambda ref: int(ref.rpartition("-")[2])),
        }
    assert set(resend.accepted.values()) == {1}
    (there / f"{number}.sql").write_text(dump + "\n", encoding="utf-8")
    (there / f"{number}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
