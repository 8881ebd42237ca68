"""``/newsletters/NAME``: what a newsletter is, its form, its issues, and its feed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Request
from starlette.responses import Response

from bypost.model.course import Newsletter
from bypost.store import daily
from bypost.web.archive import Archive
from bypost.web.asked import asked
from bypost.web.doors import Doors
from bypost.web.feed import atom
from bypost.web.form import Typed, newsletter_form
from bypost.web.public import LISTED, Card
from bypost.web.signup import SignUp


class Letters:
    """The pages of newsletters."""

    def __init__(self, doors: Doors, signup: SignUp, archive: Archive) -> None:
        self._doors = doors
        self._signup = signup
        self._archive = archive

    def show(self, newsletter: str, request: Request) -> Response:
        """Show a newsletter."""
        found = self._doors.catalogue.newsletter(newsletter)
        if found is None:
            return self._missing()
        if "edit" not in request.query_params:
            self._doors.visits.count(
                request, daily.newsletter(found.id), newsletter_form(found).name
            )
        else:
            return self._page(found, asked(self._doors.context.links, request) or Typed())
        return self._page(found, Typed(), headers=LISTED)

    async def take(self, newsletter: str, request: Request) -> Response:
        """Take the form of a newsletter."""
        found = self._doors.catalogue.newsletter(newsletter)
        if found is None:
            return self._missing()

        def show(typed: Typed, problems: Mapping[str, str], status: int) -> Response:
            return self._page(found, typed, problems, status=status)

        return await self._signup.take(request, newsletter_form(found), show)

    def inbox(self, newsletter: str, request: Request) -> Response:
        """Say where to look for the mail."""
        found = self._doors.catalogue.newsletter(newsletter)
        return self._signup.inbox(request, newsletter_form(found)) if found else self._missing()

    async def again(self, newsletter: str, request: Request) -> Response:
        """Ask for the mail once more."""
        found = self._doors.catalogue.newsletter(newsletter)
        if found is None:
            return self._missing()
        return await self._signup.again(request, newsletter_form(found))

    def feed(self, newsletter: str) -> Response:
        """Return the issues that went out, with their whole text, for feed readers."""
        found = self._doors.catalogue.newsletter(newsletter)
        if found is None:
            return self._missing()
        context = self._doors.context
        text = atom(
            found,
            self._archive.issues(found),
            base_url=context.links.base_url,
            author=context.sender.name,
            now=context.clock.now(),
        )
        headers = {**LISTED, "Cache-Control": "public, max-age=300"}
        return Response(text, media_type="application/atom+xml", headers=headers)

    def _page(
        self,
        newsletter: Newsletter,
        typed: Typed,
        problems: Mapping[str, str] = MappingProxyType({}),
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        context, path = self._doors.context, f"/newsletters/{newsletter.id}"
        card = Card(
            url=f"{context.links.base_url}{path}",
            title=newsletter.title,
            about=newsletter.summary,
            feed=f"{path}/feed.xml",
        )
        form = newsletter_form(newsletter)
        return self._doors.pages.show(
            "letters",
            status,
            headers,
            newsletter=newsletter,
            issues=self._archive.issues(newsletter),
            card=card,
            form=form.shown(typed, context.links, context.clock.now()),
            values=typed,
            problems=problems,
            here=path,
            counts_clicks=newsletter.clicks,
            clicks_days=context.settings.keep.clicks_days,
        )

    def _missing(self) -> Response:
        return self._doors.pages.say(
            "There is no such newsletter", "Check the address.", status=404
        )
