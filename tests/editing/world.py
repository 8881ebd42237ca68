"""The project itself: files in a folder, people in a database, mails that a provider was handed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path

import orjson
from sqlalchemy import event

from bypost.delivery import holds, pause
from bypost.delivery.applied import current
from bypost.delivery.apply import apply
from bypost.delivery.concerned import people_of
from bypost.delivery.holds import Scope
from bypost.delivery.plan import Plan, make_plan
from bypost.delivery.publish import Publisher
from bypost.delivery.report import Report
from bypost.delivery.run import Pass
from bypost.model.message import Key, Message, Result
from bypost.people import join, leave, pace
from bypost.project import wire
from bypost.providers.base import Provider
from bypost.settings import load_settings
from bypost.store import Row, Store, counts, enrollments, ledger, migrate, subscribers
from scheduler.clock import SimulatedClock
from tests import kept
from tests.conftest import CHECKOUT
from tests.editing.model import Mail
from tests.editing.order import Draft, Hours, Lesson, said
from tests.scheduler import oracle

COURSE = "letters"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_VERSION = re.compile(r"Version (\d+)\.")
_LESSON = """\
---
id: {id}
subject: The subject of {id}
preheader: A preheader that is long enough to be taken for one by the checks
delay: {delay}
{more}---
# Title of {id}

