"""The two lists of the local page: mails that are there, and mails that come, by person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bypost.delivery.rehearsal import Sent
from bypost.store import Connection
from bypost.store import pages as store
from bypost.web.mailbox import Entry, Mailbox
from bypost.web.when import zone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A mail in a list.

    Attributes:
        box: ``sent``, ``coming`` or ``simulated``.
        at: In the person's zone.
        fresh: The latest step of the simulation sent it.
    """

    box: str
    ref: str
    at: datetime
    name: str
    title: str
    fresh: bool = False

    @property
    def url(self) -> str:
        """Return where it opens."""
        return f"/mail/{self.box}/{self.ref}"


@dataclass(slots=True, kw_only=True)
class Card:
    """One person and what comes for them."""

    name: str
    email: str
    zone: ZoneInfo
    now: datetime
    items: list[Item] = field(default_factory=list)


def sent_items(
    connection: Connection, mailbox: Mailbox, zones: Mapping[str, str], limit: int
) -> tuple[list[Item], int]:
    """Return the newest mails of the local mailbox in their people's time; how many there are."""
    entries, total = mailbox.newest(limit)
    numbers = [number for entry in entries if (number := delivery_number(entry.ref)) is not None]
    people = store.people_of(connection, numbers)
    items = []
    for entry in entries:
        person = people.get(delivery_number(entry.ref) or 0)
        names = (person["time_zone"], zones.get(person["collection"], "")) if person else ()
        items.append(_item(entry, zone_of(*names)))
    return items, total


def _item(entry: Entry, zone: ZoneInfo) -> Item:
    at = entry.at.astimezone(zone)
    return Item(box="sent", ref=entry.ref, at=at, name=entry.name, title=entry.subject)


def ahead_items(
    box: str, mails: Iterable[Sent], zones: Mapping[str, str], fresh: Sequence[Sent] = ()
) -> list[Item]:
    """Return mails of a copy in their people's time."""
    new = {mail.ref for mail in fresh}
    return [
        Item(
            box=box,
            ref=mail.ref,
            at=mail.at.astimezone(zone_of(mail.zone, zones.get(mail.collection, ""))),
            name=mail.name or mail.email,
            title=mail.title,
            fresh=mail.ref in new,
        )
        for mail in mails
    ]


def cards(mails: Sequence[Sent], zones: Mapping[str, str], now: datetime) -> list[Card]:
    """Return what comes by person, the person who hears first on top."""
    found: dict[int, Card] = {}
    for mail, item in zip(mails, ahead_items("coming", mails, zones), strict=True):
        zone = zone_of(mail.zone, zones.get(mail.collection, ""))
        card = found.setdefault(
            mail.subscriber_id,
            Card(name=item.name, email=mail.email, zone=zone, now=now.astimezone(zone)),
        )
        card.items.append(item)
    return list(found.values())


def delivery_number(ref: str) -> int | None:
    """Return the delivery a reference names."""
    number = ref.rpartition("-")[2]
    return int(number) if number.isdecimal() and len(number) < 19 else None
