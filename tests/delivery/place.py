"""A project whose database is lost and put back; a provider that holds the truth about it."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from bypost.delivery.context import Context
from bypost.delivery.publish import Publisher
from bypost.delivery.report import Report
from bypost.delivery.restore import Doubted, doubt_since
from bypost.delivery.run import Pass
from bypost.model.message import SendClass
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Store, budgets, ledger, migrate
from bypost.store.schema import deliveries, subscribers
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests import kept
from tests.conftest import CHECKOUT, write_course, write_people

#: Who was sent what: address and item.
Mail = tuple[str, str]
PEOPLE = {
    "ana@example.org": "Europe/Berlin",
    "ken@example.org": "Asia/Tokyo",
    "zoe@example.org": "America/New_York",
}
#: When it is nine in Tokyo, in Berlin and in New York.
HOURS = [timedelta(hours=hour) for hour in (0, 8, 14)]
LESSONS, ISSUE = ("one", "two", "three"), "news/first"
ISSUE_FILE = """\
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


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}+00:00")


#: Nothing has happened yet.
START = at("23T09:30")
MONDAY, TUESDAY, WEDNESDAY = at("23T12:00"), at("24T20:00"), at("25T20:00")
LONG_AFTER = at("27T09:00")


def write_project(root: Path) -> None:
    """Write a course, a newsletter and people all over the world."""
    write_course(root)
    folder = root / "newsletters/news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    (folder / "2026-11-25-first.md").write_text(ISSUE_FILE)
    rows = (f"{email},{zone},news" for email, zone in PEOPLE.items())
    write_people(root, *rows, header="email,time_zone,newsletters")


class Ground:
    """A project whose content is stored; each of its places starts from there, one at a time.

    They share its engines, and with them the SQL that was compiled.
    """

    def __init__(self, folder: Path) -> None:
        self._pristine, self._root = folder / "pristine", folder / "project"
        self._root.mkdir()
        shutil.copytree(CHECKOUT / "templates", self._root / "templates")
        shutil.copy(CHECKOUT / "bypost.toml", self._root)
        write_project(self._root)
        self._settings = load_settings(self._root, {"BYPOST_SENDING__THREADS": "1"})
        self._store = Store(self._settings.database.url, root=self._root)
        event.listen(self._store._writer, "connect", kept.do_not_flush)
        migrate.upgrade(self._store)
        context = wire(self._root, self._settings, self._store, SimulatedClock(START))
        self._published = Publisher(context)
        self._published.take_over(patient=False)
        self._template = kept.snapshot(self._store)
        self._store.close()
        shutil.move(self._root, self._pristine)

    def place(self, send_class: SendClass) -> Place:
        """Return a place where nothing has happened yet."""
        shutil.rmtree(self._root, ignore_errors=True)
        shutil.copytree(self._pristine, self._root)
        kept.put(self._store, self._template)
        clock = SimulatedClock(START)
        provider = SimulatedProvider(clock=clock, send_class=send_class)
        return Place(lambda: self._open(clock, provider), clock, provider, self._published)

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def _open(self, clock: SimulatedClock, provider: SimulatedProvider) -> Context:
        """Open the project as a command does, with another provider."""
        self._store.close()
        return replace(
            wire(self._root, self._settings, self._store, clock),
            providers={provider.name: provider},
            rates={},
            guarded=True,
        )


@dataclass
class Place:
    """One project, one provider with the truth, and a database that is lost and put back.

    Attributes:
        sent: Person and item of each mail the provider took over, by reference.
    """

    open: Callable[[], Context]
    clock: SimulatedClock
    provider: SimulatedProvider
    published: Publisher
    context: Context = field(init=False)
    one: Pass = field(init=False)
    sent: dict[str, Mail] = field(default_factory=dict)
    backup: Any = None

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.context = self.open()
        self.one = Pass(self.context)
        # What was compiled is not compiled again: it would take up most of the time.
        self.one._publisher._seen = self.published._seen
        self.one._publisher._last = self.published._last

    # What happens

    def run(self) -> Report:
        report = self.one.run()
        self._take_note()
        return report

    def go(self, until: datetime) -> None:
        """Make a pass at once, and one at each hour at which something is due somewhere."""
        self.run()
        day = self.clock.now().replace(hour=0, minute=0, second=0)
        while day <= until:
            for hour in HOURS:
                if self.clock.now() < day + hour <= until:
                    self.clock.advance_to(day + hour)
                    self.run()
            day += timedelta(days=1)
        self.clock.advance_to(max(until, self.clock.now()))

    def back_up(self) -> datetime:
        """Copy the database; return when."""
        self.backup = kept.snapshot(self.context.store)
        return self.clock.now()

    def put_back(self) -> None:
        """Put the copy in the place of the database, as an operator does: with nothing running."""
        self._take_note()
        kept.put(self.context.store, self.backup)
        self._open()

    def doubt(self, since: datetime) -> Doubted:
        """Do what ``bypost reconcile --since`` does; each command opens the project anew."""
        doubted = doubt_since(self.context, since)
        self._open()
        return doubted

    def resume(self) -> None:
        with self.context.store.write() as connection:
            budgets.close_breaker(connection, self.provider.name, self.clock.now())
            ledger.wake_waiting(connection, self.provider.name, self.clock.now())

    # How things stand

    def mails(self) -> dict[str, Mail]:
        """Return person and item of every delivery in the database, by reference."""
        query = select(deliveries.c.id, subscribers.c.email, deliveries.c.item).join(
            subscribers, subscribers.c.id == deliveries.c.subscriber_id
        )
        with self.context.store.read() as connection:
            return {
                self.context.reference(number): (email, item)
                for number, email, item in connection.execute(query)
            }

    def unknown(self) -> Counter[Mail]:
        """Return what the report lists as unknown."""
        listed = self.one.status().unknown
        return Counter((one["email"], _item(one["content"])) for one in listed)

    def _take_note(self) -> None:
        mails = self.mails()
        for taken in self.provider.log:
            self.sent.setdefault(taken.ref, mails.get(taken.ref, (taken.to, "?")))

    # What must hold

    def nobody_has_anything_twice(self) -> None:
        assert "?" not in {item for _, item in self.sent.values()}
        twice = [mail for mail, times in Counter(self.sent.values()).items() if times > 1]
        assert not twice
        assert max(self.provider.accepted.values()) == 1

    def no_key_was_used_for_other_bytes(self) -> None:
        bodies = defaultdict(set)
        for request in self.provider.requests:
            bodies[request.key].add(request.body)
        assert {len(different) for different in bodies.values()} == {1}

    def lessons_of(self, email: str) -> list[str]:
        """Return what a person was sent of the course, in that order."""
        mine = [self.sent[taken.ref] for taken in self.provider.log if taken.to == email]
        return [item for _, item in mine if item in LESSONS]


def _item(content: str) -> str:
    """Return the item from the words of a report: course/lesson or newsletter/issue."""
    return ISSUE if content.endswith(ISSUE) else content.removeprefix("letters/")


def everything(people: Sequence[str], items: Sequence[str]) -> Counter[Mail]:
    return Counter((email, item) for email in people for item in items)
