"""Very many people at once, with what they begin, as an import adds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bypost.store import daily
from bypost.store.engine import Connection
from bypost.store.sheets import Sheet

#: Who comes: number, address, case-folded address, name, zone, status, tags, attributes, cells by
#: file, when they came, when they confirmed. JSON by :func:`as_json`, instants in microseconds.
Person = tuple[int, str, str, str, str, str, str, str, str, int, int | None]
#: A run that begins: whose, course, since when, its hint, link id, first lesson.
Run = tuple[int, str, int, int, bytearray, str]
#: A subscription that begins: whose, newsletter, since when, link id.
Letter = tuple[int, str, int, bytearray]
#: Consent: whose, to what, the wording, when it was asked for, when confirmed.
Consent = tuple[int, str, str, int, int]
#: What stands against an address: its hash, the reason, since when.
Stop = tuple[bytes, str, int]

#: How consent came here, and who says that nothing is to be sent.
SOURCE = "csv"


_PEOPLE = Sheet(
    "subscribers",
    (
        *("id", "email", "email_key", "name", "time_zone", "status"),
        *("tags", "attributes", "csv_cells", "created_at", "confirmed_at"),
    ),
    {"hour": "''", "own_choice": "'[]'"},
)
_RUNS = Sheet(
    "enrollments",
    ("subscriber_id", "course", "started_at", "next_due", "link_id", "begins_with"),
    {"run": "1", "status": "'active'", "pace": "''"},
)
_LETTERS = Sheet(
    "subscriptions",
    ("subscriber_id", "newsletter", "started_at", "link_id"),
    {"status": "'active'"},
)
_CONSENTS = Sheet(
    "consents",
    ("subscriber_id", "purpose", "note", "requested_at", "confirmed_at"),
    {"source": f"'{SOURCE}'", "network": "''", "withdrawn_by": "''"},
)
_STOPS = Sheet(
    "suppressions",
    ("address_hash", "reason", "created_at"),
    {"scope": "'all'", "detail": f"'{SOURCE}'"},
    "ON CONFLICT DO NOTHING",
)


def add_people(connection: Connection, rows: Sequence[Person]) -> None:
    """Insert people."""
    _PEOPLE.insert(connection, rows)


def add_runs(connection: Connection, rows: Sequence[Run], now: datetime) -> None:
    """Insert first runs, and count them on the day of ``now``."""
    _RUNS.insert(connection, rows)
    _count(connection, now, Counter(daily.course(row[1]) for row in rows))


def add_letters(connection: Connection, rows: Sequence[Letter], now: datetime) -> None:
    """Insert subscriptions, and count them on the day of ``now``."""
    _LETTERS.insert(connection, rows)
    _count(connection, now, Counter(daily.newsletter(row[1]) for row in rows))


def add_consents(connection: Connection, rows: Sequence[Consent]) -> None:
    """Insert evidence of consent."""
    _CONSENTS.insert(connection, rows)


def add_stops(connection: Connection, rows: Sequence[Stop]) -> None:
    """Suppress addresses for everything; a second time for the same reason changes nothing."""
    _STOPS.insert(connection, rows)


def _count(connection: Connection, now: datetime, began: Counter[str]) -> None:
    day, joined = daily.day_of(now), daily.Kind.JOINED
    daily.add_all(
        connection,
        (
            daily.Count(day=day, kind=joined, collection=where, number=number)
            for where, number in began.items()
        ),
    )
