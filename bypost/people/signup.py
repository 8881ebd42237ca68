"""Signing up: a request, the mail that asks whether it was meant, and the button that says so.

Until the button is pressed nothing that was typed is used, and nothing but that one mail is sent.
Whoever asks is answered alike, whatever is known of the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bypost.links import new_link_id
from bypost.people import abuse, join
from bypost.people.abuse import Rules
from bypost.people.wish import Wish
from bypost.store import (
    Connection,
    Row,
    daily,
    enrollments,
    limits,
    signups,
    subscribers,
    subscriptions,
    suppressions,
)

#: The notice that asks.
NOTICE = "confirmation"
#: The tag of people at throw-away addresses.
DISPOSABLE = "disposable"


class Notify(Protocol):
    """Owes a notice in the caller's transaction; a second time for one request does nothing."""

    def __call__(
        self, connection: Connection, *, notice: str, subscriber_id: int, request: str
    ) -> None:
        """Owe ``notice``; ``request`` names what it answers."""


class Outcome(StrEnum):
    """What a person who asks is told; it says nothing of the address."""

    SENT = "sent"
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signup:
    """A request as its page shows it; the fields are those of a wish.

    Attributes:
        expires_at: Until when the link works.
        confirmed_at: When the button was pressed; None: it was not.
    """

    id: int
    subscriber_id: int
    email: str
    course: str
    newsletters: tuple[str, ...]
    name: str
    time_zone: str
    hour: str
    form: str
    wording: str
    language: str
    network: str
    requested_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None

    def expired(self, now: datetime) -> bool:
        """Tell whether it was never confirmed and its link works no more."""
        return self.confirmed_at is None and self.expires_at <= now


def request(
    connection: Connection, wish: Wish, *, now: datetime, rules: Rules, notify: Notify
) -> Outcome:
    """Take a wish up and owe the mail that asks whether it was meant, if one may be sent.

    None is sent to an address that bounced or complained, that had enough of them lately, or
    whose person has all of it already. The answer does not tell.
    """
    if not abuse.has_room(connection, network=wish.network, form=wish.form, rules=rules, now=now):
        return Outcome.TOO_MANY
    if not abuse.is_refused(wish.email, rules):
        _ask(connection, wish, now, now=now, rules=rules, notify=notify)
    return Outcome.SENT


def again(
    connection: Connection,
    signup: Signup,
    *,
    network: str,
    now: datetime,
    rules: Rules,
    notify: Notify,
) -> Outcome:
    """Send another link for a request whose own has expired, within the same limits.

    Args:
        network: From which it is asked for now; the evidence keeps the one of the request.
    """
    if not abuse.has_room(connection, network=network, form=signup.form, rules=rules, now=now):
        return Outcome.TOO_MANY
    if signup.expired(now):
        wish = Wish(**{name: getattr(signup, name) for name in Wish.__slots__})
        _ask(connection, wish, signup.requested_at, now=now, rules=rules, notify=notify)
    return Outcome.SENT


def find(connection: Connection, link_id: bytes) -> Signup | None:
    """Return the request that a link names; None for one that is not there (any more)."""
    row = signups.by_link(connection, link_id)
    return read(row) if row is not None and row["email"] else None


def remove_unconfirmed(
    connection: Connection, *, now: datetime, rules: Rules, limit: int = 200
) -> int:
    """Remove requests that nobody confirmed in time, at most ``limit``; return how many.

    People of whom nothing else is on record become empty rows: the ledger keeps its numbers.
    How many mails their address had stays, as a keyed hash.
    """
    whose = signups.remove_stale(connection, before=now - rules.keep, limit=limit)
    signups.blank(connection, signups.unknown_else(connection, whose), now)
    limits.forget_over(connection, now)
    return len(whose)


def _ask(
    connection: Connection,
    wish: Wish,
    requested_at: datetime,
    *,
    now: datetime,
    rules: Rules,
    notify: Notify,
) -> None:
    """Owe the mail that asks, unless something stands against it."""
    key = wish.email.casefold()
    hashed = rules.address_hash(key)
    if suppressions.find(connection, [hashed]).get(hashed) in suppressions.STOPS_NOTICES:
        return
    person = subscribers.by_keys(connection, [key]).get(key)
    if person is not None and _has_all(connection, person, wish):
        return
    if not abuse.may_mail(connection, key, rules=rules, now=now):
        return
    if person is None:
        person = _add(connection, wish, now)
    fields = {name: getattr(wish, name) for name in Wish.__slots__ if name != "email"}
    number = signups.add(
        connection,
        {
            **fields,
            "newsletters": list(wish.newsletters),
            "subscriber_id": person["id"],
            "link_id": new_link_id(),
            "requested_at": requested_at,
            "mailed_at": now,
            "expires_at": now + rules.link_life,
        },
    )
    if requested_at == now:  # another link for a request is no other request
        daily.add_all(connection, wish_counts(daily.Kind.SIGNUP, wish, now))
    notify(
        connection,
        notice=NOTICE,
        subscriber_id=person["id"],
        request=signups.request_of(number, now),
    )


def wish_counts(kind: daily.Kind, wish: Wish | Signup, now: datetime) -> list[daily.Count]:
    """Return what is counted of a wish: each course and newsletter once, by form."""
    names = [daily.course(wish.course)] if wish.course else []
    names += [daily.newsletter(name) for name in wish.newsletters]
    day = daily.day_of(now)
    return [daily.Count(day=day, kind=kind, collection=n, label=wish.form) for n in names]


def _add(connection: Connection, wish: Wish, now: datetime) -> Row:
    """Add a person of whom nothing is known but the address."""
    row = join.new_subscriber(
        subscriber_id=subscribers.next_id(connection),
        email=wish.email,
        name="",
        time_zone="",
        status="unconfirmed",
        now=now,
        tags=(DISPOSABLE,) if abuse.is_disposable(wish.email) else (),
    )
    return subscribers.add(connection, row)


def _has_all(connection: Connection, person: Row, wish: Wish) -> bool:
    """Tell whether a person is on everything they ask for."""
    if person["status"] != "confirmed":
        return False
    runs = enrollments.of_subscribers(connection, [person["id"]])
    letters = subscriptions.of_subscribers(connection, [person["id"]])
    on = {run["course"] for run in runs if run["status"] == "active"}
    reads = {row["newsletter"] for row in letters if row["status"] == "active"}
    return (not wish.course or wish.course in on) and reads.issuperset(wish.newsletters)


def read(row: Row) -> Signup:
    """Return a request from its row."""
    fields = {name: row[name] for name in Signup.__slots__}
    return Signup(**{**fields, "newsletters": tuple(row["newsletters"])})
