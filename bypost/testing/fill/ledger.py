"""Writing mails as the ledger has them: requests, deliveries, attempts and events."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from bypost.model.event import EventKind
from bypost.store import Store, bulk, daily
from bypost.store.daily import Kind
from bypost.testing.fill.days import Days
from bypost.testing.fill.mails import Mails, Sent
from bypost.testing.fill.odds import Odds

_HOUR, _DAY = 3600, 86_400
#: Events of mails that simply arrived are kept for so long.
_DELIVERED_KEPT = 7 * _DAY
#: Requests of unknown fate: so many, of the last hours.
_UNKNOWN, _UNKNOWN_SINCE, _UNKNOWN_UNTIL = 3, 10 * _HOUR, 2 * _HOUR
#: Deliveries in one transaction.
_CHUNK = 40_000
_REFUSED = "refused: the mailbox does not take mail from outside"
_LOST = "no answer in time"

#: Returns the subscriber, and what a notice answers.
Whose = Callable[[str, int, int], tuple[int, str]]


class Ledger:
    """Writes requests in the order of their time.

    Args:
        provider: Whose requests they were.
        whose: Who a mail is for, by its kind, its number and its instant.
        now: Nothing is accepted after it.
    """

    def __init__(
        self,
        store: Store,
        mails: Mails,
        *,
        provider: str,
        whose: Whose,
        days: Days,
        now: int,
        chance: Random,
        odds: Odds,
    ) -> None:
        self._store, self._mails, self._whose, self._days = store, mails, whose, days
        self._random, self._odds, self._now = chance.random, odds, now
        self._batch = self._delivery = self._event = self._unknown = 0
        self._batches = bulk.Sheet(
            "batches",
            (
                *("id", "kind", "collection", "item", "content_hash", "size", "state"),
                *("due_at", "next_try", "attempts", "fence", "generation", "members"),
                *("ambiguous", "first_sent_at", "accepted_at", "accepted", "failed", "detail"),
                *("counted_accepted", "counted_failed"),
            ),
            {"provider": provider, "lease_owner": "", "cancelled": 0, "refusals": 0},
        )
        self._attempts = bulk.Sheet(
            "attempts",
            ("batch_id", "started_at", "ended_at", "outcome", "status", "detail"),
            {"fence": 1},
        )
        self._deliveries = bulk.Sheet(
            "deliveries",
            (
                *("id", "batch_id", "subscriber_id", "enrollment_id", "subscription_id"),
                *("kind", "item", "request", "state", "detail"),
            ),
            {"copy": 0},
        )
        self._events = bulk.Sheet(
            "events",
            ("event_id", "delivery_id", "kind", "at", "received_at", "raw"),
            {"provider": provider, "too_large": False},
        )

    def write(self, on_mails: Callable[[int], None]) -> None:
        """Write every mail there is.

        Args:
            on_mails: Is told how many were written so far.
        """
        for sent in self._mails.sent():
            self._request(sent)
            if len(self._deliveries.rows) >= _CHUNK:
                self._flush()
                on_mails(self._delivery)
        self._flush()

    def _flush(self) -> None:
        with self._store.write() as connection:
            bulk.begin(connection)
            for sheet in (self._batches, self._deliveries, self._attempts, self._events):
                sheet.write(connection)

    def _request(self, sent: Sent) -> None:
        self._batch += 1
        text = self._mails.texts[sent.text]
        state = self._state(sent)
        failed = 0
        for whom in sent.members:
            failed += self._delivery_of(sent, text.kind, text.item, whom, state)
        size, out = len(sent.members), state != "pending"
        settled = state == "settled"
        accepted = size - failed if settled else 0
        self._count(sent, Kind.ACCEPTED, accepted)
        self._count(sent, Kind.FAILED, failed)
        self._batches.rows.append(
            (
                *(self._batch, text.kind, text.collection, text.item, text.hash, size, state),
                *(sent.due, self._now + _HOUR if state == "unknown" else sent.due),
                *(int(out), int(out), int(out), size if out else 0, state == "unknown"),
                *(sent.at - 1 if out else None, sent.at if settled else None),
                *(accepted, failed, _LOST if state == "unknown" else "", accepted, failed),
            )
        )
        if out:
            words = ("accepted", 200, "") if settled else ("unknown", None, _LOST)
            self._attempts.rows.append((self._batch, sent.at - 1, sent.at, *words))

    def _count(self, sent: Sent, kind: Kind, number: int) -> None:
        text = self._mails.texts[sent.text]
        if number:
            where = daily.of_mail(text.kind, text.collection)
            self._days.add(sent.at, kind, where, item=text.item, number=number)

    def _state(self, sent: Sent) -> str:
        """Return how a request stands: open if it is of this moment, a few unknown."""
        if sent.at >= self._now:
            return "pending"
        recent = self._now - _UNKNOWN_SINCE < sent.at < self._now - _UNKNOWN_UNTIL
        kind = self._mails.texts[sent.text].kind
        few = 1 < len(sent.members) < 40 and kind == "lesson" and self._unknown < _UNKNOWN
        if recent and few and self._random() < 0.05:
            self._unknown += 1
            return "unknown"
        return "settled"

    def _delivery_of(self, sent: Sent, kind: str, item: str, whom: int, state: str) -> bool:
        """Write one delivery and what was told of it; return whether it was refused."""
        self._delivery += 1
        told, refused = self._mails.fate(sent.text, whom)
        failed = refused and state == "settled"
        subscriber, request = self._whose(kind, whom, sent.due)
        self._deliveries.rows.append(
            (
                *(self._delivery, self._batch, subscriber),
                *(whom if kind == "lesson" else None, whom if kind == "issue" else None),
                *(kind, item, request),
                *(("failed", _REFUSED) if failed else (None, None)),
            )
        )
        if state == "settled" and not failed:
            self._tell(sent, told)
        return failed

    def _tell(self, sent: Sent, told: EventKind | None) -> None:
        at = sent.at + 2 + int(self._random() * 20)
        if told is None and self._random() < self._odds.delivered:
            told = EventKind.DELIVERED
        if told is None or at >= self._now:
            return
        self._count(sent, Kind(told.value), 1)
        if told is not EventKind.DELIVERED or sent.at > self._now - _DELIVERED_KEPT:
            raw = None if told is EventKind.DELIVERED else {"type": str(told)}
            self._event += 1
            number = f"invented-{self._event}"
            self._events.rows.append((number, self._delivery, str(told), at, at + 1, raw))
