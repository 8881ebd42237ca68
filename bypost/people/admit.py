"""Taking people on who agreed elsewhere: at once, with the statement that says how they agreed.

For programs that have the consent already, such as a shop's till or another form with its own
confirmation. As with the CSV, nobody is brought back by it: whoever left, bounced or complained
has to sign up themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.links import AddressHash
from bypost.people import join
from bypost.store import (
    Connection,
    Row,
    consents,
    enrollments,
    subscribers,
    subscriptions,
    suppressions,
)

#: Where such consent comes from, as its evidence says.
SOURCE = "api"


class NotAdmitted(ValueError):
    """Somebody cannot be taken on.

    Attributes:
        code: ``suppressed``, ``unconfirmed``, ``left`` or ``finished``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody who agreed.

    Attributes:
        email: A usable address.
        hour: Local hour ``HH:MM``; empty for the course's, as an empty zone is.
    """

    email: str
    name: str = ""
    time_zone: str = ""
    hour: str = ""
    courses: Sequence[str] = ()
    newsletters: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """On what somebody is taken on.

    Attributes:
        statement: How, when and to what they agreed; kept as evidence.
        source: By which way it came here.
    """

    statement: str
    address_hash: AddressHash
    now: datetime
    source: str = SOURCE


def admit(connection: Connection, newcomer: Newcomer, basis: Basis) -> tuple[Row, bool]:
    """Return the confirmed person, on everything they agreed to, and whether they are new.

    Of somebody who is confirmed already nothing is changed but what they are on.

    Raises:
        NotAdmitted: for an address that is suppressed, or who left or finished one of these.
    """
    key = newcomer.email.casefold()
    _refuse_suppressed(connection, key, basis)
    person = subscribers.by_keys(connection, [key]).get(key)
    new = person is None
    if person is None:
        person = _add(connection, newcomer, basis.now)
    elif person["status"] == "unconfirmed":
        person = _confirm(connection, person, newcomer, basis.now)
    for course in newcomer.courses:
        enroll(connection, person, course, basis)
    for newsletter in newcomer.newsletters:
        subscribe(connection, person, newsletter, basis)
    return person, new


def enroll(
    connection: Connection, person: Row, course: str, basis: Basis, *, begins_with: str = ""
) -> tuple[int, bool]:
    """Start a course for a person; return the enrollment and whether it began just now.

    Who is on it already stays where they are.

    Args:
        begins_with: The lesson they begin with; empty: the first one.

    Raises:
        NotAdmitted: if nothing may be sent to them, or they left or finished the course.
    """
    last = _last_run(connection, person, course)
    if last is not None and last["status"] == "active":
        return last["id"], False
    _refuse_ended_course(last, course)
    purpose = f"course:{course}"
    _may_be_sent(connection, person, purpose, basis)
    run = join.new_enrollment(
        subscriber_id=person["id"], course=course, now=basis.now, begins_with=begins_with
    )
    enrollments.add_all(connection, [run])
    _agree(connection, person["id"], purpose, basis)
    return _number(enrollments.by_link(connection, run["link_id"])), True


def subscribe(
    connection: Connection, person: Row, newsletter: str, basis: Basis
) -> tuple[int, bool]:
    """Put a person on a newsletter; return the subscription and whether it began just now.

    Raises:
        NotAdmitted: if nothing may be sent to them, or they left the newsletter.
    """
    known = _subscription(connection, person, newsletter)
    if known is not None and known["status"] == "active":
        return known["id"], False
    _refuse_ended_newsletter(known, newsletter)
    purpose = f"newsletter:{newsletter}"
    _may_be_sent(connection, person, purpose, basis)
    row = join.new_subscription(subscriber_id=person["id"], newsletter=newsletter, now=basis.now)
    subscriptions.add_all(connection, [row])
    _agree(connection, person["id"], purpose, basis)
    return _number(subscriptions.by_link(connection, row["link_id"])), True


def refuse(connection: Connection, newcomer: Newcomer, basis: Basis) -> None:
    """Raise NotAdmitted where somebody cannot be put on something they are to be on."""
    key = newcomer.email.casefold()
    _refuse_suppressed(connection, key, basis)
    person = subscribers.by_keys(connection, [key]).get(key)
    if person is None:
        return
    for course in newcomer.courses:
        _refuse_ended_course(_last_run(connection, person, course), course)
    for newsletter in newcomer.newsletters:
        _refuse_ended_newsletter(_subscription(connection, person, newsletter), newsletter)


def _last_run(connection: Connection, person: Row, course: str) -> Row | None:
    runs = enrollments.of_subscribers(connection, [person["id"]])
    return max(
        (r for r in runs if r["course"] == course), key=lambda r: int(r["run"]), default=None
    )


def _subscription(connection: Connection, person: Row, newsletter: str) -> Row | None:
    letters = subscriptions.of_subscribers(connection, [person["id"]])
    return next((row for row in letters if row["newsletter"] == newsletter), None)


def _refuse_ended_course(last: Row | None, course: str) -> None:
    """Raise NotAdmitted if a person's last run has ended: only they begin another one."""
    if last is not None and last["status"] != "active":
        raise NotAdmitted(
            last["status"],
            f"they {last['status']} the course `{course}`; only they can begin it again, by "
            "signing up",
        )


