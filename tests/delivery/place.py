"""A project whose database is lost and put back; a provider that holds the truth about it."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event, select

from bypost.delivery.context import Context
from bypost.delivery.report import Report
from bypost.delivery.restore import Doubted, doubt_since
from bypost.delivery.run import Pass
from bypost.store import budgets, ledger
from bypost.store.schema import deliveries, subscribers
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people
from tests.delivery.stage import _do_not_flush as do_not_flush

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


def guarded(context: Context, provider: SimulatedProvider) -> Context:
    """Return a project as the command opens it, with another provider."""
    event.listen(context.store._writer, "connect", do_not_flush)
    context.store.close()  # and is opened again with the next question
    sending = context.settings.sending.model_copy(update={"threads": 1})
    return replace(
        context,
        settings=context.settings.model_copy(update={"sending": sending}),
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
    backup: Path
    context: Context = field(init=False)
    one: Pass = field(init=False)
    sent: dict[str, Mail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.context = self.open()
        self.one = Pass(self.context)

    def _open_again(self) -> None:
        self.context = self.open()
        before, self.one = self.one._publisher, Pass(self.context)
        # What was compiled is not compiled again: it would be most of the time.
        after = self.one._publisher
        after._seen, after._last = before._seen, before._last

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
        self.context.store.copy_to(self.backup)
        return self.clock.now()

    def put_back(self) -> None:
        """Put the copy in the place of the database, as an operator does: with nothing running."""
        self._take_note()
        self.context.store.close()
        for name in ("bypost.db", "bypost.db-wal", "bypost.db-shm"):
            (self.context.root / "var" / name).unlink(missing_ok=True)
        shutil.copy(self.backup, self.context.root / "var/bypost.db")
        self._open_again()

    def doubt(self, since: datetime) -> Doubted:
        """Do what ``bypost reconcile --since`` does; each command opens the project anew."""
        doubted = doubt_since(self.context, since)
        self._open_again()
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
