"""One issue: its file, its preview, what is wrong with it, who gets it, how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import Any

from starlette.responses import Response

from bypost.check.finding import Level
from bypost.delivery import issue_report
from bypost.delivery.issue_count import Count, count
from bypost.delivery.issue_find import Found, State, find
from bypost.errors import SettingsError
from bypost.store import Connection
from bypost.web.chart import Bars, bars
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.beside import Beside, Work
from bypost.web.desk.desk import PREFIX, Desk

ISSUE = "/newsletters/{newsletter}/{issue}"
#: How long before its time the page begins to follow an issue.
_SOON = timedelta(minutes=10)
#: Seconds for which a count of people is good.
_FRESH = 5.0
#: Zones that are shown one by one.
MOST_ZONES = 40
#: States in which who gets it can still be counted.
TO_COME = {State.DRAFT, State.SCHEDULED, State.SENDING, State.PAUSED}
#: State -> sign of ``parts.state``.
SIGNS = {
    State.DRAFT: "",
    State.BROKEN: "alarm",
    State.SCHEDULED: "wait",
    State.SENDING: "wait",
    State.PAUSED: "warn",
    State.CANCELLED: "alarm",
    State.SENT: "good",
    State.ARCHIVED: "warn",
}


class IssuePages:
    """What can be looked at of an issue; nothing here changes anything."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._counts = Beside[Count](fresh=_FRESH)

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", ISSUE, self._of_one(self.show)),
            Address("GET", f"{ISSUE}/frame", self._of_one(self.frame)),
            Address("GET", f"{ISSUE}/assets/{{asset}}", self._desk.files.asset),
            Address("GET", f"{ISSUE}/check", self._of_one(self.check)),
            Address("GET", f"{ISSUE}/audience", self._of_one(self.audience)),
            Address("GET", f"{ISSUE}/progress", self._of_one(self.progress)),
            Address("GET", f"{ISSUE}/hours.csv", self._of_one(self.hours)),
        ]

    def show(self, ask: Ask, found: Found) -> Response:
        """Show everything about one issue; what takes long comes in parts."""
        return show_issue(self._desk, ask, found)

    def frame(self, ask: Ask, found: Found) -> Response:
        """Return the mail for a frame."""
        assets = f"{path_of(found)}/assets/"
        return self._desk.files.frame(ask, found.written.source.path, assets)

    def check(self, ask: Ask, found: Found) -> Response:
        """Show what `bypost check` finds in its file."""
        findings = self._desk.files.findings(found.written.source.path)
        errors = [one for one in findings if one.level is Level.ERROR]
        return self._part(ask, found, "check", findings=findings, errors=errors)

    def audience(self, ask: Ask, found: Found) -> Response:
        """Count who gets it; that looks at every subscriber, so the page may come first."""

        def counted(_: Work[Count]) -> Count:
            with self._desk.context.store.read() as connection:
                return count(self._desk.context, connection, found.one)

        key = repr((found.schedule, found.one.audience, found.state))
        work = self._counts.work(found.item, key, counted)
        return self._part(ask, found, "audience", work=work, count=work.result, most=MOST_ZONES)

    def progress(self, ask: Ask, found: Found) -> Response:
        """Show how far it is."""
        return self._part(ask, found, "progress", **progress_of(self._desk, found))

    def hours(self, ask: Ask, found: Found) -> Response:
        """Return how many were accepted in each hour, as a file."""
        with self._desk.context.store.read() as connection:
            rows = issue_report.by_hour(connection, found.item)
        header = ("hour_utc", "accepted")
        return self._desk.csv(f"{found.written.id}-hours", header, rows)

    def _part(self, ask: Ask, found: Found, name: str, **values: Any) -> Response:
        """Return a part of the page, for htmx; without it a page with that part alone."""
        given = {"found": found, "path": path_of(found), "signs": SIGNS, **values}
        if ask.part:
            return self._desk.show(ask, f"issue_{name}", **given)
        return self._desk.show(ask, "issue_part", part=f"desk/issue_{name}.html", **given)

    def _of_one(self, show: Callable[[Ask, Found], Response]) -> Callable[[Ask], Response]:
        return of_one(self._desk, show)


def of_one(desk: Desk, show: Callable[[Ask, Found], Response]) -> Callable[[Ask], Response]:
    """Return a handler that looks the issue up first, and says so where there is none."""

    @wraps(show)
    def handle(ask: Ask) -> Response:
        try:
            with desk.context.store.read() as connection:
                found = find_in(desk, connection, ask)
        except SettingsError:
            return desk.gone(ask, "issue")
        return show(ask, found)

    return handle


def find_in(desk: Desk, connection: Connection, ask: Ask) -> Found:
    """Return the issue that an address names; raises SettingsError where there is none."""
    name = f"{ask.path['newsletter']}/{ask.path['issue']}"
    return find(desk.context, connection, name, desk.files.library)


def path_of(found: Found) -> str:
    """Return where the page of an issue is."""
    return f"{PREFIX}/newsletters/{found.newsletter.id}/{found.written.id}"


def show_issue(
    desk: Desk,
    ask: Ask,
    found: Found,
    *,
    status: int = 200,
    wrong: str = "",
    about: str = "",
) -> Response:
    """Return the page of an issue.

    Args:
        wrong: Why what was asked for was not done.
        about: Which form that was: ``test``, ``schedule``, ``cancel`` ...
    """
    entry = desk.files.mail(found.written.source.path)
    with desk.context.store.read() as connection:
        told = issue_report.told(connection, found.newsletter.id, found.item, found.first)
        hours = issue_report.by_hour(connection, found.item)
    return desk.show(
        ask,
        "issue",
        status,
        found=found,
        path=path_of(found),
        signs=SIGNS,
        when=found.when,
        written=desk.files.text(found.written.source.path),
        mail=entry is not None and entry.item is not None,
        personas=desk.files.session.state.personas,
        addresses=desk.files.session.state.settings.preview.addresses,
        provider=desk.context.provider.name,
        to_come=found.state in TO_COME,
        told=told,
        chart=_chart(found, hours),
        wrong=wrong,
        about=about,
        **progress_of(desk, found),
    )


def progress_of(desk: Desk, found: Found) -> dict[str, Any]:
    """Return what the part about progress shows."""
    with desk.context.store.read() as connection:
        far = issue_report.progress(desk.context, connection, found.newsletter.id, found.item)
    # Before its time nothing moves, and a page may stay open for days.
    soon = found.first - desk.context.clock.now() < _SOON
    moves = found.state is State.SENDING or (found.state is State.SCHEDULED and soon)
    return {"far": far, "moves": moves, "left": span(far.left), "most": MOST_ZONES}


def span(left: timedelta | None) -> str:
    """Return how long something takes, in words; empty where nobody knows."""
    if left is None:
        return ""
    minutes = -(-int(left.total_seconds()) // 60)
    if minutes < 2:
        return "about a minute" if minutes else "nothing"
    if minutes < 120:
        return f"about {minutes} minutes"
    return f"about {round(minutes / 60)} hours"


def _chart(found: Found, hours: Sequence[tuple[object, int]]) -> Bars:
    rows = [(f"{at:%a %H:%M}", number) for at, number in hours]
    return bars(
        "Accepted by hour (UTC)",
        rows,
        names=("Accepted",),
        first="Hour",
        csv=f"{path_of(found)}/hours.csv",
    )
