"""Two courses and two newsletters for a few people, on a simulated clock, with caps.

A :class:`Village` is compiled once; each test moves a :class:`Household` of its own into a copy of
its database, with the rhythms, dates and caps it wants.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event

from bypost.delivery.context import Context
from bypost.delivery.publish import Published, Publisher, ReadyIssue
from bypost.delivery.run import Pass
from bypost.delivery.shape_file import dump
from bypost.people import join
from bypost.project import wire
from bypost.settings import load_settings
from bypost.settings.model import Caps
from bypost.store import (
    Connection,
    Row,
    Store,
    contents,
    counts,
    enrollments,
    migrate,
    subscriptions,
)
from bypost.store import subscribers as people_store
from bypost.testing.simulated import SimulatedProvider
from scheduler.cadence import parse_cadence
from scheduler.clock import SimulatedClock
from scheduler.window import Window
from tests import kept
from tests.conftest import CHECKOUT, MONDAY, write_course

COURSES = ("alpha", "beta")
NEWSLETTERS = ("news", "letter")
_ISSUE = """\
---
id: any
subject: An issue of these
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: 2026-12-01
at: "09:00"
---
# An issue

Hello.
"""
_ROWS = """
    SELECT coalesce(d.state, b.state), count(*)
    FROM deliveries d JOIN batches b ON b.id = d.batch_id GROUP BY 1"""
_SUMS = "SELECT coalesce(sum(size), 0), coalesce(sum(accepted), 0), sum(cancelled) FROM batches"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody; ``courses`` are those they begin, after so many hours from the start."""

    zone: str = "Europe/Berlin"
    hour: str = ""
    courses: Mapping[str, float] = field(default_factory=dict)
    newsletters: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An issue; either on a day at an hour of each person, or at an instant."""

    newsletter: str = "news"
    name: str = "one"
    day: date | None = None
    hour: time = time(9)
    at: datetime | None = None


@dataclass(frozen=True)
class Mail:
    """A mail that was taken over, in the zone in which its person's days are counted."""

    person: int
    kind: str
    collection: str
    item: str
    at: datetime

    @property
    def day(self) -> date:
        return self.at.date()