Version {text}.
"""


class Post(Provider):
    """Takes every mail over at once and keeps what it says."""

    name = "post"
    send_class = Key(lifetime=None)
    batch_size = 100
    max_bytes = 10_000_000

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def encode(self, messages: Sequence[Message]) -> bytes:
        return orjson.dumps([[one.to, one.subject, one.text] for one in messages])

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        for to, subject, text in orjson.loads(body):
            found = _VERSION.search(text)
            assert found is not None
            lesson = subject.removeprefix("The subject of ")
            self.mails.append(Mail(int(to[1 : to.index("@")]), lesson, int(found[1])))
        return [Result(accepted=True)] * count


@dataclass(frozen=True)
class Snapshot:
    """A world to which one can go back."""

    database: bytes
    at: int
    mails: int


class World:
    """One project, driven as its commands drive it; instants are minutes since 1970.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        shutil.copytree(CHECKOUT / "templates", self.root / "templates")
        shutil.copy(CHECKOUT / "bypost.toml", self.root)
        self._folder = self.root / "lessons" / COURSE
        self._folder.mkdir(parents=True)
        self._store = Store("sqlite:///world.db", root=folder)
        event.listen(self._store._writer, "connect", kept.do_not_flush)
        migrate.upgrade(self._store)
        self._empty = kept.snapshot(self._store)
        settings = load_settings(self.root, {"BYPOST_SENDING__THREADS": "1"})
        self._context = wire(self.root, settings, self._store, SimulatedClock(oracle.instant(0)))

    def begin(self, at: int) -> None:
        """Begin anew, with nobody in the course."""
        kept.put(self._store, self._empty)
        self.post = Post()
        self.clock = SimulatedClock(oracle.instant(at))
        self.context = replace(
            self._context, clock=self.clock, providers={"post": self.post}, rates={}
        )
        self._pass = Pass(self.context, csv=False)
        self._publisher = Publisher(self.context)

    def close(self) -> None:
        self._store.close()

    @property
    def now(self) -> int:
        return oracle.minute(self.clock.now())

    # The author

    def write(self, draft: Draft, *, broken: bool = False) -> None:
        """Make the files say this; the order is that of their names."""
        (self._folder / "course.toml").write_text(_course(draft), encoding="utf-8")
        wanted = {f"{n:02d}-{one.file or one.id}.md": one for n, one in enumerate(draft.lessons)}
        for path in self._folder.glob("*.md"):
            if path.name not in wanted:
                path.unlink()
        for name, one in wanted.items():
            (self._folder / name).write_text(_lesson(one), encoding="utf-8")
        if broken:
            (self._folder / "99-broken.md").write_text("---\nid: broken\n", encoding="utf-8")

    # The operator

    def run(self) -> tuple[Report, list[Mail]]:
        """Make a pass; return what went out."""
        before = len(self.post.mails)
        report = self._pass.run()
        return report, self.post.mails[before:]

    def plan(self) -> Plan | None:
        """Return what ``bypost apply`` would do; None where the course cannot be read."""
        published = self._publisher.take_over(patient=False)
        wish = published.wishes.get(COURSE)
        if wish is None:
            return None
        with self.context.store.read() as connection:
            before = current(connection, COURSE)
        assert before is not None
        return make_plan(self.context, before, wish, people_of(self.context, before))

    def apply(self, plan: Plan) -> None:
        with self.context.store.read() as connection:
            before = current(connection, COURSE)
        assert before is not None
        apply(self.context, before, plan)

    def hold(self, whom: int | None, until: int | None) -> None:
        """Keep the course back (None), or somebody."""
        instant = None if until is None else oracle.instant(until)
        pause.pause(self.context, _target(whom), until=instant, reason="")

    def go_on(self, whom: int | None) -> None:
        pause.resume(self.context, _target(whom))

    # People

    def join(self, zone: str, hour: time | None, begins_with: str = "") -> int:
        """Let somebody new in; return their number."""
        now = self.clock.now()
        with self.context.store.write() as connection:
            number = subscribers.next_id(connection)
            person = join.new_subscriber(
                subscriber_id=number,
                email=f"p{number}@example.org",
                name=f"Person {number}",
                time_zone=zone,
                hour=hour.isoformat("minutes") if hour else "",
                status="confirmed",
                now=now,
            )
            subscribers.add_all(connection, [person])
            run = join.new_enrollment(subscriber_id=number, course=COURSE, now=now)
            enrollments.add_all(connection, [{**run, "begins_with": begins_with}])
        return number

    def leave(self, number: int) -> None:
        with self.context.store.write() as connection:
            run = self._row(number)
            member = leave.find(connection, run["link_id"])
            assert member is not None
            leave.leave(connection, member, by="test", now=self.clock.now())

    def ask(self, number: int, keep: bool) -> bool:
        """Ask for the next lesson; tell whether it comes."""
        with self.context.store.write() as connection:
            run = self._row(number)
            past = ledger.history(connection, [run["id"]]).get(run["id"], [])
            answer = pace.ask_next(
                connection,
                run,
                held=holds.of_run(connection, run, self.clock.now()) is not None,
                after=pace.last_lesson(past),
                most=2,
                now=self.clock.now(),
                keep=keep,
            )
        return answer is pace.Answer.ASKED

    def pause(self, number: int, weeks: int) -> int:
        """Pause for some weeks; return until when."""
        with self.context.store.write() as connection:
            pace.pause(connection, self._row(number), weeks=weeks, now=self.clock.now())
        return self.now + weeks * 7 * oracle.DAY

    def resume(self, number: int) -> None:
        with self.context.store.write() as connection:
            pace.resume(connection, self._row(number), now=self.clock.now())

    def set_pace(self, number: int, words: str) -> None:
        with self.context.store.write() as connection:
            pace.set_pace(connection, self._row(number), pace=words, now=self.clock.now())

    def set_clock(self, number: int, hour: str, zone: str) -> None:
        with self.context.store.write() as connection:
            person = subscribers.by_id(connection, number)
            assert person is not None
            pace.set_clock(connection, person, hour=hour, time_zone=zone, now=self.clock.now())

    # How things stand

    def next_at(self) -> int | None:
        """Return the minute at which the project next wants to do something."""
        at = self._pass.next_at()
        return None if at is None else oracle.minute(at)

    def rows(self) -> dict[int, Row]:
        """Return everybody's run, by the person's number."""
        with self.context.store.read() as connection:
            found = enrollments.of_subscribers(connection, range(1, 1_000))
        return {row["subscriber_id"]: row for row in found}

    def numbers(self) -> counts.Counts:
        with self.context.store.read() as connection:
            return counts.count(connection)

    def _row(self, number: int) -> Row:
        return self.rows()[number]

    # Going back

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Do something that did not happen: afterwards database and clock are as before."""
        before = kept.snapshot(self._store)
        at, mails = self.clock.now(), len(self.post.mails)
        yield
        kept.put(self._store, before)
        self.clock.step_back(self.clock.now() - at)
        del self.post.mails[mails:]


def _target(whom: int | None) -> pause.Target:
    if whom is None:
        return pause.Target(scope=Scope.COURSE, name=COURSE)
    return pause.Target(scope=Scope.SUBSCRIBER, name=f"p{whom}@example.org", subscriber_id=whom)


def _course(draft: Draft) -> str:
    return (
        'title = "Letters"\nsummary = "A course for tests."\ntime_zone = "UTC"\n'
        f'hour = "{draft.hour:%H:%M}"\nmost_a_day = 2\n\n[window]\n{_hours(draft.hours, " = ")}'
    )


def _lesson(one: Lesson) -> str:
    more = {"if_past": one.policy, "not_before": one.not_before, "expires": one.expires}
    lines = [f"{key}: {value}\n" for key, value in more.items() if value]
    if one.hours:
        inner = _hours(one.hours, ": ").splitlines()
        lines += ["window:\n", *(f"  {line}\n" for line in inner)]
    return _LESSON.format(id=one.id, delay=said(one.delay), more="".join(lines), text=one.text)


def _hours(hours: Hours, sign: str) -> str:
    end = "24:00" if hours.end == time.max else f"{hours.end:%H:%M}"
    days = ", ".join(f'"{_DAYS[day]}"' for day in sorted(hours.weekdays))
    return f'start{sign}"{hours.start:%H:%M}"\nend{sign}"{end}"\ndays{sign}[{days}]\n'
