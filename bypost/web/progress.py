"""``/p/TOKEN``: a person's own page, without an account.

A mail gets forwarded, so this link may read, pace, pause and leave, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Form
from starlette.responses import RedirectResponse, Response

from bypost.delivery.context import Context
from bypost.people import leave, pace
from bypost.store import Connection, Row, enrollments, subscribers
from bypost.web.health import Beat
from bypost.web.pages import Pages
from bypost.web.standing import standing
from bypost.web.titles import Titles
from bypost.web.zones import regions

_PACE_NAMES = {"": "in the rhythm of the course", "3 days": "every 3 days", "7 days": "once a week"}
#: What the page says after a form was sent.
_SAID = {
    "back": "You are back. Everything goes on as it was.",
    "pause": "The course is paused.",
    "resume": "The course goes on.",
    "pace": "Your rhythm is set.",
    "clock": "Your hour and time zone are set.",
    pace.Answer.ASKED: "The next lesson is on its way and will be in your mailbox shortly.",
    pace.Answer.ON_ITS_WAY: "A lesson was sent already. The one after it can be asked for then.",
    pace.Answer.ENOUGH: "You have had two lessons within a day. The next one can wait a little.",
    pace.Answer.PAUSED: "The course is paused. Let it go on first.",
    pace.Answer.ENDED: "This course has ended for you.",
}

Text = Annotated[str, Form()]


class Progress:
    """The person's own page."""

    def __init__(self, context: Context, titles: Titles, pages: Pages, runner: Beat | None) -> None:
        self._context = context
        self._titles = titles
        self._pages = pages
        self._runner = runner
        self._actions: dict[str, Callable[[Connection, Row, dict[str, str]], str]] = {
            "pause": self._pause,
            "resume": self._resume,
            "pace": self._pace,
            "next": self._next,
            "clock": self._clock,
        }

    def show(self, token: str, said: str = "") -> Response:
        """Show where the person stands; changes nothing."""
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        now = self._context.clock.now()
        with self._context.store.read() as connection:
            member = leave.find(connection, link_id)
            if member is None:
                return self._ended()
            title = self._titles.title(connection, member.kind, member.name)
            run = enrollments.by_link(connection, link_id)
            shape = self._titles.shape(connection, member.name) if run is not None else None
            if run is None or shape is None:
                words = _SAID.get(said, "")
                return self._pages.show(
                    "newsletter", token=token, title=title, left=member.left, said=words
                )
            at = standing(self._context, connection, run, shape, now)
        return self._pages.show(
            "progress",
            token=token,
            at=at,
            said=_SAID.get(said, ""),
            paces=_PACE_NAMES,
            weeks=pace.PAUSE_WEEKS,
            hours=pace.HOURS[1:],
            regions=regions(at.zone.key),
            course_zone=shape.time_zone,
        )

    def change(
        self,
        token: str,
        do: Text = "",
        weeks: Text = "",
        rhythm: Text = "",
        hour: Text = "",
        time_zone: Text = "",
        after: Text = "",
    ) -> Response:
        """Do what the person chose, and go back to the page."""
        link_id = self._context.links.verify(token)
        if link_id is None:
            return self._unknown()
        act = self._actions.get(do)
        if act is None:
            return self._puzzled()
        fields = {"weeks": weeks, "rhythm": rhythm, "after": after}
        fields |= {"hour": hour, "time_zone": time_zone}
        try:
            with self._context.store.write() as connection:
                run = enrollments.by_link(connection, link_id)
                if run is None:
                    return self._ended()
                said = act(connection, run, fields)
        except ValueError:
            return self._puzzled()
        if self._runner:
            self._runner.wake()
        # Relative: the page may stand behind a proxy under any name.
        return RedirectResponse(f"/p/{token}?said={said}", 303)

    def _pause(self, connection: Connection, run: Row, fields: dict[str, str]) -> str:
        weeks = int(fields["weeks"])
        pace.pause(connection, run, weeks=weeks, now=self._context.clock.now())
        return "pause"

    def _resume(self, connection: Connection, run: Row, _: dict[str, str]) -> str:
        pace.resume(connection, run, now=self._context.clock.now())
        return "resume"

    def _pace(self, connection: Connection, run: Row, fields: dict[str, str]) -> str:
        pace.set_pace(connection, run, pace=fields["rhythm"], now=self._context.clock.now())
        return "pace"

    def _next(self, connection: Connection, run: Row, fields: dict[str, str]) -> str:
        now = self._context.clock.now()
        return pace.ask_next(connection, run, after=fields["after"] or None, now=now)

    def _clock(self, connection: Connection, run: Row, fields: dict[str, str]) -> str:
        person = subscribers.by_id(connection, run["subscriber_id"])
        if person is not None:
            pace.set_clock(
                connection,
                person,
                hour=fields["hour"],
                time_zone=fields["time_zone"],
                now=self._context.clock.now(),
            )
        return "clock"

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
