"""``/u/TOKEN``: the way out of a course, a newsletter, or everything (RFC 8058).

GET only asks: link scanners follow every link of a mail. POST asks nothing back: mail programs
send it without cookies and follow no redirect.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import Form, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bypost.delivery import answers, notices
from bypost.errors import ByPostError
from bypost.people import leave, undo
from bypost.people.leave import Membership
from bypost.people.signup import Notify
from bypost.people.undo import Undone
from bypost.store import Connection
from bypost.web.doors import Doors

Text = Annotated[str, Form()]

#: What a mail program's request says (RFC 8058, section 3.2).
_ONE_CLICK = b"One-Click"


class Leave:
    """The pages of the way out."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._context = doors.context
        self._titles = doors.titles
        self._pages = doors.pages
        self._runner = doors.runner

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
        notify = self._farewell()
        with self._context.store.write() as connection:
            member = leave.find(connection, link_id)
            now = self._context.clock.now()
            if member is not None and leave.leave(connection, member, by=by, now=now):
                self._say_goodbye(connection, member, notify)
        if member is None:
            return None, ""
        with self._context.store.read() as connection:
            return member, self._titles.title(connection, member.kind, member.name)

    def _farewell(self) -> Notify | None:
        """Return what owes a goodbye; None where none can be said, which stops nobody."""
        try:
            return self._doors.notify()
        except ByPostError:
            return None

    def _say_goodbye(
        self, connection: Connection, member: Membership, notify: Notify | None
    ) -> None:
        """Owe the mail that says what has ended, if the author wants one."""
        catalogue = self._doors.catalogue
        if member.kind == "course":
            course = catalogue.course(member.name)
            wanted = course is not None and course.goodbye
            request = answers.left_course(member.row_id)
        else:
            letter, now = catalogue.newsletter(member.name), self._context.clock.now()
            wanted = letter is not None and letter.goodbye
            request = answers.left_newsletter(member.row_id, now)
        if not wanted or notify is None:
            return
        # Whoever leaves has left, even where the text of the goodbye is broken.
        with suppress(ByPostError):
            who = member.subscriber_id
            notify(connection, notice=notices.GOODBYE, subscriber_id=who, request=request)
        if self._runner:
            self._runner.wake()

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
