"""``/u/TOKEN``: the way out of a course, a newsletter, or everything (RFC 8058).

GET only asks: link scanners follow every link of a mail. POST asks nothing back: mail programs
send it without cookies and follow no redirect.
"""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from bypost.delivery.context import Context
from bypost.people import leave
from bypost.people.leave import Membership
from bypost.web.pages import Pages
from bypost.web.titles import Titles

#: What a mail program's request says (RFC 8058, section 3.2).
_ONE_CLICK = b"One-Click"


class Leave:
    """The pages of the way out."""

    def __init__(self, context: Context, titles: Titles, pages: Pages) -> None:
        self._context = context
        self._titles = titles
        self._pages = pages

    def ask(self, token: str) -> Response:
        """Say what would happen; changes nothing, ever."""
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        with self._context.store.read() as connection:
            member = leave.find(connection, link_id)
            title = self._titles.title(connection, member.kind, member.name) if member else ""
        if member is None:
            return self._nothing()
        name = "left" if member.left else "leave"
        return self._pages.show(name, token=token, title=title, kind=member.kind, again=True)

    async def leave(self, token: str, request: Request) -> Response:
        """End that course or newsletter at once; a second time answers the same."""
        by = "one-click" if _ONE_CLICK in await request.body() else "page"
        return await run_in_threadpool(self._leave, token, by)

    def everything(self, token: str) -> Response:
        """End everything this person is on."""
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        context = self._context
        with context.store.write() as connection:
            member = leave.find(connection, link_id)
            if member is not None:
                leave.leave_everything(
                    connection,
                    member.subscriber_id,
                    context.address_hash,
                    by="page",
                    now=context.clock.now(),
                )
        return self._pages.say(
            "You have left everything",
            f"{context.sender.name} will not send you lessons or newsletters any more.",
        )

    def _leave(self, token: str, by: str) -> Response:
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        member, title = self._end(link_id, by)
        if member is None:
            return self._nothing()
        return self._pages.show("left", token=token, title=title, kind=member.kind, again=False)

    def _end(self, link_id: bytes, by: str) -> tuple[Membership | None, str]:
        """End what a link names, if it is there."""
        with self._context.store.write() as connection:
            member = leave.find(connection, link_id)
            if member is not None:
                leave.leave(connection, member, by=by, now=self._context.clock.now())
        if member is None:
            return None, ""
        with self._context.store.read() as connection:
            return member, self._titles.title(connection, member.kind, member.name)

    def _nothing(self) -> Response:
        """Answer a link whose person was erased: it did its work."""
        return self._pages.say(
            "You are not on this list", "Nothing is sent to you here, and nothing is left to end."
        )

    def _unknown(self) -> Response:
        return self._pages.say(
            "This link does not work",
            "It may have been cut in two by the mail program. Open the mail again and use the link "
            "at its foot, or answer the mail: a person reads it.",
            status=404,
        )
