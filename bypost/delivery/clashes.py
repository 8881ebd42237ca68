"""People who get mails of several courses or newsletters on one day of theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from bypost.delivery.demand import Demand
from bypost.delivery.timeline import Line
from bypost.model.content import full_name
from bypost.store import Connection
from bypost.store import forecast as store

#: People of each that are named.
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Mails that come to the same people on the same day.

    Attributes:
        day: In each person's own zone.
        mails: As ``collection/item``, sorted.
        examples: Addresses of the first of these people.
    """

    day: date
    mails: tuple[str, ...]
    people: int
    examples: Sequence[str]


def clashes(connection: Connection, found: Demand) -> list[Clash]:
    """Return the clashes, the first day and the most people first.

    Two lessons of one course on a day are no clash: their author wanted it so.
    """
    people: Counter[tuple[date, tuple[str, ...]]] = Counter()
    named: dict[tuple[date, tuple[str, ...]], list[int]] = {}
    for lines, members in _alike(found).items():
        for key in _of_lines(lines):
            people[key] += len(members)
            named.setdefault(key, []).extend(members[:_NAMED])
    first = {key: sorted(ids)[:_NAMED] for key, ids in named.items()}
    addresses = store.addresses(connection, sorted({i for ids in first.values() for i in ids}))
    return [
        Clash(
            day=key[0],
            mails=key[1],
            people=people[key],
            examples=[addresses[i] for i in first[key]],
        )
        for key in sorted(people, key=lambda key: (key[0], -people[key], key[1]))
    ]


def _alike(found: Demand) -> dict[tuple[tuple[Line, str], ...], list[int]]:
    """Return the people with several lines, by what comes for them."""
    groups: dict[tuple[tuple[Line, str], ...], list[int]] = {}
    for person, lines in found.of_people.items():
        if len(lines) > 1:
            groups.setdefault(tuple(lines), []).append(person)
    return groups


def _of_lines(lines: Sequence[tuple[Line, str]]) -> list[tuple[date, tuple[str, ...]]]:
    """Return the days on which mails of several collections come."""
    days: dict[date, dict[tuple[str, str], list[str]]] = {}
    for line, zone_name in lines:
        zone = ZoneInfo(zone_name)
        for mail in line.mails:
            mails = days.setdefault(mail.at.astimezone(zone).date(), {})
            name = full_name(mail.collection, mail.item)
            mails.setdefault((mail.kind, mail.collection), []).append(name)
    return [
        (day, tuple(sorted(name for names in mails.values() for name in names)))
        for day, mails in days.items()
        if len(mails) > 1
    ]