def _refuse_ended_newsletter(known: Row | None, newsletter: str) -> None:
    if known is not None and known["status"] != "active":
        raise NotAdmitted(
            "left",
            f"they left the newsletter `{newsletter}`; only they can come back, by signing up",
        )


def _may_be_sent(connection: Connection, person: Row, purpose: str, basis: Basis) -> None:
    if person["status"] != "confirmed":
        raise NotAdmitted(
            person["status"],
            "this subscriber is not confirmed; take them on with a statement of consent, or let "
            "them press the button in the mail that asks",
        )
    _refuse_suppressed(connection, person["email_key"], basis, purpose)


def _refuse_suppressed(
    connection: Connection, email_key: str, basis: Basis, scope: str = suppressions.EVERYTHING
) -> None:
    hashed = basis.address_hash(email_key)
    reason = suppressions.find(connection, [hashed], scope).get(hashed)
    if reason is None:
        return
    way = "only they can come back, by signing up" if reason == "left" else "nothing is sent there"
    raise NotAdmitted("suppressed", f"this address is suppressed ({reason}); {way}")


def _add(connection: Connection, newcomer: Newcomer, now: datetime) -> Row:
    row = join.new_subscriber(
        subscriber_id=subscribers.next_id(connection),
        email=newcomer.email,
        name=newcomer.name,
        time_zone=newcomer.time_zone,
        hour=newcomer.hour,
        status="confirmed",
        now=now,
    )
    return subscribers.add(connection, row)


def _confirm(connection: Connection, person: Row, newcomer: Newcomer, now: datetime) -> Row:
    """Confirm a person, and write what is not known of them yet."""
    told = {name: getattr(newcomer, name) for name in ("name", "time_zone", "hour")}
    new = {n: v for n, v in told.items() if not person[n] and n not in person["own_choice"]}
    values = {**new, "status": "confirmed", "confirmed_at": now}
    subscribers.change(connection, person["id"], values)
    found = subscribers.by_id(connection, person["id"])
    if found is None:
        raise LookupError(person["id"])
    return found


def _agree(connection: Connection, subscriber_id: int, purpose: str, basis: Basis) -> None:
    consent = join.new_consent(
        subscriber_id=subscriber_id,
        purpose=purpose,
        source=basis.source,
        note=basis.statement,
        now=basis.now,
    )
    consents.add_all(connection, [consent])


def _number(row: Row | None) -> int:
    if row is None:
        raise LookupError("a row that was added just now")
    number: int = row["id"]
    return number
