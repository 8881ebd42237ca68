"""``/p/TOKEN/done/LESSON``: "I have done this", behind a button of a lesson.

Opening the page changes nothing, because link scanners open everything; its button does.
"""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from bypost.people import done, leave
from bypost.people.done import Marked
from bypost.store import Connection, Row, enrollments, marks
from bypost.web.doors import Doors


class Done:
    """The page and its button."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def ask(self, token: str, lesson: str) -> Response:
        """Show the button, or that it was pressed."""
        context = self._doors.context
        with context.store.read() as connection:
            run = self._run(connection, token)
            if run is None or not done.can_mark(connection, run, lesson):
                return self._missing()
            shape = self._doors.titles.shape(connection, run["course"])
            marked = lesson in marks.of_run(connection, run["id"])
            course = self._doors.titles.title(connection, "course", run["course"])
        titles = {step.lesson: step.title for step in shape.steps} if shape else {}
        title = titles.get(lesson, lesson)
        return self._doors.pages.show(
            "done", token=token, lesson=lesson, title=title, course=course, marked=marked
        )

    def press(self, token: str, lesson: str) -> Response:
        """Mark the lesson."""
        context = self._doors.context
        with context.store.write() as connection:
            run = self._run(connection, token)
            if run is None:
                return self._missing()
            marked = done.mark(connection, run, lesson, now=context.clock.now())
        if marked is Marked.UNKNOWN:
            return self._missing()
        return RedirectResponse(f"/p/{token}/done/{lesson}", 303)

    def _run(self, connection: Connection, token: str) -> Row | None:
        link_id = self._doors.context.links.verify(token)
        if link_id is None or leave.find(connection, link_id) is None:
            return None
        return enrollments.by_link(connection, link_id)

    def _missing(self) -> Response:
        return self._doors.pages.say(
            "There is nothing to mark here",
            "Check the address, or go back to the mail and use its button.",
            status=404,
        )
