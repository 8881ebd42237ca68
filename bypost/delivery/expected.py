"""What is still to come for some people: their runs and the issues, read when it is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from bypost.delivery import holds, shape_file
from bypost.delivery.caps import Diary
from bypost.delivery.context import Context
from bypost.delivery.due import Run
from bypost.delivery.foresee import ahead, settled
from bypost.delivery.read_run import run_of
from bypost.delivery.schedule import Schedule, parse_schedule
from bypost.delivery.shape import Shape
from bypost.store import Connection, Row, contents, ledger, subscriptions
from bypost.store import caps as store


@dataclass(frozen=True, slots=True)
class Active:
    """An active enrollment, as far as it is looked at for everybody."""

    id: int
    started_at: datetime
    hint: datetime | None


class Expected:
    """Reads for many people at once, and each thing only when somebody asks for it.

    Args:
        zones: Subscriber -> their own time zone; may be empty.
        shapes: Courses of which something goes out; None: as they were last taken over.
    """

    def __init__(
        self,
        context: Context,
        connection: Connection,
        zones: Mapping[int, str],
        now: datetime,
        shapes: Mapping[str, Shape] | None,
    ) -> None:
        self._context = context
        self._connection = connection
        self._zones = zones
        self._now = now
        self._given = shapes
        self._filled: dict[Any, dict[date, int]] = {}

    def of(self, who: int) -> Sequence[Active]:
        """Return somebody's active enrollments."""
        return self.runs.get(who, ())

    def issues(self, who: int) -> list[datetime]:
        """Return when issues to come fall due for somebody."""
        found = []
        for newsletter, schedule in self.plans:
            at = schedule.at(self._zones[who])
            if at <= self._now or (who, newsletter) not in self._subscribed:
                continue
            if not (self._holds.newsletter(newsletter).hold or self._holds.person(who).hold):
                found.append(at)
        return found

    def stands(self, number: int) -> tuple[Shape, Run] | None:
        """Return a course and somebody's run of it; None where nothing of it comes."""
        row = self._rows.get(number)
        shape = self._shapes.get(row["course"]) if row is not None else None
        if row is None or shape is None:
            return None
        run = run_of(row, self._past.get(number, ()), shape, self._context)
        held = self._holds.run(run, shape.course, row["subscriber_id"])
        return (shape, held) if held is not None else None

    def fill(self, diary: Diary, who: int, until: datetime) -> None:
        """Count the lessons that come to somebody before ``until`` in their diary."""
        for one in self.of(who):
            stands = self.stands(one.id)
            if stands is not None:
                self._fill(diary, *stands, until)

    def _fill(self, diary: Diary, shape: Shape, run: Run, until: datetime) -> None:
        """Count the lessons to come of one run; worked out once for all who stand alike."""
        before = tuple(diary.count.items())
        key = (shape.course, diary.zone.key, before, until, _state(run))
        if key not in self._filled:
            run, late = settled(run, self._now), self._context.late
            for found in ahead(shape, run, now=self._now, late=late, until=until, diary=diary):
                if found.at <= self._now:  # it was looked at a moment ago: it does not come
                    diary.count[diary.day(found.at)] -= 1
            self._filled[key] = dict(diary.count)
        diary.count.clear()
        diary.count.update(self._filled[key])

    @cached_property
    def runs(self) -> dict[int, list[Active]]:
        """Return the active enrollments of each of them."""
        found: dict[int, list[Active]] = {}
        for number, who, started_at, hint in store.runs(self._connection, list(self._zones)):
            found.setdefault(who, []).append(Active(number, started_at, hint))
        return found

    @cached_property
    def _shapes(self) -> Mapping[str, Shape]:
        if self._given is not None:
            return self._given
        applied = contents.applied(self._connection)
        return {course: shape_file.load(plain) for course, plain in applied.items()}

    @cached_property
    def _rows(self) -> Mapping[int, Row]:
        ids = [one.id for some in self.runs.values() for one in some]
        return store.whole_runs(self._connection, ids)

    @cached_property
    def _past(self) -> Mapping[int, Sequence[Row]]:
        return ledger.history(self._connection, list(self._rows))

    @cached_property
    def _holds(self) -> holds.Holds:
        return holds.read(self._connection, self._now, list(self._zones))

    @cached_property
    def _subscribed(self) -> frozenset[tuple[int, str]]:
        rows = subscriptions.of_subscribers(self._connection, list(self._zones))
        return frozenset(
            (row["subscriber_id"], row["newsletter"]) for row in rows if row["status"] == "active"
        )

    @cached_property
    def plans(self) -> list[tuple[str, Schedule]]:
        """Return newsletter and schedule of the issues to come."""
        rows = store.planned(self._connection)
        found = [(row["newsletter"], parse_schedule(row["schedule"])) for row in rows]
        return [(newsletter, schedule) for newsletter, schedule in found if schedule is not None]


def _state(run: Run) -> tuple[Any, ...]:
    """Return what of a run decides what comes and when."""
    started = run.started_at if run.asked or not run.had else None
    lessons = (frozenset(run.had), frozenset(run.owed.items()), max(run.had.values(), default=None))
    own = (run.zone.key, run.own_hour, run.hint, run.pace, run.begins_with, started)
    flags = (run.pending, run.asked, run.keeps, run.finished)
    return (lessons, own, flags, run.held_until, run.paused_until, run.counts_from, run.reset_at)
