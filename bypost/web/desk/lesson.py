"""One lesson: its text as it is now, who had which of its texts, and what was heard of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from starlette.responses import Response

from bypost.check.finding import Level
from bypost.delivery.shape import Shape, Step
from bypost.store import Connection, clicks, daily, versions
from bypost.store.daily import Kind
from bypost.web.chart import Bars, bars
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.course import COURSE, of_course
from bypost.web.desk.desk import PREFIX, Desk

_LESSON = f"{COURSE}/lessons/{{lesson}}"
#: Days of mails that are drawn.
_DAYS = 30
_HEARD = (Kind.ACCEPTED, Kind.DELIVERED, Kind.BOUNCED, Kind.COMPLAINED, Kind.LEFT, Kind.DONE)
Show = Callable[[Ask, Shape, Step], Response]


class LessonPages:
    """What can be looked at of a lesson."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", _LESSON, self._of_lesson(self.show)),
            Address("GET", f"{_LESSON}/frame", self._of_lesson(self.frame)),
            Address("GET", f"{_LESSON}/check", self._of_lesson(self.check)),
            Address("GET", f"{_LESSON}/days.csv", self._of_lesson(self.days)),
            Address("GET", f"{_LESSON}/assets/{{asset}}", self._desk.files.asset),
        ]

    def show(self, ask: Ask, shape: Shape, step: Step) -> Response:
        """Show everything about one lesson; the checks come in a part."""
        course = daily.course(shape.course)
        source = self._path(shape, step)
        entry = self._desk.files.mail(source)
        with self._desk.context.store.read() as connection:
            rows = daily.sums(
                connection, kinds=_HEARD, by=("kind",), collection=course, item=step.lesson
            )
            links = _links(connection, course, step.lesson)
            sent = versions.of_lesson(connection, shape.course, step.lesson)
            days = self._days(connection, shape, step)
        heard = {Kind(row["kind"]).name.casefold(): int(row["number"]) for row in rows}
        return self._desk.show(
            ask,
            "lesson",
            shape=shape,
            step=step,
            path=_path(shape, step),
            heard={kind.name.casefold(): 0 for kind in _HEARD} | heard,
            links=links,
            versions=sent,
            mail=entry is not None and entry.item is not None,
            source=source,
            chart=_chart(shape, step, days),
        )

    def frame(self, ask: Ask, shape: Shape, step: Step) -> Response:
        """Return the mail for a frame."""
        return self._desk.files.frame(ask, self._path(shape, step), f"{_path(shape, step)}/assets/")

    def check(self, ask: Ask, shape: Shape, step: Step) -> Response:
        """Show what `bypost check` finds in its file."""
        path = self._path(shape, step)
        findings = self._desk.files.findings(path) if path else []
        return self._desk.show(
            ask,
            "lesson_check" if ask.part else "lesson_check_page",
            step=step,
            shape=shape,
            path=_path(shape, step),
            findings=findings,
            errors=[one for one in findings if one.level is Level.ERROR],
        )

    def days(self, ask: Ask, shape: Shape, step: Step) -> Response:
        """Return how many mails were accepted on each day, as a file."""
        with self._desk.context.store.read() as connection:
            rows = self._days(connection, shape, step)
        return self._desk.csv(f"{shape.course}-{step.lesson}-days", ("day_utc", "accepted"), rows)

    def _of_lesson(self, show: Show) -> Callable[[Ask], Response]:
        def handle(ask: Ask, shape: Shape) -> Response:
            found = [step for step in shape.steps if step.lesson == ask.path["lesson"]]
            return show(ask, shape, found[0]) if found else self._desk.gone(ask, "lesson")

        return of_course(self._desk, handle)

    def _path(self, shape: Shape, step: Step) -> str:
        """Return the file of a lesson; empty where there is none any more."""
        for course in self._desk.files.library.courses:
            for lesson in course.lessons:
                if (course.id, lesson.id) == (shape.course, step.lesson):
                    return lesson.source.path
        return ""

    def _days(self, connection: Connection, shape: Shape, step: Step) -> list[tuple[date, int]]:
        """Return (day, accepted) of the last days, by UTC."""
        first = daily.day_of(self._desk.context.clock.now()) - timedelta(days=_DAYS - 1)
        rows = daily.sums(
            connection,
            kinds=[Kind.ACCEPTED],
            collection=daily.course(shape.course),
            item=step.lesson,
            since=first,
        )
        numbers = {row["day"]: int(row["number"]) for row in rows}
        days = [first + timedelta(days=n) for n in range(_DAYS)]
        return [(day, numbers.get(day, 0)) for day in days]


def _links(connection: Connection, course: str, lesson: str) -> list[tuple[str, int, int]]:
    """Return (address, clicks, clicks of machines) of a lesson, most first."""
    kinds = (Kind.CLICK, Kind.BOT_CLICK)
    rows = daily.sums(connection, kinds=kinds, by=("label", "kind"), collection=course, item=lesson)
    numbers: dict[str, dict[str, int]] = {}
    for row in rows:
        numbers.setdefault(row["label"], {})[row["kind"]] = int(row["number"])
    if not numbers:
        return []
    known = clicks.addresses(connection, course)
    found = [
        (known.get(link, link), own.get(Kind.CLICK, 0), own.get(Kind.BOT_CLICK, 0))
        for link, own in numbers.items()
    ]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _path(shape: Shape, step: Step) -> str:
    return f"{PREFIX}/courses/{shape.course}/lessons/{step.lesson}"


def _chart(shape: Shape, step: Step, days: Sequence[tuple[date, int]]) -> Bars:
    rows = [(f"{day.day} {day:%b}", number) for day, number in days]
    return bars(
        f"Accepted in {_DAYS} days (UTC)",
        rows,
        names=("Accepted",),
        first="Day",
        csv=f"{_path(shape, step)}/days.csv",
    )
