"""Confirming: the button in the page behind the mail's link starts what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bypost.people import abuse, join
from bypost.people.abuse import Rules
from bypost.people.signup import Signup, read, wish_counts
from bypost.store import (
    Connection,
    Row,
    consents,
    daily,
    enrollments,
    signups,
    subscribers,
    subscriptions,
    suppressions,
)


class Result(StrEnum):
    """What came of pressing the button."""

    CONFIRMED = "confirmed"
    ALREADY = "already"  #: it was pressed before: as good as the first time
    EXPIRED = "expired"  #: offer another mail with :func:`bypost.people.signup.again`
    REFUSED = "refused"  #: the address bounced or complained, or its person is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What came of pressing the button.

    Attributes:
        link_id: Of what was confirmed, for the link to the person's own page; None without one.
    """

    result: Result
    link_id: bytes | None = None


def confirm(
    connection: Connection, signup: Signup, *, network: str, now: datetime, rules: Rules
) -> Confirmed:
    """Do what was asked for: the clock of the course starts now. A second time changes nothing.

    Whoever left before and asked again is back, with a new run of the course.
    """
    row = signups.by_id(connection, signup.id)
    if row is None or not row["email_key"]:
        return Confirmed(result=Result.REFUSED)
    asked = read(row)
    if asked.confirmed_at is not None:
        return Confirmed(result=Result.ALREADY, link_id=_link(connection, asked))
    if asked.expired(now):
        return Confirmed(result=Result.EXPIRED)
    hashed = rules.address_hash(row["email_key"])
    if suppressions.find(connection, [hashed]).get(hashed) in suppressions.STOPS_NOTICES:
        return Confirmed(result=Result.REFUSED)
    if not signups.confirm(connection, asked.id, network=network, now=now):
        return Confirmed(result=Result.ALREADY, link_id=_link(connection, asked))
    suppressions.lift_leaving(connection, hashed, _purposes(asked))
    _know(connection, asked, now)
    _join(connection, asked, now)
    _record(connection, asked, network, now)
    daily.add_all(connection, wish_counts(daily.Kind.CONFIRMED, asked, now))
    abuse.count_anew(connection, asked.email, rules=rules)
    return Confirmed(result=Result.CONFIRMED, link_id=_link(connection, asked))


def _know(connection: Connection, asked: Signup, now: datetime) -> None:
    """Take over what the person told of themselves; what they chose on their page stays."""
    person = subscribers.by_id(connection, asked.subscriber_id)
    if person is None:
        raise LookupError(asked.subscriber_id)
    told = {name: getattr(asked, name) for name in ("name", "time_zone", "hour")}
    chosen = set(person["own_choice"])
    values: dict[str, Any] = {n: v for n, v in told.items() if v and n not in chosen}
    if values:
        values["own_choice"] = sorted(chosen | set(values))
    if person["status"] == "unconfirmed":
        values |= {"status": "confirmed", "confirmed_at": now}
    if values:
        subscribers.change(connection, person["id"], values)
    # A hint may never be later than the true instant, and another hour can make that earlier.
    enrollments.wake(connection, [person["id"]], now)


def _join(connection: Connection, asked: Signup, now: datetime) -> None:
    """Start what is not running: a new run, a new subscription, or the old one again."""
    who = asked.subscriber_id
    last = _last_run(connection, asked)
    if asked.course and (last is None or last["status"] != "active"):
        number = last["run"] + 1 if last is not None else 1
        run = join.new_enrollment(subscriber_id=who, course=asked.course, now=now, run=number)
        enrollments.add_all(connection, [run])
    known = _letters(connection, asked)
    for name in asked.newsletters:
        if name not in known:
            new = join.new_subscription(subscriber_id=who, newsletter=name, now=now)
            subscriptions.add_all(connection, [new])
        elif known[name]["status"] == "left":
            subscriptions.rejoin(connection, known[name]["id"], now)


def _record(connection: Connection, asked: Signup, network: str, now: datetime) -> None:
    """Keep the evidence of who agreed to what."""
    shared = {
        "subscriber_id": asked.subscriber_id,
        "source": "form",
        "form": asked.form,
        "language": asked.language,
        "note": asked.wording,
        "network": asked.network,
        "requested_at": asked.requested_at,
        "confirmed_at": now,
        "confirmed_network": network,
    }
    consents.add_all(connection, [{**shared, "purpose": one} for one in _purposes(asked)])


def _purposes(asked: Signup) -> list[str]:
    courses = [f"course:{asked.course}"] if asked.course else []
    return courses + [f"newsletter:{name}" for name in asked.newsletters]


def _last_run(connection: Connection, asked: Signup) -> Row | None:
    runs = enrollments.of_subscribers(connection, [asked.subscriber_id])
    own = [run for run in runs if run["course"] == asked.course]
    return max(own, key=lambda run: run["run"], default=None)


def _letters(connection: Connection, asked: Signup) -> dict[str, Row]:
    rows = subscriptions.of_subscribers(connection, [asked.subscriber_id])
    return {row["newsletter"]: row for row in rows}


def _link(connection: Connection, asked: Signup) -> bytes | None:
    """Return the link id of the course's last run, or of the first newsletter."""
    if asked.course:
        run = _last_run(connection, asked)
        return run["link_id"] if run is not None else None
    known = _letters(connection, asked)
    return next((known[name]["link_id"] for name in asked.newsletters if name in known), None)
