"""What waits for `apply`, worked out beside the page: that looks at everybody in the course."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from bypost.delivery import applied, plan_words
from bypost.delivery.context import Context
from bypost.delivery.plan import Plan
from bypost.delivery.planning import Planned, planned
from bypost.delivery.shape import Shape
from bypost.errors import ByPostError
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.course import COURSE, of_course
from bypost.web.desk.desk import PREFIX, Desk

_LOG = logging.getLogger(__name__)
#: A plan is at hand at once where it takes no longer, in seconds.
_PATIENCE = 0.2
#: People whose next mail is shown before and after.
_EXAMPLES = 10


@dataclass(slots=True)
class Work:
    """A plan that is being worked out, or was.

    Attributes:
        key: What waited when it was begun: another edit begins another.
        people: Looked at so far.
    """

    key: str
    people: int = 0
    found: Planned | None = None
    trouble: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether it has come to its end."""
        return self.found is not None or bool(self.trouble)

    def plan(self, course: str) -> Plan | None:
        """Return the plan of a course."""
        plans = self.found.plans if self.found else ()
        return next((one for one in plans if one.course == course), None)


class Planner:
    """Works plans out, one at a time for each course."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._works: dict[str, Work] = {}

    def work(self, course: str, *, anew: bool = False) -> Work:
        """Return the plan of what waits now; begun where there is none yet.

        Args:
            anew: Whatever was worked out before.
        """
        key = self._key(course)
        with self._lock:
            known = self._works.get(course)
            if known is not None and known.key == key and not (anew and known.is_over):
                return known
            work = self._works[course] = Work(key)
        thread = threading.Thread(target=self._go, args=(course, work), daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        return work

    def forget(self, course: str) -> None:
        """Work a course out anew the next time."""
        with self._lock:
            self._works.pop(course, None)

    def _key(self, course: str) -> str:
        """Return what is another after every edit of a course, and after everything applied."""
        folder = self._context.root / "lessons" / course
        files = [(path.name, path.stat()) for path in sorted(folder.glob("*")) if path.is_file()]
        seen = [(name, stat.st_mtime_ns, stat.st_size) for name, stat in files]
        with self._context.store.read() as connection:
            shape = applied.current(connection, course)
        return repr((seen, shape.reset_at if shape else None))

    def _go(self, course: str, work: Work) -> None:
        def count(people: int) -> None:
            work.people = people

        try:
            work.found = planned(self._context, course, count)
        except ByPostError as error:
            work.trouble = str(error)
        except Exception:  # noqa: BLE001 - a thread's last words: the page has to say something
            _LOG.exception("the plan of a course could not be worked out")
            work.trouble = "It could not be worked out; the log says why."


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
            plan=work.plan(shape.course),
            words=plan_words,
            examples=_EXAMPLES,
        )
