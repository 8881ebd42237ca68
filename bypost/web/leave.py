"""``/u/TOKEN``: the way out of a course, a newsletter, or everything (RFC 8058).

GET only asks: link scanners follow every link of a mail. POST asks nothing back: mail programs
send it without cookies and follow no redirect.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bypost.delivery.context import Context
from bypost.people import leave, undo
from bypost.people.leave import Membership
from bypost.people.undo import Undone
from bypost.store import Connection
from bypost.web.health import Beat
from bypost.web.pages import Pages
from bypost.web.titles import Titles

Text = Annotated[str, Form()]

#: What a mail program's request says (RFC 8058, section 3.2).
_ONE_CLICK = b"One-Click"


class Leave:
    """The pages of the way out."""

    def __init__(self, context: Context, titles: Titles, pages: Pages, runner: Beat | None) -> None:
        self._context = context
        self._titles = titles
        self._pages = pages
        self._runner = runner

    def ask(self, token: str) -> Response:
        """Say what would happen; changes nothing, ever."""
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        with self._context.store.read() as connection:
            member = leave.find(connection, link_id)
            title = self._titles.title(connection, member.kind, member.name) if member else ""
            back = bool(member and undo.can_undo(connection, member, self._context.clock.now()))
        if member is None:
            return self._nothing()
        name = "left" if member.left else "leave"
        return self._pages.show(
            name, token=token, title=title, kind=member.kind, again=True, back=back
        )

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
        return self._pages.show("left_all", token=token, back=member is not None)

    def back(self, token: str, how: Text = "undo") -> Response:
        """Take a leave back; for a course perhaps with a pause or a slower rhythm instead."""
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        with self._context.store.write() as connection:
            member = leave.find(connection, link_id)
            if member is None:
                return self._nothing()
            said = self._back(connection, member, how)
        if said is None:
            return self._too_late()
        if self._runner:
            self._runner.wake()
        # Relative: the page may stand behind a proxy under any name.
        return RedirectResponse(f"/p/{token}?said={said}", 303)

    def _back(self, connection: Connection, member: Membership, how: str) -> str | None:
        """Return what the page is to say; None where it is too late."""
        context = self._context
        now = context.clock.now()
        take_back = undo.undo_everything if how == "everything" else undo.undo
        if take_back(connection, member, context.address_hash, now=now) is Undone.TOO_LATE:
            return None
        if member.kind == "course" and how == "pause":
            undo.pause_instead(connection, member, now)
            return "pause"
        if member.kind == "course" and how == "slower":
            undo.slower_instead(connection, member, now)
            return "pace"
        return "back"

    def _leave(self, token: str, by: str) -> Response:
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        member, title = self._end(link_id, by)
        if member is None:
            return self._nothing()
        return self._pages.show(
            "left", token=token, title=title, kind=member.kind, again=False, back=True
        )

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

    def _too_late(self) -> Response:
        return self._pages.say(
            "This cannot be taken back any more",
            f"It ended more than {undo.OPEN.days} days ago. You can ask for it anew with the form.",
            status=409,
        )

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
