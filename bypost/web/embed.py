"""``/embed/COURSE``: the form on other sites, as a frame or as a plain form of their own."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from bypost.model.course import Course
from bypost.store import daily
from bypost.web.doors import Doors
from bypost.web.form import Form, Typed, course_form
from bypost.web.guard import page_policy
from bypost.web.signup import SignUp

#: What a plain form on another site sends has no token: a person presses once more, here.
_ONE_MORE = "One more press, so that no machine signs people up."


class Embed:
    """The form on other sites."""

    def __init__(self, doors: Doors, signup: SignUp) -> None:
        self._doors = doors
        self._signup = signup
        self._origins = doors.context.settings.signup.allowed_origins

    def show(self, course: str, request: Request) -> Response:
        """Show the form on a page that other sites may put into a frame."""
        found = self._doors.catalogue.course(course)
        if found is None:
            return self._missing()
        query = request.query_params
        if "done" not in query:
            name = self._form(found).name
            self._doors.visits.count(request, daily.course(found.id), name)
        return self._page(found, Typed(next=query.get("next", "")), done="done" in query)

    async def take(self, course: str, request: Request) -> Response:
        """Take the form, and go back to the other site where that is allowed."""
        found = self._doors.catalogue.course(course)
        if found is None:
            return self._missing()
        if not found.open:
            return self._page(found, Typed(), status=409)

        def show(typed: Typed, problems: Mapping[str, str], status: int) -> Response:
            if not typed.token:  # from a plain form elsewhere: nothing is wrong with it
                return self._page(found, typed, once_more=_ONE_MORE)
            once_more = problems.get("signup", "")
            return self._page(found, typed, problems, once_more=once_more, status=status)

        def sent(typed: Typed) -> Response:
            target = self._allowed(typed.next) or f"/embed/{found.id}?done=1"
            return RedirectResponse(target, 303)

        return await self._signup.take(request, self._form(found), show, sent)

    def snippet(self, course: str) -> Response:
        """Show what to copy into another site."""
        found = self._doors.catalogue.course(course)
        if found is None:
            return self._missing()
        address = f"{self._doors.context.links.base_url}/embed/{found.id}"
        title = escape(f"{found.title}: sign up")
        return self._doors.pages.show(
            "snippet",
            course=found,
            plain=_PLAIN.format(address=address, button=escape(self._form(found).button)),
            frame=_FRAME.format(address=address, title=title),
            origins=self._origins,
        )

    def _form(self, course: Course) -> Form:
        return course_form(course, (), embedded=True)

    def _page(
        self,
        course: Course,
        typed: Typed,
        problems: Mapping[str, str] = MappingProxyType({}),
        *,
        status: int = 200,
        once_more: str = "",
        done: bool = False,
    ) -> Response:
        form, context = self._form(course), self._doors.context
        return self._doors.pages.show(
            "embed",
            status,
            {"Content-Security-Policy": page_policy(self._origins)},
            course=course,
            form=form.shown(typed, context.links, context.clock.now()),
            begins=form.begins,
            values=typed,
            problems=problems,
            once_more=once_more,
            done=done,
        )

    def _allowed(self, address: str) -> str:
        """Return an address that may be gone to; empty for any other.

        Browsers read some signs in other ways than we do: an address with such a sign is not ours.
        """
        if not address.isascii() or not address.isprintable() or set(address) & set('\\ "<>'):
            return ""
        try:
            parts = urlsplit(address)
        except ValueError:
            return ""
        origin = f"{parts.scheme}://{parts.netloc}".casefold()
        known = {one.casefold() for one in self._origins}
        return urlunsplit(parts) if origin in known else ""

    def _missing(self) -> Response:
        return self._doors.pages.say("There is no such course", "Check the address.", status=404)


_PLAIN = """\
<form method="post" action="{address}" accept-charset="utf-8">
  <p><label>Email address<br>
    <input name="email" type="email" autocomplete="email" required></label></p>
  <p><label>First name (optional)<br>
    <input name="name" autocomplete="given-name"></label></p>
  <p><button>{button}</button></p>
</form>
"""
_FRAME = '<iframe src="{address}" title="{title}" width="100%" height="420"></iframe>\n'
