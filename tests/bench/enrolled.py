"""A database with many enrollments, a thousand of them due; written as fast as the store goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, literal, select, update

from bypost.delivery.context import Context
from bypost.delivery.figures import refresh
from bypost.delivery.publish import Publisher
from bypost.delivery.roll_up import roll_up
from bypost.delivery.shape import Shape
from bypost.delivery.totals import add_up
from bypost.people import join
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Connection, Store, binding, enrollments, migrate, subscribers
from bypost.store.schema import attempts, batches
from bypost.store.schema import enrollments as runs
from bypost.store.schema.base import Instant
from scheduler.clock import SystemClock
from tests.conftest import CHECKOUT, write_course
from tests.postgres.cluster import Cluster

DUE = 1000
_CHUNK, _BATCH = 10_000, 100
_COURSE = "letters"
#: Bytes of a batch's recipe for each person in it, as measured.
_RECIPE = 40
_SETTINGS = """\
[sending]
provider = "resend"

[providers.resend]
base_url = "{url}"
api_key_file = "key.txt"
per_second = 100000
"""


class Enrolled:
    """A project whose people had the first lesson yesterday, and a thousand who joined just now.

    Args:
        root: An empty folder.
        count: Enrollments; the thousand are spread evenly among them.
        url: A provider that takes everything.
        cluster: Holds the database, instead of a file.
    """

    def __init__(self, root: Path, count: int, url: str, cluster: Cluster | None = None) -> None:
        self.count = count
        self._root = root
        self._place = _Server(cluster) if cluster else _File(root / "var")
        self._now = datetime.now(UTC).replace(microsecond=0)
        shutil.copytree(CHECKOUT / "templates", root / "templates")
        write_course(root, _COURSE, delays=("at once", "1 day"))
        (root / "key.txt").write_text("re_test_key", encoding="utf-8")
        (root / "bypost.toml").write_text(_SETTINGS.format(url=url), encoding="utf-8")
        with self._open() as context:
            shape = Publisher(context).take_over(patient=False).shapes[_COURSE]
            for first in range(1, count + 1, _CHUNK):
                with context.store.write() as connection:
                    self._add(connection, range(first, min(first + _CHUNK, count + 1)), shape)
            _count(context)
            self._place.settle(context.store)
            self.size = context.store.size()
        self._place.keep()

    @contextmanager
    def fresh(self, *, due: bool) -> Iterator[Context]:
        """Open a fresh copy; without ``due`` the thousand wait as the others do."""
        self._place.copy()
        with self._open() as context:
            if not due:
                later = self._now + timedelta(days=1)
                waiting = update(runs).where(runs.c.next_due <= self._now).values(next_due=later)
                with context.store.write() as connection:
                    connection.execute(waiting)
            yield context
        self._place.drop()

    def _open(self) -> Context:
        """Open the project over what is the database just now."""
        settings = load_settings(self._root, {"BYPOST_DATABASE__URL": self._place.url})
        store = Store(settings.database.url, root=self._root)
        migrate.upgrade(store)
        return wire(self._root, settings, store, store.clock(SystemClock()))

    def _add(self, connection: Connection, ids: range, shape: Shape) -> None:
        """Add people, their runs and what they had."""
        then = self._now - timedelta(hours=12)
        people = [
            join.new_subscriber(
                subscriber_id=i,
                email=f"p{i}@example.org",
                name=f"Person {i}",
                time_zone="Europe/Berlin",
                status="confirmed",
                now=then,
            )
            for i in ids
        ]
        subscribers.add_all(connection, people)
        enrollments.add_all(connection, [self._run(i, then) for i in ids])
        self._send(connection, [i for i in ids if not self._is_due(i)], shape, then)

    def _run(self, number: int, then: datetime) -> dict[str, object]:
        run = join.new_enrollment(subscriber_id=number, course=_COURSE, now=then)
        wait = timedelta() if self._is_due(number) else timedelta(days=1, seconds=number % 86_400)
        return {**run, "id": number, "next_due": self._now + wait}

    def _is_due(self, number: int) -> bool:
        return number % (self.count // DUE) == 0

    def _send(self, connection: Connection, ids: list[int], shape: Shape, then: datetime) -> None:
        """Write down that these had the first lesson."""
        step = shape.steps[0]
        batch = {
            "provider": "resend",
            "kind": "lesson",
            "collection": _COURSE,
            "item": step.lesson,
            "content_hash": step.content_hash,
            "due_at": then,
        }
        for start in range(0, len(ids), _BATCH):
            part = [{"subscriber_id": i, "enrollment_id": i} for i in ids[start : start + _BATCH]]
            binding.owe(connection, batch, part, now=then)
        connection.execute(
            insert(attempts).from_select(
                ["batch_id", "fence", "started_at", "ended_at", "outcome", "detail"],
                select(
                    batches.c.id,
                    literal(1),
                    literal(then, Instant()),
                    literal(then, Instant()),
                    literal("accepted"),
                    literal(""),
                ).where(batches.c.state == "pending"),
            )
        )
        connection.execute(
            update(batches)
            .where(batches.c.state == "pending")
            .values(
                state="settled",
                accepted=batches.c.size,
                members=batches.c.size,
                attempts=1,
                recipe=os.urandom(_RECIPE * _BATCH),
                generation=1,
                fence=1,
                first_sent_at=then,
                accepted_at=then,
            )
        )


def _count(context: Context) -> None:
    """Count what passes would have counted meanwhile, a little each."""
    while not roll_up(context):
        pass
    while add_up(context):
        pass
    refresh(context, patience=None)


class _File:
    """A database that is a file, and fresh copies of it."""

    def __init__(self, folder: Path) -> None:
        self._path, self._base = folder / "bypost.db", folder / "base.db"
        self.url = f"sqlite:///{self._path}"

    def settle(self, store: Store) -> None:
        """Bring everything into the file."""
        store.settle_down()

    def keep(self) -> None:
        """Keep what was written as the one to copy."""
        self._path.rename(self._base)

    def copy(self) -> None:
        """Make a fresh copy."""
        shutil.copy(self._base, self._path)

    def drop(self) -> None:
        """Remove the copy."""
        self._path.unlink()


class _Server:
    """A database on a server, and fresh copies of it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._base = self._name = cluster.make()

    @property
    def url(self) -> str:
        """Return the address of what is the database just now."""
        return self._cluster.url(self._name)

    def settle(self, store: Store) -> None:
        """Let the database look at what it holds, as it does by itself in time."""
        with store.write() as connection:
            connection.exec_driver_sql("ANALYZE")

    def keep(self) -> None:
        """Nothing to do: the next one is another."""

    def copy(self) -> None:
        """Make a fresh copy."""
        self._name = self._cluster.make(template=self._base)

    def drop(self) -> None:
        """Remove the copy."""
        self._cluster.drop(self._name)
