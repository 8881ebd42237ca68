"""Courses: who is in each, what comes next, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from bypost.delivery import figures, holds
from bypost.delivery.holds import Hold
from bypost.delivery.programme import Programme, programme
from bypost.store import Connection, course_figures, enrollments
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.course import CoursePages
from bypost.web.desk.course_actions import CourseActions
from bypost.web.desk.course_plan import CoursePlans, Planner
from bypost.web.desk.desk import Desk
from bypost.web.desk.lesson import LessonPages


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One course of the list.

    Attributes:
        fates: How many runs have which fate, by the last count.
        next: When somebody is looked at next; None: nobody is.
        waiting: Changes of structure that wait.
        trouble: Why it sends nothing; empty: it does.
    """

    course: str
    title: str
    lessons: int
    fates: Mapping[str, int]
    next: datetime | None
    hold: Hold | None
    waiting: int
    trouble: str

    @property
    def in_it(self) -> int:
        """Return how many are in it now."""
        return self.fates.get("active", 0) + self.fates.get("paused", 0)


class Courses:
    """The list of courses, and the pages about each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._planner = Planner(desk.context)

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/courses", self.every),
            *CoursePages(self._desk).addresses(),
            *CoursePlans(self._desk, self._planner).addresses(),
            *CourseActions(self._desk, self._planner).addresses(),
            *LessonPages(self._desk).addresses(),
        ]

    def every(self, ask: Ask) -> Response:
        """Show every course."""
        context = self._desk.context
        with context.store.read() as connection:
            what = programme(context, connection)
            held = holds.read(connection, context.clock.now())
            age = figures.age(connection)
            fates = course_figures.by_fate(connection, age.number)
            rows = [
                self._row(connection, what, held, fates.get(course, {}), course)
                for course in sorted(what.shapes)
            ]
        return self._desk.show(ask, "courses", rows=rows, age=age)

    def _row(
        self,
        connection: Connection,
        what: Programme,
        held: holds.Holds,
        fates: Mapping[str, int],
        course: str,
    ) -> Row:
        shape = what.shapes[course]
        return Row(
            course=course,
            title=shape.title,
            lessons=len(shape.live),
            fates=fates,
            next=enrollments.next_hint(connection, [course]),
            hold=held.course(course).hold,
            waiting=len(what.waiting.get(course, ())),
            trouble=what.trouble(course),
        )
