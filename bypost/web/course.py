"""``/`` and ``/courses/COURSE``: what a course promises, what is in it, and the form."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Request
from starlette.responses import Response

from bypost.model.course import Course
from bypost.store import daily
from bypost.web.asked import asked
from bypost.web.doors import Doors
from bypost.web.form import Form, Typed, course_form
from bypost.web.public import LISTED, Card, course_data
from bypost.web.signup import SignUp


class Courses:
    """The pages of courses."""

    def __init__(self, doors: Doors, signup: SignUp) -> None:
        self._context = doors.context
        self._catalogue = doors.catalogue
        self._pages = doors.pages
        self._signup = signup
        self._visits = doors.visits

    def home(self, request: Request) -> Response:
        """Show the only course, or the list of all."""
        courses, newsletters = self._catalogue.courses(), self._catalogue.newsletters()
        if len(courses) == 1:
            return self.show(courses[0].id, request)
        site, sender = self._context.links.base_url, self._context.sender
        card = Card(url=f"{site}/", title=sender.name, about=f"Courses by email from {sender.name}")
        return self._pages.show(
            "courses",
            headers=LISTED,
            card=card,
            courses=[(one, self._catalogue.facts(one)) for one in courses],
            newsletters=newsletters,
        )

    def show(self, course: str, request: Request) -> Response:
        """Show a course; somebody who mistyped their address finds the rest still filled in."""
        found = self._catalogue.course(course)
        if found is None:
            return self.missing()
        if "edit" not in request.query_params:
            self._visits.count(request, daily.course(found.id), self._form(found).name)
        else:
            return self._page(found, asked(self._context.links, request) or Typed())
        return self._page(found, Typed(), headers=LISTED)

    async def take(self, course: str, request: Request) -> Response:
        """Take the form of a course."""
        found = self._catalogue.course(course)
        if found is None:
            return self.missing()
        if not found.open:
            return self._page(found, Typed(), status=409)

        def show(typed: Typed, problems: Mapping[str, str], status: int) -> Response:
            return self._page(found, typed, problems, status=status)

        return await self._signup.take(request, self._form(found), show)

    def inbox(self, course: str, request: Request) -> Response:
        """Say where to look for the mail."""
        found = self._catalogue.course(course)
        return self._signup.inbox(request, self._form(found)) if found else self.missing()

    async def again(self, course: str, request: Request) -> Response:
        """Ask for the mail once more."""
        found = self._catalogue.course(course)
        return await self._signup.again(request, self._form(found)) if found else self.missing()

    def _form(self, course: Course) -> Form:
        return course_form(course, self._catalogue.newsletters(), embedded=False)

    def _page(
        self,
        course: Course,
        typed: Typed,
        problems: Mapping[str, str] = MappingProxyType({}),
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return the page of a course, with what was filled in and what is wrong with it."""
        facts = self._catalogue.facts(course)
        links, now = self._context.links, self._context.clock.now()
        url = f"{links.base_url}/courses/{course.id}"
        sample = next((one for one in course.lessons if one.id == course.sample), None)
        return self._pages.show(
            "course",
            status,
            headers,
            course=course,
            facts=facts,
            sample=self._catalogue.lesson(course, sample, deeper=2) if sample else None,
            card=Card(
                url=url,
                title=course.title,
                about=course.promise or course.summary,
                image=course.image,
                data=course_data(course, facts, url, self._context.sender, links.base_url),
            ),
            form=self._form(course).shown(typed, links, now),
            values=typed,
            problems=problems,
            here=f"/courses/{course.id}",
            counts_clicks=course.clicks,
            clicks_days=self._context.settings.keep.clicks_days,
        )

    def missing(self) -> Response:
        """Say that there is no such course."""
        return self._pages.say("There is no such course", "Check the address.", status=404)
