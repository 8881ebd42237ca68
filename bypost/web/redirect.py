"""``/r/TOKEN/LINK``: a link of a mail, in courses that count clicks.

It leads where the mail's text says and nowhere else: the address is looked up among those of stored
mails, so that nobody can make one of ours lead elsewhere. Whoever asks not to be counted is led on
all the same, and nothing is written.
"""

from __future__ import annotations

import logging
from datetime import datetime

from fastapi import Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from bypost.delivery import measure_clicks
from bypost.errors import StoreError
from bypost.people import leave
from bypost.people.leave import Membership
from bypost.render.redirects import TRAP
from bypost.store import Connection, Row, clicks
from bypost.web.doors import Doors
from bypost.web.machines import is_program, wants_privacy

_LOG = logging.getLogger(__name__)


class Redirect:
    """Leads on."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def follow(self, token: str, link: str, request: Request) -> Response:
        """Lead to where a link of a mail leads, and count that after the answer."""
        context = self._doors.context
        link_id = context.links.verify_click(token)
        if link_id is None:
            return self._unknown()
        with context.store.read() as connection:
            member = leave.find(connection, link_id)
            found = clicks.address_of(connection, link)
        if link == TRAP:
            address, item = f"{context.links.base_url}/", ""
        elif found is None or not _is_theirs(member, found):
            return self._unknown()
        else:
            address, item = found["address"], found["item"]
        answer = Response(status_code=302, headers={"Location": address})
        if member is not None and not wants_privacy(request.headers):
            sign = _sign(link, request)
            answer.background = BackgroundTask(self._note, member, link, item, sign)
        return answer

    def _note(self, member: Membership, link: str, item: str, sign: str) -> None:
        """Write a click down; one that cannot be is not worth an error page."""
        context = self._doors.context
        try:
            with context.store.write() as connection:
                _add(connection, member, context.clock.now(), link, item, sign)
        except StoreError as error:
            _LOG.warning("a click is not counted: %s", error)

    def _unknown(self) -> Response:
        return self._doors.pages.say(
            "This link does not work",
            "It may have been cut in two by the mail program. Open the lesson on your own page, or "
            "use a newer mail.",
            status=404,
        )


def _add(
    connection: Connection, member: Membership, now: datetime, link: str, item: str, sign: str
) -> None:
    which = "enrollment_id" if member.kind == "course" else "subscription_id"
    clicks.add(
        connection,
        at=now,
        link="" if link == TRAP else link,
        item=item,
        sign=sign,
        **{which: member.row_id},
    )


def _is_theirs(member: Membership | None, link: Row) -> bool:
    """Tell whether a link stands in mails of what a person is on; who is erased is led on too."""
    return member is None or link["collection"] == f"{member.kind}:{member.name}"


def _sign(link: str, request: Request) -> str:
    """Return what tells of a machine; empty for nothing."""
    if link == TRAP:
        return measure_clicks.TRAP
    if request.method == "HEAD":
        return measure_clicks.HEAD
    return measure_clicks.AGENT if is_program(request.headers) else ""
