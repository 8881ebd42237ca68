"""Erasing a person: an empty row stays, and a keyed hash that keeps imports from reviving them."""

from __future__ import annotations

from datetime import datetime

from bypost.links import AddressHash
from bypost.people.leave import leave_everything
from bypost.store import Connection, Row, address_changes, erasure

#: Who ended what ran, as the records of consent say.
BY = "erased"


def erase(connection: Connection, person: Row, address_hash: AddressHash, *, now: datetime) -> None:
    """Blank everything that tells of a person; erasing twice changes nothing.

    What runs for them ends with it. The mails they were sent are another matter, which
    :mod:`bypost.delivery.forget` sees to in the same transaction.
    """
    if person["status"] == "erased":
        return
    leave_everything(connection, person["id"], address_hash, by=BY, now=now)
    wishes = address_changes.of_subscriber(connection, person["id"])
    former = [one["old_email"] or "" for one in wishes]
    texts = [person["email"] or "", person["name"], *(one["email"] for one in wishes), *former]
    erasure.forget_words(connection, person["id"], texts)
    erasure.blank(connection, person["id"], now)
