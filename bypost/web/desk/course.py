"""One course: from visit to finished, where everyone stands, and where people are lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from starlette.responses import Response

from bypost.delivery import applied, figures, holds
from bypost.delivery.cohorts import Standing, standing
from bypost.delivery.funnel import Funnel, funnel
from bypost.delivery.programme import programme
from bypost.delivery.shape import Shape
from bypost.store import Connection, daily, enrollments
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk

COURSE = "/courses/{course}"
#: Days of which the funnel tells, by the name in the address; 0: all.
SPANS = {"30": 30, "90": 90, "all": 0}
#: Weeks that the table of cohorts shows.
_WEEKS = 26


class CoursePages:
    """What can be looked at of a course."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", COURSE, of_course(self._desk, self.show)),
            Address("GET", f"{COURSE}/funnel.csv", of_course(self._desk, self.funnel)),
            Address("GET", f"{COURSE}/standing.csv", of_course(self._desk, self.standing)),
            Address("GET", f"{COURSE}/losses.csv", of_course(self._desk, self.losses)),
            Address("GET", f"{COURSE}/cohorts.csv", of_course(self._desk, self.cohorts)),
        ]

    def show(self, ask: Ask, shape: Shape) -> Response:
        """Show everything about one course."""
        return show_course(self._desk, ask, shape)

    def funnel(self, ask: Ask, shape: Shape) -> Response:
        """Return the funnel as a file."""
        with self._desk.context.store.read() as connection:
            found = _funnel(self._desk, connection, shape, _span(ask))
        rows = [(step.words, step.lesson, step.people) for step in found.steps]
        return self._desk.csv(f"{shape.course}-funnel", ("step", "lesson", "people"), rows)

    def standing(self, ask: Ask, shape: Shape) -> Response:
        """Return where everyone stands as a file."""
        with self._desk.context.store.read() as connection:
            found = standing(connection, shape)
        rows = [(one.title, one.lesson, one.people, one.paused) for one in found.places]
        header = ("last_lesson", "lesson", "people", "of_them_paused")
        return self._desk.csv(f"{shape.course}-standing", header, rows)

    def losses(self, ask: Ask, shape: Shape) -> Response:
        """Return what was lost after each lesson as a file."""
        with self._desk.context.store.read() as connection:
            found = _funnel(self._desk, connection, shape, _span(ask))
        header = ("lesson", "title", "had_it", "left", "bounced", "complained")
        rows = [
            (one.lesson, one.title, one.had, one.left, one.bounced, one.complained)
            for one in found.losses
        ]
        return self._desk.csv(f"{shape.course}-losses", header, rows)

    def cohorts(self, ask: Ask, shape: Shape) -> Response:
        """Return what became of each week's people as a file."""
        with self._desk.context.store.read() as connection:
            found = standing(connection, shape)
        lessons = [step.lesson for step in shape.live]
        header = ("week_from", "started", *lessons, "finished", "left", "stopped")
        rows: list[tuple[date | int, ...]] = [
            (one.week, one.started, *one.reached, one.finished, one.left, one.stopped)
            for one in found.cohorts
        ]
        return self._desk.csv(f"{shape.course}-cohorts", header, rows)


def of_course(desk: Desk, show: Callable[[Ask, Shape], Response]) -> Callable[[Ask], Response]:
    """Return a handler that looks the course up first, and says so where there is none."""

    def handle(ask: Ask) -> Response:
        with desk.context.store.read() as connection:
            shape = applied.current(connection, ask.path["course"])
        return show(ask, shape) if shape else desk.gone(ask, "course")

    return handle


def show_course(
    desk: Desk, ask: Ask, shape: Shape, *, status: int = 200, wrong: str = "", about: str = ""
) -> Response:
    """Return the page of a course.

    Args:
        wrong: Why what was asked for was not done.
        about: Which form that was: ``pause`` or ``apply``.
    """
    context, span = desk.context, _span(ask)
    now = context.clock.now()
    with context.store.read() as connection:
        what = programme(context, connection)
        stands = standing(connection, shape)
        return desk.show(
            ask,
            "course",
            status,
            shape=shape,
            path=f"{PREFIX}/courses/{shape.course}",
            stands=stands,
            age=figures.age(connection),
            funnel=_funnel(desk, connection, shape, span),
            span=span,
            spans=SPANS,
            weeks=stands.cohorts[:_WEEKS],
            most=_most(stands),
            hold=holds.read(connection, now).course(shape.course).hold,
            next=enrollments.next_hint(connection, [shape.course]),
            waiting=what.waiting.get(shape.course, ()),
            broken=what.trouble(shape.course),
            wrong=wrong,
            about=about,
        )


def _span(ask: Ask) -> str:
    wanted = ask.query.get("days", "")
    return wanted if wanted in SPANS else "all"


def _funnel(desk: Desk, connection: Connection, shape: Shape, span: str) -> Funnel:
    since: date | None = None
    if SPANS[span]:
        since = daily.day_of(desk.context.clock.now()) - timedelta(days=SPANS[span] - 1)
    return funnel(connection, shape, since=since)


def _most(stands: Standing) -> int:
    """Return the largest group, of which the bars are shares."""
    return max((place.people for place in stands.places), default=0) or 1
