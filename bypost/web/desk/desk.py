"""What every page of the desk works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from starlette.responses import RedirectResponse, Response

from bypost.admins import audit
from bypost.store import Connection
from bypost.web.desk import csv_file, said
from bypost.web.desk.ask import Ask
from bypost.web.desk.files import Files
from bypost.web.doors import Doors

PREFIX = "/desk"


class Desk:
    """Shows pages, and notes what was done.

    Args:
        doors: The parts that all pages share; ``doors.context`` has the store and the clock.
        local: On this machine's own page.
    """

    def __init__(self, doors: Doors, *, local: bool) -> None:
        self.doors = doors
        self.context = doors.context
        self.local = local
        self.files = Files(doors.context)

    def show(
        self,
        ask: Ask,
        name: str,
        /,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response:
        """Return the page ``desk/NAME.html`` filled with ``values``, ``ask`` and ``now``."""
        given = {"ask": ask, "now": self.context.clock.now(), **values}
        return self.doors.pages.show(f"desk/{name}", status, headers, **given)

    def done(self, ask: Ask, where: str, words: str = "") -> Response:
        """Return to a page after an action; it says there, once, what was done.

        Args:
            where: Below ``/desk``, e.g. ``/courses/rejected``.
            words: E.g. ``Paused until 3 March.``; at most 300 characters are shown.
        """
        response = RedirectResponse(f"{PREFIX}{where}", 303)
        if words:
            said.remember(response, words, self.context.links, self.context.clock.now())
        return response

    def say(self, ask: Ask, title: str, *words: str, status: int = 200) -> Response:
        """Return a page of the desk that only says something."""
        return self.show(ask, "say", status, title=title, words=words)

    def gone(self, ask: Ask, what: str = "page") -> Response:
        """Return the page for an address behind which there is nothing (any more)."""
        return self.say(ask, f"There is no such {what}", "Check the address.", status=404)

    def csv(
        self, name: str, header: Sequence[str], rows: Iterable[Sequence[csv_file.Cell]]
    ) -> Response:
        """Return rows as a file to be saved, safe to open in a spreadsheet.

        Args:
            name: Of the file, without ``.csv``.
            rows: Taken as the file is sent, so that a long one needs little memory.
        """
        return csv_file.answer(name, header, rows)

    def note(
        self, connection: Connection, ask: Ask, action: str, subject: str = "", detail: str = ""
    ) -> None:
        """Write an action into the log, in the transaction that carries it out.

        Args:
            action: Noun and verb, e.g. ``course.pause``.
            subject: What it was done to: ``course:rejected``, ``subscriber:17`` (never an address).
            detail: What else is worth knowing; nothing secret and no address.
        """
        audit.note(
            connection,
            now=self.context.clock.now(),
            who=ask.who.name,
            via="desk",
            action=action,
            subject=subject,
            detail=detail,
        )
