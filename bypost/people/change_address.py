"""Another address for a person: asked for behind a fresh link, confirmed from the new mailbox.

Two mailboxes take part: the old one has opened the fresh link, the new one presses the button.
The old one is told afterwards, and no file or import puts it back on anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bypost.links import new_link_id
from bypost.people import abuse
from bypost.people.abuse import Rules
from bypost.people.csv_rows import address as usable_address
from bypost.people.signup import Notify
from bypost.store import Connection, Row, address_changes, limits, subscribers, suppressions

#: The notice of both mails, and the beginnings of what they answer.
NOTICE = "notice"
ASKED, MOVED = "address", "moved"
#: How long the link to the new address works.
LIFE = timedelta(days=1)
#: How many new addresses a person may try within a day.
MOST_A_DAY = 3
#: What the records say of an address that somebody has given up.
_GIVEN_UP = "moved to another address"


class Moved(StrEnum):
    """What came of pressing the button in the mail to the new address."""

    DONE = "done"
    ALREADY = "already"
    EXPIRED = "expired"
    TAKEN = "taken"  #: somebody on the list has this address: an entry of its own
    REFUSED = "refused"  #: mail to it came back, or its person is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorman:
    """What asking goes by; ``notify`` owes a notice."""

    rules: Rules
    notify: Notify
    now: datetime


def read_address(typed: str) -> str:
    """Return an address in its usual form.

    Raises:
        ValueError: for one that cannot be used, with the reason.
    """
    return usable_address(typed)


def ask(connection: Connection, person: Row, email: str, by: Doorman) -> bool:
    """Owe a mail to the new address, if one may be sent there; False where it was tried too often.

    The answer is the same whatever is known of the new address. An earlier wish is over with this.
    """
    name = f"address-of:{person['id']}"
    day = timedelta(days=1)
    if not limits.take(connection, name, most=MOST_A_DAY, per=day, now=by.now):
        return False
    key = email.casefold()
    if key == person["email_key"]:
        subscribers.change(connection, person["id"], {"email": email})  # only its case, say
        return True
    if _stops(connection, key, by.rules) or abuse.is_refused(email, by.rules):
        return True
    if not abuse.may_mail(connection, key, rules=by.rules, now=by.now):
        return True
    address_changes.remove_of(connection, person["id"])
    number = address_changes.add(
        connection,
        {
            "subscriber_id": person["id"],
            "email": email,
            "link_id": new_link_id(),
            "requested_at": by.now,
            "expires_at": by.now + LIFE,
        },
    )
    request = request_of(ASKED, number, by.now)
    by.notify(connection, notice=NOTICE, subscriber_id=person["id"], request=request)
    return True


def confirm(connection: Connection, wish: Row, by: Doorman) -> Moved:
    """Let a person's mail go to the new address from now on; a second time changes nothing."""
    person = subscribers.by_id(connection, wish["subscriber_id"])
    if wish["confirmed_at"] is not None:
        return Moved.ALREADY
    if wish["expires_at"] <= by.now:
        return Moved.EXPIRED
    key = wish["email"].casefold()
    if person is None or not person["email_key"] or _stops(connection, key, by.rules):
        return Moved.REFUSED
    if subscribers.by_keys(connection, [key]):
        return Moved.TAKEN
    old = person["email"]
    if not address_changes.confirm(connection, wish["id"], old_email=old, now=by.now):
        return Moved.ALREADY
    subscribers.change(connection, person["id"], {"email": wish["email"], "email_key": key})
    _carry_over(connection, person["email_key"], key, by)
    abuse.count_anew(connection, wish["email"], rules=by.rules)
    request = request_of(MOVED, wish["id"], by.now)
    by.notify(connection, notice=NOTICE, subscriber_id=person["id"], request=request)
    return Moved.DONE


def request_of(kind: str, number: int, at: datetime) -> str:
    """Return what a mail about a wish answers; numbers are given again, moments are not."""
    return f"{kind}:{number}:{at:%Y%m%dT%H%M%S}"


def _stops(connection: Connection, key: str, rules: Rules) -> bool:
    """Tell whether not even a mail that was asked for may go to an address."""
    hashed = rules.address_hash(key)
    return suppressions.find(connection, [hashed]).get(hashed) in suppressions.STOPS_NOTICES


def _carry_over(connection: Connection, old: str, new: str, by: Doorman) -> None:
    """Let what the person wants hold for the new address, and nothing more go to the old one."""
    old_hash, new_hash = by.rules.address_hash(old), by.rules.address_hash(new)
    left = suppressions.left_at(connection, old_hash) is not None
    suppressions.lift_leaving(connection, new_hash, [])
    if left:
        suppressions.add(connection, new_hash, reason="left", now=by.now, detail=_GIVEN_UP)
    suppressions.add(connection, old_hash, reason="left", now=by.now, detail=_GIVEN_UP)
