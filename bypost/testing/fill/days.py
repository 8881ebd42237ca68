"""The daily counts of a filled database: every day's numbers of what was written into it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from random import Random

from bypost.store import Connection, daily
from bypost.store.daily import Count, Kind

_DAY = 86_400
_EPOCH = date(1970, 1, 1)
#: Receiving domains and their shares, as they might be if the people were real.
_DOMAINS = {"gmail.com": 0.46, "outlook.com": 0.19, "yahoo.com": 0.1, "icloud.com": 0.08}
_OTHER = "other"
_BY_DOMAIN = {
    Kind.ACCEPTED: Kind.DOMAIN_ACCEPTED,
    Kind.DELIVERED: Kind.DOMAIN_DELIVERED,
    Kind.SOFT_BOUNCED: Kind.DOMAIN_SOFT_BOUNCED,
    Kind.BOUNCED: Kind.DOMAIN_BOUNCED,
    Kind.COMPLAINED: Kind.DOMAIN_COMPLAINED,
}
#: Visits of the sign-up page for each request, and of machines.
_VISITS, _MACHINES = 4.2, 0.9

_Key = tuple[int, Kind, str, str, str]


class Days:
    """Counts what happens by day; instants are seconds since 1970."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._numbers: dict[_Key, int] = defaultdict(int)

    def add(
        self,
        at: int,
        kind: Kind,
        collection: str,
        *,
        item: str = "",
        label: str = "",
        number: int = 1,
    ) -> None:
        """Count something."""
        self._numbers[at // _DAY, kind, collection, item, label] += number

    def write(self, connection: Connection) -> None:
        """Write all of it, with visits and receiving domains drawn to fit."""
        for day, kind, collection, _, label in list(self._numbers):
            if kind is Kind.SIGNUP:
                asked = self._numbers[day, kind, collection, "", label]
                for visit, share in ((Kind.VISIT, _VISITS), (Kind.BOT_VISIT, _MACHINES)):
                    drawn = int(asked * share * self._chance.uniform(0.85, 1.15)) + 1
                    self._numbers[day, visit, collection, "", label] = drawn
        self._by_domain()
        daily.add_all(
            connection,
            [
                Count(
                    day=_EPOCH + timedelta(days=day),
                    kind=kind,
                    collection=collection,
                    item=item,
                    label=label,
                    number=number,
                )
                for (day, kind, collection, item, label), number in self._numbers.items()
            ],
        )

    def _by_domain(self) -> None:
        totals: dict[tuple[int, Kind], int] = defaultdict(int)
        for (day, kind, *_), number in self._numbers.items():
            if kind in _BY_DOMAIN:
                totals[day, _BY_DOMAIN[kind]] += number
        for (day, kind), number in totals.items():
            left = number
            for domain, share in _DOMAINS.items():
                part = int(number * share + self._chance.random())
                self._numbers[day, kind, "", "", domain] = part = min(part, left)
                left -= part
            self._numbers[day, kind, "", "", _OTHER] = left
