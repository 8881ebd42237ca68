"""What waits for `apply`, worked out beside the page: that looks at everybody in the course."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from bypost.delivery import applied, plan_words
from bypost.delivery.context import Context
from bypost.delivery.plan import Plan
from bypost.delivery.planning import Planned, planned
from bypost.delivery.shape import Shape
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.beside import Beside, Work
from bypost.web.desk.course import COURSE, of_course
from bypost.web.desk.desk import PREFIX, Desk

#: Seconds for which a plan is shown: people move on.
_FRESH = 120.0
#: People whose next mail is shown before and after.
_EXAMPLES = 10


class Planner:
    """Works plans out, one at a time for each course."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._beside = Beside[Planned](fresh=_FRESH)

    def work(self, course: str, *, anew: bool = False, old: bool = False) -> Work[Planned]:
        """Return the plan of what waits now; begun where there is none yet.

        Args:
            anew: Whatever was worked out before.
            old: However long ago that was.
        """
        return self._beside.work(
            course,
            self._key(course),
            lambda work: planned(self._context, course, work.count),
            anew=anew,
            old=old,
        )

    def forget(self, course: str) -> None:
        """Work a course out anew the next time."""
        self._beside.forget(course)

    def _key(self, course: str) -> str:
        """Return what is another after every edit of a course, and after everything applied."""
        folder = self._context.root / "lessons" / course
        files = [(path.name, path.stat()) for path in sorted(folder.glob("*")) if path.is_file()]
        seen = [(name, stat.st_mtime_ns, stat.st_size) for name, stat in files]
        with self._context.store.read() as connection:
            shape = applied.current(connection, course)
        return repr((seen, shape.reset_at if shape else None))


def plan_in(work: Work[Planned], course: str) -> Plan | None:
    """Return the plan of a course, once it is worked out."""
    plans = work.result.plans if work.result else ()
    return next((one for one in plans if one.course == course), None)


class CoursePlans:
    """The part of a course's page that shows its plan."""

    def __init__(self, desk: Desk, planner: Planner) -> None:
        self._desk = desk
        self._planner = planner

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [Address("GET", f"{COURSE}/plan", of_course(self._desk, self.show))]

    def show(self, ask: Ask, shape: Shape) -> Response:
        """Show the plan, or how far it is."""
        work = self._planner.work(shape.course, anew="anew" in ask.query)
        name = "course_plan" if ask.part else "course_plan_page"
        return self._desk.show(
            ask,
            name,
            shape=shape,
            path=f"{PREFIX}/courses/{shape.course}",
            work=work,
            plan=plan_in(work, shape.course),
            words=plan_words,
            examples=_EXAMPLES,
        )
