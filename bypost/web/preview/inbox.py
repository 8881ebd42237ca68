"""The inbox over time: a slider over the days of a course, and a persona's inbox on each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bypost.check.timeline import PHONES, Arrival, Day, Head, Timeline
from bypost.errors import ContentError
from bypost.web.guard import MAIL_POLICY
from bypost.web.preview.bench import Bench
from bypost.web.preview.choice import Choice
from bypost.web.preview.days import Days, read_days
from bypost.web.preview.frame import framed
from bypost.web.preview.mails import address_of
from bypost.web.preview.menu import PREFIX
from bypost.web.preview.person import find

if TYPE_CHECKING:
    from bypost.web.preview.ahead import Ahead, Answer

PAGE = f"{PREFIX}/inbox"
FRAME = f"{PAGE}/mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One mail of the inbox.

    Attributes:
        head: As the phone cuts it.
        there: Whether it has come by the chosen day.
    """

    arrival: Arrival
    head: Head
    address: str
    there: bool
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The mail that is open.

    Attributes:
        frame: Address of its HTML.
        source: Address of the page about this mail; empty where the file is gone.
    """

    arrival: Arrival
    frame: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An inbox on one day.

    Attributes:
        strip: Every day of the slider.
        rows: Newest on top.
        before: The day of the mail before this day; None where there is none. So for ``after``.
    """

    today: Day
    strip: list[Day]
    rows: list[Row]
    before: int | None
    after: int | None
    opened: Opened | None


class Inbox:
    """The page, and the mails in it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        bench.at_end.append(self.close)

    def routes(self) -> list[BaseRoute]:
        """Return the addresses."""
        return [Route(PAGE, self.show), Route(f"{FRAME}/{{name:path}}", self.mail)]

    def close(self) -> None:
        """Stop working things out; nothing is left behind."""
        if "ahead" in self.__dict__:
            self.ahead.close()

    @cached_property
    def ahead(self) -> Ahead:
        """Return what rehearses; it needs the store, so it is loaded with the first question."""
        from bypost.web.preview.ahead import Ahead

        return Ahead(self._bench.session.root)

    def show(self, request: Request) -> Response:
        """Show the inbox on the chosen day, or that it is being worked out."""
        session = self._bench.session
        session.refresh()
        days = read_days(request.query_params)
        persona = session.persona(days.persona)
        answer = self._ask(days)
        outcome = answer.outcome
        courses = session.state.library.courses
        line = outcome.timeline if outcome else None
        if line and days.course in {course.id for course in courses}:
            line = line.of_course(days.course)
        return self._bench.show(
            request,
            "preview_inbox",
            days=days,
            persona=persona,
            personas=session.state.personas,
            phones=PHONES,
            courses=courses,
            start=days.instant(persona, session.clock),
            working=answer.working,
            outcome=outcome,
            line=line,
            shown=self._shown(line, days) if line else None,
        )

    def mail(self, request: Request) -> Response:
        """Return the HTML of a mail for a frame, where nothing of it can run."""
        answer = self._ask(read_days(request.query_params))
        name = request.path_params["name"]
        mail = answer.outcome.mails.get(name) if answer.outcome else None
        if mail is None:
            return PlainTextResponse("There is no such mail.\n", 404)
        session = self._bench.session
        if entry := find(session, name):
            with suppress(ContentError):
                session.content(entry)  # its pictures are served once it was compiled here
        assets = f"{session.state.settings.site.base_url}/assets/"
        html = framed(mail.html, Choice(), "light", assets=assets)
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})

    def _ask(self, days: Days) -> Answer:
        from bypost.web.preview.ahead import Journey

        session = self._bench.session
        persona = session.persona(days.persona)
        start = days.instant(persona, session.clock)
        return self.ahead.ask(Journey(persona=persona, start=start))

    def _shown(self, line: Timeline, days: Days) -> Shown:
        number = line.last if days.day is None else min(days.day, line.last)
        there = line.until(number)
        opened = next((one for one in there if one.name == days.opened), next(iter(there), None))
        with_mail = sorted({one.day for one in line.arrivals})
        return Shown(
            today=line.day(number),
            strip=line.days(),
            rows=_rows(line, days, number, opened),
            before=max((day for day in with_mail if day < number), default=None),
            after=min((day for day in with_mail if day > number), default=None),
            opened=self._opened(opened, days) if opened else None,
        )

    def _opened(self, arrival: Arrival, days: Days) -> Opened:
        entry = find(self._bench.session, arrival.name)
        lead = Choice(persona=days.persona, at=f"{arrival.at:%Y-%m-%dT%H:%M}")
        return Opened(
            arrival=arrival,
            frame=days.address(f"{FRAME}/{arrival.name}", day=None, phone="", course="", opened=""),
            source=address_of(entry, lead) if entry else "",
        )


def _rows(line: Timeline, days: Days, number: int, opened: Arrival | None) -> list[Row]:
    """Return all mails, newest on top; those that have not come yet are kept out of sight."""
    return [
        Row(
            arrival=arrival,
            head=arrival.head.on(days.on),
            address=days.address(day=max(number, arrival.day), opened=arrival.name),
            there=arrival.day <= number,
            opened=arrival is opened,
        )
        for arrival in reversed(line.arrivals)
    ]
