"""Issues of the past: to everybody who was on the newsletter then, at the hour of each zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from bypost.delivery.context import Context
from bypost.delivery.zones import zone
from bypost.model.event import EventKind
from bypost.store import issues
from bypost.testing.fill.mails import Fates, Mails
from bypost.testing.fill.odds import ZONES, Odds
from bypost.testing.fill.people import People
from bypost.testing.fill.texts import PastIssue
from scheduler.wall import instant_of


class Issues:
    """Sends past issues.

    Args:
        now: Zones whose hour has not come by then are left out.
    """

    def __init__(
        self,
        context: Context,
        people: People,
        mails: Mails,
        chance: Random,
        odds: Odds,
        now: int,
    ) -> None:
        self._context, self._people, self._mails, self._now = context, people, mails, now
        self._fates = Fates(mails, chance, odds)
        # Whoever still gets lessons is not stopped here: those lessons are owed already.
        self._harmless = Fates(mails, chance, replace(odds, bounces=0.0, complains=0.0))

    def send(self, past: PastIssue) -> None:
        """Owe an issue to its readers, and write down that it went out."""
        due_at = [
            int(instant_of(datetime.combine(past.day, past.hour), zone(name)).timestamp())
            for name in ZONES
        ]
        stopped: list[tuple[int, EventKind, int]] = []
        for number, reader in enumerate(self._people.readers, start=1):
            due = due_at[reader.zone]
            is_on = reader.since < due and (reader.until is None or due < reader.until)
            if reader.newsletter != past.newsletter or not is_on or due > self._now:
                continue
            self._mails.owe(due, past.text, number)
            free = reader.free is not None and reader.free < due
            why = (self._fates if free else self._harmless).draw(past.text, number)
            if why is not None:
                reader.until = due + 20
                stopped.append((number, why, reader.until))
        self._people.stop(stopped)
        self._close(past, due_at)

    def _close(self, past: PastIssue, due_at: list[int]) -> None:
        """Write down that an issue was taken up, and when in which zone."""
        seen = datetime.fromtimestamp(min(due_at), UTC) - timedelta(days=1)
        schedule = f"{past.day.isoformat()} {past.hour:%H:%M}"
        with self._context.store.write() as connection:
            issues.add(
                connection, past.newsletter, past.id, state="done", schedule=schedule, now=seen
            )
            known = issues.find(connection, past.newsletter, past.id)
            if known is None:
                raise LookupError(past.id)
            for name, due in zip(ZONES, due_at, strict=True):
                at = datetime.fromtimestamp(due, UTC)
                issues.settle_zone(connection, known["id"], name, due_at=at, state="done")
