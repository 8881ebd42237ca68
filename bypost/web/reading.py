"""``/p/TOKEN/lessons/LESSON``: a lesson as it was sent to this person, to read once more."""

from __future__ import annotations

import re

from starlette.responses import HTMLResponse, Response

from bypost.delivery import recipe
from bypost.delivery.compose import rebuild
from bypost.model.message import Message
from bypost.people import leave
from bypost.people.resend import was_had
from bypost.store import Connection, contents, enrollments, ledger, subscribers
from bypost.web.assets import from_this_site
from bypost.web.doors import Doors
from bypost.web.guard import MAIL_POLICY
from bypost.web.when import zone_of


class Reading:
    """The pages to read a lesson on."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def show(self, token: str, lesson: str) -> Response:
        """Show the lesson in a frame, with the way back."""
        context = self._doors.context
        link_id = context.links.verify(token)
        if link_id is None:
            return self._missing()
        with context.store.read() as connection:
            mail = self._mail(connection, link_id, lesson)
            member = leave.find(connection, link_id)
            if mail is None or member is None:
                return self._missing()
            title = self._doors.titles.title(connection, member.kind, member.name)
            shape = self._doors.titles.shape(connection, member.name)
            person = subscribers.by_id(connection, member.subscriber_id)
        zone = zone_of(person["time_zone"] if person else "", shape.time_zone if shape else "")
        return self._doors.pages.show(
            "reading",
            token=token,
            lesson=lesson,
            series=title,
            title=mail.subject,
            at=mail.date.astimezone(zone),
        )

    def mail(self, token: str, lesson: str) -> Response:
        """Return the mail itself; nothing in it can run, or load from elsewhere."""
        context = self._doors.context
        link_id = context.links.verify(token)
        if link_id is None:
            return self._missing()
        with context.store.read() as connection:
            mail = self._mail(connection, link_id, lesson)
        if mail is None:
            return self._missing()
        html = from_this_site(mail.html, context.links.base_url)
        shown = re.sub(r"(<head\b[^>]*>)", r'\1<base target="_blank">', html, count=1)
        return HTMLResponse(shown, headers={"Content-Security-Policy": MAIL_POLICY})

    def _mail(self, connection: Connection, link_id: bytes, lesson: str) -> Message | None:
        """Return the mail as it was handed over; None if it was not, or its parts are gone."""
        run = enrollments.by_link(connection, link_id)
        if run is None or leave.find(connection, link_id) is None:
            return None
        first = ledger.first_copy(connection, run["id"], lesson)
        if first is None or not first["recipe"] or not was_had(first):
            return None
        shared, people = recipe.unpack(first["recipe"])
        facts = people.get(first["delivery_id"])
        if facts is None:
            return None
        stored = contents.load(connection, first["content_hash"])
        ref = self._doors.context.reference(first["delivery_id"])
        return rebuild(stored, shared, facts, ref)

    def _missing(self) -> Response:
        return self._doors.pages.say(
            "There is nothing to read here",
            "Check the address, or go back to your page.",
            status=404,
        )
