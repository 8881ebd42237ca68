"""A small project on a simulated clock and a simulated provider, every commit of it watched.

A :class:`Theatre` is built once: a course is compiled, people are imported. Each test gets a
:class:`Stage` of its own over a copy of the database; one at a time, because they share its engines
and with them the SQL that was compiled (it would take up most of the time).
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from bypost.delivery.context import Context
from bypost.delivery.publish import Published, Publisher
from bypost.delivery.report import Report
from bypost.delivery.run import Pass, importer
from bypost.model.message import SendClass
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Connection, Row, Store, budgets, counts, ledger, migrate
from bypost.store.schema import batches, deliveries
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests import kept
from tests.conftest import CHECKOUT, MONDAY, write_course, write_people

#: A time after which every lease and every quiet period of before is over.
A_WHILE = timedelta(minutes=20)
_STEPS = logging.getLogger("bypost.delivery.steps")
_SUMS = """
    SELECT coalesce(sum(size), 0), coalesce(sum(accepted), 0), coalesce(sum(failed), 0),
        coalesce(sum(cancelled), 0),
        coalesce(sum(CASE WHEN state = 'unknown' THEN members ELSE 0 END), 0)
    FROM batches"""
_ROWS = """
    SELECT coalesce(d.state, b.state), count(*)
    FROM deliveries d JOIN batches b ON b.id = d.batch_id GROUP BY 1"""
_OPEN = """
    SELECT d.enrollment_id, d.id, b.state FROM deliveries d JOIN batches b ON b.id = d.batch_id
    WHERE d.state IS NULL AND b.state IN ('pending', 'sending', 'unknown')"""
_WORDS = {"settled": "accepted", "sending": "pending"}


class Crash(BaseException):
    """The process dies here: nothing that catches ordinary errors catches this."""


@contextmanager
def crash_at(label: str, times: int = 1) -> Iterator[None]:
    """Die when a step is reached for the n-th time within the block."""
    handler, before = _Assassin(label, times), _STEPS.level
    _STEPS.setLevel(logging.DEBUG)
    _STEPS.addHandler(handler)
    try:
        yield
    finally:
        _STEPS.removeHandler(handler)
        _STEPS.setLevel(before)


class _Assassin(logging.Handler):
    def __init__(self, label: str, times: int) -> None:
        super().__init__()
        self._label = label
        self._left = times

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == self._label:
            self._left -= 1
            if self._left == 0:
                raise Crash(self._label)


class Theatre:
    """A project whose content and people are stored; its stages start from there.

    Args:
        folder: An empty folder.
        people: Rows of the CSV.
        texts: How many versions of the lessons there are.
        course: Settings of the course.
    """

    def __init__(
        self,
        folder: Path,
        *,
        people: int = 3,
        delays: Sequence[str] = ("at once", "1 day"),
        texts: int = 1,
        **course: str,
    ) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        shutil.copytree(CHECKOUT / "templates", self.root / "templates")
        shutil.copy(CHECKOUT / "bypost.toml", self.root)
        write_course(self.root, delays=tuple(delays), **course)
        rows = (f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(people))
        write_people(self.root, *rows)
        settings = load_settings(self.root, {"BYPOST_SENDING__THREADS": "1"})
        self._store = Store(f"sqlite:///{folder / 'stage.db'}", root=folder)
        event.listen(self._store._writer, "connect", kept.do_not_flush)
        migrate.upgrade(self._store)
        self._context = wire(self.root, settings, self._store, SimulatedClock(MONDAY))
        self.published = [self._publish(number) for number in range(texts)]
        taking = importer(self._context, self.published[0])
        taking.run(self.root / "subscribers.csv", now=MONDAY)
        self._template = kept.snapshot(self._store)

    def _publish(self, number: int) -> Published:
        """Compile and store the course with another sentence in each lesson."""
        if number:
            for path in (self.root / "lessons").rglob("*.md"):
                path.write_text(f"{path.read_text(encoding='utf-8')}\nVersion {number}.\n")
        published = Publisher(self._context).take_over(patient=False)
        assert not published.held
        return published

    @contextmanager
    def stage(
        self, send_class: SendClass, *, batch_size: int = 10, **sending: Any
    ) -> Iterator[Stage]:
        """Open a stage over the database as it was when this theatre was built.

        Args:
            sending: Settings of ``[sending]``.
        """
        kept.put(self._store, self._template)
        clock = SimulatedClock(MONDAY)
        provider = SimulatedProvider(clock=clock, send_class=send_class, batch_size=batch_size)
        settings = self._context.settings
        if sending:
            changed = settings.sending.model_copy(update=sending)
            settings = settings.model_copy(update={"sending": changed})
        context = replace(
            self._context,
            clock=clock,
            settings=settings,
            providers={provider.name: provider},
            rates={},
        )
        stage = Stage(context, clock, provider, Shelf(context, self.published))
        event.listen(self._store._writer, "commit", stage.look)
        try:
            yield stage
        finally:
            event.remove(self._store._writer, "commit", stage.look)
            self._store.close()


class Shelf(Publisher):
    """Content that was compiled before; ``text`` says which version of it is in the folder."""

    def __init__(self, context: Context, versions: Sequence[Published]) -> None:
        super().__init__(context)
        self._versions = versions
        self.text = 0

    def take_over(self, *, patient: bool) -> Published:
        """Return the version that is in the folder; all of them are in the database."""
        return self._versions[self.text]


@dataclass
class Stage:
    """One run of the project.

    Attributes:
        commits: Transactions that were looked at.
    """

    context: Context
    clock: SimulatedClock
    provider: SimulatedProvider
    shelf: Shelf
    commits: int = 0
    crashes: int = 0
    _doubted: set[int] = field(default_factory=set)

    def look(self, connection: Connection) -> None:
        """Check what is about to be committed; the same SQL cannot be wrong in the same way."""
        self.commits += 1
        # Past SQLAlchemy: this is done some 10,000 times in a test run.
        plain: Any = connection.connection.driver_connection
        owed, *parts = plain.execute(_SUMS).fetchone()
        rows = Counter[str]()
        for state, number in plain.execute(_ROWS):
            rows[_WORDS.get(state, state)] += number
        assert owed == rows.total(), "the batches count other deliveries than there are"
        told = dict(zip(("accepted", "failed", "cancelled", "unknown"), parts, strict=True))
        assert {name: rows[name] for name in told} == told
        assert owed - sum(parts) == rows["pending"]
        self._look_at_what_is_open(plain.execute(_OPEN).fetchall())

    def _look_at_what_is_open(self, rows: Sequence[tuple[int, int, str]]) -> None:
        """Check that each enrollment waits for one lesson at most.

        Only what was unknown, and is owed again when the course has gone on, may be a second one.
        """
        self._doubted |= {number for _, number, state in rows if state == "unknown"}
        waits = Counter(run for run, number, _ in rows if number not in self._doubted)
        assert max(waits.values(), default=0) <= 1, "two deliveries of one enrollment are open"

    # What happens

    def run(self, *, csv: bool = True, patience: timedelta = timedelta(minutes=1)) -> Report:
        """Make one pass."""
        one = Pass(self.context, csv=csv, patience=patience)
        one._publisher = self.shelf
        return one.run()

    def survive(self, **how: Any) -> Report | None:
        """Make one pass; None where it died."""
        try:
            return self.run(**how)
        except Crash:
            self.crashes += 1
            return None

    def resume(self) -> None:
        """Close the breaker, as ``bypost resume`` does."""
        now, name = self.context.clock.now(), self.provider.name
        with self.context.store.write() as connection:
            if name in budgets.breakers(connection):
                budgets.close_breaker(connection, name, now)
                ledger.wake_waiting(connection, name, now)

    # How things stand

    def numbers(self) -> counts.Counts:
        """Return the ledger's numbers."""
        with self.context.store.read() as connection:
            return counts.count(connection)

    def states(self) -> dict[str, str]:
        """Return what became of each delivery, by reference: its own state or its batch's."""
        query = select(deliveries.c.id, deliveries.c.state, batches.c.state.label("shared")).join(
            batches, batches.c.id == deliveries.c.batch_id
        )
        with self.context.store.read() as connection:
            return {
                self.context.reference(row.id): row.state or _WORDS.get(row.shared, row.shared)
                for row in connection.execute(query)
            }

    def refs(self, state: str) -> set[str]:
        """Return the references of the deliveries in a state."""
        return {ref for ref, own in self.states().items() if own == state}

    def batch(self, number: int) -> Row:
        """Return one batch."""
        with self.context.store.read() as connection:
            row = ledger.batch(connection, number)
        assert row is not None
        return row
