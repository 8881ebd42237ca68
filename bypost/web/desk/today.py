"""Today: what is due, what went out, what stands in the way, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.delivery import alarm_watch, day_ahead, pause
from bypost.delivery.alarms import Alarm, Level
from bypost.delivery.day_ahead import DayAhead
from bypost.delivery.holds import Scope
from bypost.delivery.owe_issues import file_late
from bypost.delivery.pause import Target
from bypost.delivery.publish import publish
from bypost.delivery.standing import LATE, Standing
from bypost.delivery.standing import look as standing
from bypost.model.quantity import quantity
from bypost.store import Row, budgets, ledger
from bypost.store import alarms as alarm_store
from bypost.store import today as store
from bypost.web.chart import Bars, bars
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk

_ROWS = 50
#: How long the next 24 hours are shown as they were counted.
_AHEAD_LASTS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows.

    Attributes:
        due: Deliveries that are owed and could leave now.
        coming: People whose hint has come, whom no pass has looked at yet.
        sent: Deliveries accepted on this UTC day.
        rate: Deliveries accepted within the last minute.
        lag: How long the oldest of what is due has waited.
        told: How the operator hears of alarms, in words; empty: not at all.
    """

    alarms: Sequence[tuple[Alarm, datetime | None]]
    due: int
    coming: int
    sent: int
    rate: int
    lag: timedelta
    told: str
    standing: Standing


class Today:
    """The desk's first page, and the lists behind its numbers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ahead: DayAhead | None = None

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "", self.show),
            Address("GET", "/now", self.now),
            Address("GET", "/next.csv", self.next_csv),
            Address("GET", "/due", self.due),
            Address("GET", "/late", self.late),
            Address("GET", "/sent", self.sent),
            Address("POST", "/providers/{provider}/resume", self.resume, Role.OPERATOR),
            Address("POST", "/holds/resume", self.end_hold, Role.OPERATOR),
        ]

    def show(self, ask: Ask) -> Response:
        """Show the page."""
        ahead = self._next_day()
        return self._desk.show(ask, "today", shown=self._look(), ahead=ahead, chart=_chart(ahead))

    def now(self, ask: Ask) -> Response:
        """Show the part of it that changes, for a page that stays open."""
        return self._desk.show(ask, "today_now", shown=self._look())

    def next_csv(self, ask: Ask) -> Response:
        """Return the next hours as a file."""
        rows = [
            (one.at.isoformat(), one.due, one.leaves, one.waiting) for one in self._next_day().hours
        ]
        return self._desk.csv("next-24-hours", ("hour", "due", "leaves", "waiting"), rows)

    def _look(self) -> Shown:
        context = self._desk.context
        found = standing(context)
        ahead = self._next_day()
        with context.store.read() as connection:
            spells = [alarm_watch.read(row) for row in alarm_store.open_now(connection)]
            due, oldest = store.due(connection, found.now)
        alarms: list[tuple[Alarm, datetime | None]] = [(one.alarm, one.since) for one in spells]
        settings = context.settings.alarms
        ways = (("mail", settings.email), ("webhook", settings.webhook_url))
        return Shown(
            alarms=[*_obstacles(found), *alarms],
            due=due,
            coming=ahead.overdue,
            sent=sum(one.used_today for one in found.providers),
            rate=sum(one.accepted_last_minute for one in found.providers),
            lag=found.now - oldest if oldest else timedelta(0),
            told=" and ".join(way for way, on in ways if on),
            standing=found,
        )

    def _next_day(self) -> DayAhead:
        """Return the next 24 hours, counted anew once a minute."""
        now, known = self._desk.context.clock.now(), self._ahead
        if known is None or not timedelta(0) <= now - known.at < _AHEAD_LASTS:
            self._ahead = known = day_ahead.look(self._desk.context)
        return known

    # Lists

    def due(self, ask: Ask) -> Response:
        """List the batches that are due."""
        now = self._desk.context.clock.now()
        return self._waiting(ask, "due", now + timedelta(microseconds=1))

    def late(self, ask: Ask) -> Response:
        """List the batches that should have left."""
        return self._waiting(ask, "late", self._desk.context.clock.now() - LATE)

    def _waiting(self, ask: Ask, what: str, before: datetime) -> Response:
        after = ask.number("after") or 0
        with self._desk.context.store.read() as connection:
            rows = store.waiting(connection, due_before=before, after=after, limit=_ROWS + 1)
        older = f"{PREFIX}/{what}?after={rows[_ROWS - 1]['id']}" if len(rows) > _ROWS else ""
        first = f"{PREFIX}/{what}" if after else ""
        return self._list(ask, what, rows, first, older)

    def sent(self, ask: Ask) -> Response:
        """List the batches that were accepted today, newest first."""
        context = self._desk.context
        before = ask.number("before")
        since = day_ahead.midnight(context.clock.now())
        with context.store.read() as connection:
            rows = store.sent(connection, since, before=before, limit=_ROWS + 1)
        older = f"{PREFIX}/sent?before={rows[_ROWS - 1]['id']}" if len(rows) > _ROWS else ""
        return self._list(ask, "sent", rows, f"{PREFIX}/sent" if before else "", older)

    def _list(self, ask: Ask, what: str, rows: Sequence[Row], first: str, older: str) -> Response:
        return self._desk.show(
            ask, "late", what=what, rows=rows[:_ROWS], first=first, older=older, late=LATE
        )

    # Actions

    def resume(self, ask: Ask) -> Response:
        """Close a provider's breaker."""
        context, name = self._desk.context, ask.path["provider"]
        with context.store.write() as connection:
            stopped = name in budgets.breakers(connection)
            if stopped:
                now = context.clock.now()
                budgets.close_breaker(connection, name, now)
                ledger.wake_waiting(connection, name, now)
                self._desk.note(connection, ask, "provider.resume", f"provider:{name}")
        self._wake()
        words = f"{name} may send again." if stopped else f"{name} was not stopped."
        return self._desk.done(ask, "", words)

    def end_hold(self, ask: Ask) -> Response:
        """End the hold of a course or newsletter."""
        context = self._desk.context
        scope, name = ask.text("scope"), ask.text("name", 64)
        if scope not in {Scope.COURSE, Scope.NEWSLETTER}:
            return self._desk.gone(ask, "pause")
        ended = pause.resume(context, Target(scope=Scope(scope), name=name))
        if ended is None:
            return self._desk.done(ask, "", f"{name} was not paused.")
        with context.store.write() as connection:
            self._desk.note(connection, ask, f"{scope}.resume", f"{scope}:{name}")
        if scope == Scope.NEWSLETTER:
            for one in publish(context, context.clock.now()).issues:
                if one.newsletter.id == name:
                    file_late(context, one)
        self._wake()
        return self._desk.done(ask, "", f"{name} goes on.")

    def _wake(self) -> None:
        if self._desk.doors.runner:
            self._desk.doors.runner.wake()


