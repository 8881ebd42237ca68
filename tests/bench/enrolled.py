"""A database with many enrollments, a thousand of them due; written as fast as the store goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, literal, select, update

from bypost.delivery.context import Context
from bypost.delivery.publish import Publisher
from bypost.delivery.shape import Shape
from bypost.people import join
from bypost.project import open_project
from bypost.store import Connection, binding, enrollments, subscribers
from bypost.store.schema import attempts, batches
from bypost.store.schema import enrollments as runs
from bypost.store.schema.base import Instant
from tests.conftest import CHECKOUT, write_course

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
    """

    def __init__(self, root: Path, count: int, url: str) -> None:
        self.count = count
        self._root = root
        self._base = root / "var" / "base.db"
        self._path = root / "var" / "bypost.db"
        self._now = datetime.now(UTC).replace(microsecond=0)
        shutil.copytree(CHECKOUT / "templates", root / "templates")
        write_course(root, _COURSE, delays=("at once", "1 day"))
        (root / "key.txt").write_text("re_test_key", encoding="utf-8")
        (root / "bypost.toml").write_text(_SETTINGS.format(url=url), encoding="utf-8")
        with open_project(root) as context:
            shape = Publisher(context).take_over(patient=False).shapes[_COURSE]
            for first in range(1, count + 1, _CHUNK):
                with context.store.write() as connection:
                    self._add(connection, range(first, min(first + _CHUNK, count + 1)), shape)
        self._path.rename(self._base)

    @contextmanager
    def fresh(self, *, due: bool) -> Iterator[Context]:
        """Open a fresh copy; without ``due`` the thousand wait as the others do."""
        shutil.copy(self._base, self._path)
        with open_project(self._root) as context:
            if not due:
                later = self._now + timedelta(days=1)
                waiting = update(runs).where(runs.c.next_due <= self._now).values(next_due=later)
                with context.store.write() as connection:
                    connection.execute(waiting)
            yield replace(context, guarded=False)  # a copy, and made on purpose
        self._path.unlink()

    @property
    def size(self) -> int:
        """Return the bytes of the database."""
        return self._base.stat().st_size

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
