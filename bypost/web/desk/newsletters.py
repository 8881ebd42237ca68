"""Newsletters: each with its subscribers and its issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from bypost.delivery import issue_report
from bypost.delivery.issue_find import Found, State
from bypost.delivery.issue_find import every as of_newsletter
from bypost.delivery.issue_report import Told
from bypost.model.course import Newsletter
from bypost.store import Connection, daily
from bypost.store import issue_report as store
from bypost.web.chart import Bars, bars
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk
from bypost.web.desk.issue import SIGNS, IssuePages
from bypost.web.desk.issue_actions import IssueActions

#: Weeks of growth that are drawn.
_WEEKS = 12
#: States in which something of an issue is to come.
_AHEAD = {State.DRAFT, State.SCHEDULED, State.SENDING, State.PAUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One newsletter of the list.

    Attributes:
        next: The next issue that goes out.
        last: The last one that went out.
        told: What was heard of that one.
    """

    newsletter: Newsletter
    people: int
    next: Found | None
    last: Found | None
    told: Told | None


class Newsletters:
    """The pages about newsletters, and those about their issues."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        one = "/newsletters/{newsletter}"
        return [
            Address("GET", "/newsletters", self.every),
            Address("GET", one, self.show),
            Address("GET", f"{one}/growth.csv", self.growth),
            *IssuePages(self._desk).addresses(),
            *IssueActions(self._desk).addresses(),
        ]

    def every(self, ask: Ask) -> Response:
        """Show every newsletter."""
        library = self._desk.files.library
        with self._desk.context.store.read() as connection:
            rows = [self._row(connection, one) for one in library.newsletters]
        broken = {
            folder: problems[0]
            for folder, problems in library.broken.items()
            if folder.startswith("newsletters")
        }
        return self._desk.show(ask, "newsletters", rows=rows, broken=broken)

    def show(self, ask: Ask) -> Response:
        """Show one newsletter with its issues."""
        newsletter = self._find(ask)
        if newsletter is None:
            return self._desk.gone(ask, "newsletter")
        with self._desk.context.store.read() as connection:
            people = store.subscribed(connection, newsletter.id)
            left = store.left(connection, newsletter.id)
            issues = of_newsletter(self._desk.context, connection, newsletter)
            weeks = self._weeks(connection, newsletter)
        return self._desk.show(
            ask,
            "newsletter",
            newsletter=newsletter,
            people=people,
            left=left,
            issues=issues,
            signs=SIGNS,
            joined=sum(row[1] for row in weeks),
            chart=_chart(newsletter, weeks),
        )

    def growth(self, ask: Ask) -> Response:
        """Return who joined and left, by week, as a file."""
        newsletter = self._find(ask)
        if newsletter is None:
            return self._desk.gone(ask, "newsletter")
        with self._desk.context.store.read() as connection:
            rows = self._weeks(connection, newsletter)
        header = ("week_from", "joined", "left")
        return self._desk.csv(f"{newsletter.id}-growth", header, rows)

    def _find(self, ask: Ask) -> Newsletter | None:
        wanted = ask.path["newsletter"]
        return next((one for one in self._desk.files.library.newsletters if one.id == wanted), None)

    def _row(self, connection: Connection, newsletter: Newsletter) -> Row:
        issues = of_newsletter(self._desk.context, connection, newsletter)
        ahead = [one for one in issues if one.state in _AHEAD]
        gone = [one for one in issues if one.counts.accepted]
        last = gone[0] if gone else None
        return Row(
            newsletter=newsletter,
            people=store.subscribed(connection, newsletter.id),
            next=ahead[-1] if ahead else None,
            last=last,
            told=_told(connection, last) if last else None,
        )

    def _weeks(self, connection: Connection, newsletter: Newsletter) -> list[tuple[date, int, int]]:
        """Return (first day, joined, left) of the last weeks, by UTC days."""
        today = daily.day_of(self._desk.context.clock.now())
        first = today - timedelta(days=today.weekday(), weeks=_WEEKS - 1)
        joined, left = [0] * _WEEKS, [0] * _WEEKS
        rows = daily.sums(
            connection,
            kinds=[daily.Kind.JOINED, daily.Kind.RETURNED, daily.Kind.LEFT],
            by=("day", "kind"),
            collection=daily.newsletter(newsletter.id),
            since=first,
        )
        for row in rows:
            into = left if row["kind"] == daily.Kind.LEFT else joined
            week = (row["day"] - first).days // 7
            if week < _WEEKS:
                into[week] += int(row["number"])
        return [(first + timedelta(weeks=n), joined[n], left[n]) for n in range(_WEEKS)]


def _told(connection: Connection, found: Found) -> Told:
    return issue_report.told(connection, found.newsletter.id, found.item, found.first)


def _chart(newsletter: Newsletter, weeks: Sequence[tuple[date, int, int]]) -> Bars:
    rows = [(f"{week.day} {week:%b}", (joined, left)) for week, joined, left in weeks]
    return bars(
        "Who joined and who left",
        rows,
        names=("Joined", "Left"),
        first="Week from",
        csv=f"{PREFIX}/newsletters/{newsletter.id}/growth.csv",
    )