def _obstacles(found: Standing) -> list[tuple[Alarm, datetime | None]]:
    """Return what keeps every pass from sending: nobody but this page may be left to tell it."""
    shown: list[tuple[Alarm, datetime | None]] = [
        (Alarm(name="obstacle", subject="", level=Level.ALARM, words=words), None)
        for words in found.obstacles
    ]
    last = found.last
    if last and last.overdue(found.now):
        words = "no pass was made since then"
        shown.append((Alarm(name="silent", subject="", level=Level.ALARM, words=words), last.at))
    return shown


def _chart(ahead: DayAhead) -> Bars:
    """Return the next hours as bars, with what the provider allows."""
    rows = [(f"{one.at:%H:%M}", one.due) for one in ahead.hours]
    total, waiting = sum(one.due for one in ahead.hours), ahead.hours[-1].waiting
    most = max(ahead.hours, key=lambda one: one.due)
    said = "No mail is due in the next 24 hours."
    if total:
        mails = quantity(total, "mail")
        until = most.at + timedelta(hours=1)
        said = f"{mails}; the most, {most.due:,}, between {most.at:%H:%M} and {until:%H:%M}."
    if waiting:
        said += f" {waiting:,} of them cannot leave within this time."
    parts = [f"{ahead.an_hour:,} an hour"] if ahead.an_hour is not None else []
    parts += [f"{ahead.left_today:,} more today"] if ahead.left_today is not None else []
    allowed = f"{ahead.provider} allows {' and '.join(parts)}." if parts else ""
    return bars(
        "Next 24 hours",
        rows,
        first="Hour, UTC",
        said=said,
        limit=ahead.an_hour,
        allowed=allowed,
        csv=f"{PREFIX}/next.csv",
    )