class Village:
    """The compiled content, and an empty database."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        shutil.copytree(CHECKOUT / "templates", self.root / "templates")
        shutil.copy(CHECKOUT / "bypost.toml", self.root)
        for name in COURSES:
            write_course(self.root, name, delays=("at once", *["1 day"] * 4), hour="08:00")
        for name in NEWSLETTERS:
            home = self.root / "newsletters" / name
            home.mkdir(parents=True)
            (home / "newsletter.toml").write_text(f'title = "{name}"\nsummary = "For tests."\n')
            (home / "2026-12-01-any.md").write_text(_ISSUE)
        settings = load_settings(self.root, {"BYPOST_SENDING__THREADS": "1"})
        self.store = Store(f"sqlite:///{folder / 'village.db'}", root=folder)
        event.listen(self.store._writer, "connect", kept.do_not_flush)
        migrate.upgrade(self.store)
        self.context = wire(self.root, settings, self.store, SimulatedClock(MONDAY))
        self.published = Publisher(self.context).take_over(patient=False)
        assert not self.published.held
        self._template = kept.snapshot(self.store)

    @contextmanager
    def household(
        self,
        caps: Caps,
        people: Sequence[Person],
        plans: Sequence[Plan] = (),
        delays: Mapping[str, Sequence[str]] | None = None,
        start: datetime = MONDAY,
    ) -> Iterator[Household]:
        """Open a household over a fresh copy; one at a time."""
        kept.put(self.store, self._template)
        clock = SimulatedClock(start)
        provider = SimulatedProvider(clock=clock)
        context = replace(
            self.context,
            clock=clock,
            settings=self.context.settings.model_copy(update={"caps": caps}),
            providers={provider.name: provider},
            rates={},
        )
        published = self._published(plans, delays or {})
        with context.store.write() as connection:
            for course, shape in published.shapes.items():
                contents.apply_course(connection, course, dump(shape), start)
            for number, person in enumerate(people, start=1):
                _move_in(connection, number, person, start)
        house = Household(context, clock, provider, published, tuple(people))
        event.listen(self.store._writer, "commit", house.look)
        try:
            yield house
        finally:
            event.remove(self.store._writer, "commit", house.look)
            self.store.close()

    def _published(self, plans: Sequence[Plan], delays: Mapping[str, Sequence[str]]) -> Published:
        shapes = {}
        for course, shape in self.published.shapes.items():
            texts = delays.get(course, ("at once", "1 day"))
            steps = [
                replace(step, delay=parse_cadence(text))
                for step, text in zip(shape.steps, texts, strict=False)
            ]
            always = Window.always()
            shapes[course] = replace(shape, steps=tuple(steps), window=always, hour=time(8))
        any_of = {one.newsletter.id: one for one in self.published.issues}
        issues = [_ready(any_of[plan.newsletter], plan) for plan in plans]
        return replace(self.published, shapes=shapes, wishes=shapes, issues=issues)


def _ready(one: ReadyIssue, plan: Plan) -> ReadyIssue:
    hour = plan.hour if plan.day else None
    issue = replace(one.issue, id=plan.name, at=plan.at, day=plan.day, hour=hour)
    return ReadyIssue(replace(one.newsletter, hour=time(9)), issue, one.content_hash)


def _move_in(connection: Connection, number: int, person: Person, start: datetime) -> None:
    row = join.new_subscriber(
        subscriber_id=number,
        email=f"p{number}@example.org",
        name=f"Person {number}",
        time_zone=person.zone,
        hour=person.hour,
        status="confirmed",
        now=start,
    )
    people_store.add_all(connection, [row])
    runs = [
        join.new_enrollment(subscriber_id=number, course=course, now=start + timedelta(hours=after))
        for course, after in person.courses.items()
    ]
    enrollments.add_all(connection, runs)
    letters = [
        join.new_subscription(subscriber_id=number, newsletter=name, now=start)
        for name in person.newsletters
    ]
    subscriptions.add_all(connection, letters)


class _Shelf(Publisher):
    def __init__(self, context: Context, published: Published) -> None:
        super().__init__(context)
        self._there = published

    def take_over(self, *, patient: bool) -> Published:
        return self._there


class Household:
    """One run of it."""

    def __init__(
        self,
        context: Context,
        clock: SimulatedClock,
        provider: SimulatedProvider,
        published: Published,
        people: Sequence[Person],
    ) -> None:
        self.context, self.clock, self.provider = context, clock, provider
        self.published, self.people = published, people
        self._pass = Pass(context, csv=False)
        self._pass._publisher = _Shelf(context, published)

    def look(self, connection: Connection) -> None:
        """Check the numbers that are about to be committed."""
        plain: Any = connection.connection.driver_connection
        owed, accepted, cancelled = plain.execute(_SUMS).fetchone()
        rows = Counter[str](dict(plain.execute(_ROWS).fetchall()))
        assert rows.total() == owed
        assert rows["settled"] + rows["accepted"] == accepted
        assert rows["cancelled"] == (cancelled or 0)

    def tick(self) -> None:
        """Make one pass."""
        self._pass.run()

    def until(self, end: datetime) -> None:
        """Make a pass whenever something is due, until an instant."""
        self.tick()
        while (at := self._pass.next_at()) is not None and at < end:
            self.clock.advance_to(max(at, self.clock.now() + timedelta(seconds=5)))
            self.tick()
        self.clock.advance_to(max(end, self.clock.now()))

    def days(self, number: float) -> None:
        """Let days go by."""
        self.until(self.clock.now() + timedelta(days=number))

    def zone(self, person: int) -> ZoneInfo:
        """Return the zone in which somebody's days are counted."""
        return ZoneInfo(self.people[person - 1].zone or self.context.settings.caps.time_zone)

    def mails(self, person: int | None = None) -> list[Mail]:
        """Return what was taken over, in that order."""
        with self.context.store.read() as connection:
            rows = counts.timeline(connection)
        return [
            Mail(
                row["subscriber_id"],
                row["kind"],
                row["collection"],
                row["item"].rpartition("/")[2],
                row["accepted_at"].astimezone(self.zone(row["subscriber_id"])),
            )
            for row in rows
            if person is None or row["subscriber_id"] == person
        ]

    def told(self, person: int = 1) -> list[str]:
        """Return somebody's mails as ``Tue 08:00 alpha/one``."""
        return [f"{m.at:%a %H:%M} {m.collection}/{m.item}" for m in self.mails(person)]

    def run_of(self, person: int, course: str) -> Row:
        """Return somebody's enrollment."""
        with self.context.store.read() as connection:
            runs = enrollments.of_subscribers(connection, [person])
        return next(run for run in runs if run["course"] == course)

    def change(self, run: Row, **values: Any) -> None:
        """Change an enrollment."""
        with self.context.store.write() as connection:
            enrollments.change(connection, run["id"], values)

    def deliveries(self) -> Sequence[Row]:
        """Return every delivery with what became of it."""
        with self.context.store.read() as connection:
            numbers = range(1, len(self.people) + 1)
            return [row for i in numbers for row in counts.of_subscriber(connection, i)]
