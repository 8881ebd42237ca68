"""Newsletters on and off, on a person's own page."""

from __future__ import annotations

from datetime import datetime

from bypost.links import AddressHash
from bypost.people import join, leave
from bypost.people.leave import Membership
from bypost.store import Connection, Row, consents, subscriptions, suppressions

_NOTE = "switched the newsletter on with the link of a mail"


def switch(
    connection: Connection,
    person: Row,
    newsletter: str,
    address_hash: AddressHash,
    *,
    on: bool,
    now: datetime,
) -> bool:
    """Let a newsletter come, or not; return whether that changed anything.

    Whoever left everything stays so: they come back by taking that back, or with a form.
    """
    rows = subscriptions.of_subscribers(connection, [person["id"]])
    known = next((row for row in rows if row["newsletter"] == newsletter), None)
    running = known is not None and known["status"] == "active"
    if on == running or not person["email_key"]:
        return False
    if known is not None and not on:
        member = Membership("newsletter", newsletter, known["id"], person["id"], left=False)
        return leave.leave(connection, member, by="page", now=now)
    hashed = address_hash(person["email_key"])
    if person["status"] != "confirmed" or suppressions.find(connection, [hashed]):
        return False
    purpose = f"newsletter:{newsletter}"
    if known is not None:
        subscriptions.rejoin(connection, known["id"], now)
    else:
        new = join.new_subscription(subscriber_id=person["id"], newsletter=newsletter, now=now)
        subscriptions.add_all(connection, [new])
    suppressions.lift_leaving_of(connection, hashed, purpose)
    consent = join.new_consent(
        subscriber_id=person["id"], purpose=purpose, source="page", note=_NOTE, now=now
    )
    consents.add_all(connection, [consent])
    return True
