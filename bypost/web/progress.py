"""``/p/TOKEN``: a person's own page, without an account.

A mail gets forwarded, so this link may read, pace, pause and leave. Changing the address, exporting
and erasing are asked for here and done behind a fresh link (:mod:`bypost.web.fresh`).
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from bypost.people import leave, pace, restart
from bypost.store import Connection, Row, enrollments, marks, subscribers, subscriptions
from bypost.web.choices import ACTIONS, FOR_ALL, SAID, Asked
from bypost.web.doors import Doors
from bypost.web.standing import is_muted, standing
from bypost.web.zones import options

#: What each rhythm is called.
_PACE_NAMES = {
    "": "in the rhythm of the course",
    "1 day": "every day",
    "1 weekday": "from Monday to Friday",
    "twice a week": "twice a week",
    "3 days": "every 3 days",
    "7 days": "once a week",
}
#: Characters of a field that are read.
_MOST_SIGNS = 2000


class Progress:
    """The person's own page."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._context = doors.context
        self._titles = doors.titles
        self._pages = doors.pages

    def show(self, token: str, said: str = "") -> Response:
        """Show where the person stands; changes nothing."""
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        words = SAID.get(said, "")
        with self._context.store.read() as connection:
            member = leave.find(connection, link_id)
            if member is None:
                return self._ended()
            run = enrollments.by_link(connection, link_id)
            shape = self._titles.shape(connection, member.name) if run is not None else None
            if run is None or shape is None:
                title = self._titles.title(connection, member.kind, member.name)
                person = subscribers.by_id(connection, member.subscriber_id)
                return self._pages.show(
                    "newsletter",
                    token=token,
                    title=title,
                    left=member.left,
                    muted=person is None or is_muted(self._context, connection, person),
                    said=words,
                )
            return self._course(connection, token, run, words)

    async def change(self, token: str, request: Request) -> Response:
        """Do what the person chose, and go back to the page."""
        async with request.form() as form:
            return await run_in_threadpool(self._change, token, form)

    def _course(self, connection: Connection, token: str, run: Row, said: str) -> Response:
        now = self._context.clock.now()
        shape = self._titles.shape(connection, run["course"])
        person = subscribers.by_id(connection, run["subscriber_id"])
        if shape is None or person is None:
            return self._ended()
        at = standing(self._context, connection, run, shape, now)
        latest = restart.latest(connection, run)
        links = self._context.links
        return self._pages.show(
            "progress",
            token=token,
            at=at,
            said=said,
            called=person["name"],
            on_request=shape.most_a_day > 0,
            marked=marks.of_run(connection, run["id"]),
            letters=self._letters(connection, person),
            anew=latest["id"] == run["id"] and restart.can_restart(run, now),
            newer=links.token(latest["link_id"]) if latest["id"] != run["id"] else "",
            paces={name: _PACE_NAMES[name] for name in dict.fromkeys((*pace.PACES, at.pace))},
            weeks=pace.PAUSE_WEEKS,
            first_day=(at.now + timedelta(days=1)).date().isoformat(),
            last_day=(at.now + pace.LONGEST_PAUSE).date().isoformat(),
            hours=pace.HOURS[1:],
            zones=options(at.time_zone),
            course_zone=shape.time_zone,
        )

    def _letters(self, connection: Connection, person: Row) -> list[tuple[str, str, bool]]:
        """Return the newsletters there are: id, title, and whether the person gets it."""
        rows = subscriptions.of_subscribers(connection, [person["id"]])
        on = {row["newsletter"] for row in rows if row["status"] == "active"}
        return [(one.id, one.title, one.id in on) for one in self._doors.catalogue.newsletters()]

    def _change(self, token: str, form: FormData) -> Response:
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        texts = ((name, value) for name, value in form.items() if isinstance(value, str))
        fields = {name: value[:_MOST_SIGNS] for name, value in texts}
        act = ACTIONS.get(fields.get("do", ""))
        if act is None:
            return self._puzzled()
        notify = self._doors.notify()
        try:
            with self._context.store.write() as connection:
                member = leave.find(connection, link_id)
                person = subscribers.by_id(connection, member.subscriber_id) if member else None
                if member is None or person is None:
                    return self._ended()
                run = enrollments.by_link(connection, link_id)
                if run is None and fields["do"] not in FOR_ALL:
                    return self._puzzled()
                done = act(Asked(self._doors, connection, run, person, fields, notify))
        except ValueError:
            return self._puzzled()
        if self._doors.runner:
            self._doors.runner.wake()
        # Relative: the page may stand behind a proxy under any name.
        return RedirectResponse(f"/p/{done.token or token}?said={done.said}", 303)

    def _ended(self) -> Response:
        return self._pages.say("Nothing is here any more", "You are not on this list.")

    def _puzzled(self) -> Response:
        return self._pages.say("That was not understood", "Go back and choose again.", status=400)

    def _unknown(self) -> Response:
        return self._pages.say(
            "This link does not work",
            "It may have been cut in two by the mail program. Open a newer mail and use the link "
            "at its foot.",
            status=404,
        )
