"""Writing everything out that an empty database needs to have the same people again.

The columns of ``subscribers.csv``, and one more, ``bypost``, with a record of all the others cannot
say. Whose address is erased stands there as its keyed hash alone.

What was sent stays behind. A running course goes on with the next lesson: the record says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from bypost.links import AddressHash
from bypost.people import export
from bypost.people.columns import KNOWN, QUARANTINE, RECORD, UNDECODED, clean, column_name, protect
from bypost.people.record import (
    ConsentRecord,
    LetterRecord,
    Record,
    RunRecord,
    SuppressionRecord,
    key_mark,
    write_record,
)
from bypost.store import (
    Connection,
    Row,
    consents,
    enrollments,
    ledger,
    subscribers,
    subscriptions,
    suppressions,
)

_CHUNK = 500
_TAKEN = frozenset({*KNOWN, *QUARANTINE, RECORD})


def header(attributes: Sequence[str]) -> list[str]:
    """Return the first line."""
    return [*export.header(attributes), RECORD]


def attribute_columns(connection: Connection) -> list[str]:
    """Return the attributes that can be columns; the others stand in the record."""
    names = export.attribute_columns(connection)
    return [name for name in names if _is_column(name)]


def _is_column(name: str) -> bool:
    return bool(name) and name not in _TAKEN and _travels(name) and column_name(name) == name


@dataclass(frozen=True, slots=True, kw_only=True)
class FullExport:
    """Writes complete rows.

    Attributes:
        attributes: Columns besides the usual ones.
        newsletters: What a blank ``newsletters`` cell means to the importer.
        lessons: Course -> its lessons in order, to tell which one comes next.
    """

    connection: Connection
    address_hash: AddressHash
    attributes: Sequence[str]
    newsletters: Sequence[str] = ()
    lessons: Mapping[str, Sequence[str]]

    def rows(self) -> Iterator[list[str]]:
        """Yield one line per person, then one per address of which only the hash is left."""
        named: set[bytes] = set()
        people = iter(subscribers.every(self.connection))
        plain = export.rows(
            self.connection,
            self.attributes,
            address_hash=self.address_hash,
            newsletters=self.newsletters,
        )
        while chunk := list(islice(people, _CHUNK)):
            hashes = {person["id"]: self.address_hash(person["email_key"]) for person in chunk}
            stops = suppressions.of_addresses(self.connection, list(hashes.values()))
            named.update(stops)
            for record in self._records(chunk, hashes, stops):
                yield [*map(_shown, next(plain)), write_record(record)]
        yield from self._hashes(named)

    def _hashes(self, named: set[bytes]) -> Iterator[list[str]]:
        """Yield what stands against addresses that nobody here has."""
        blank = [""] * (len(KNOWN) + len(self.attributes))
        after = b""
        while found := suppressions.hashes(self.connection, after=after, limit=_CHUNK):
            after = found[-1]
            stops = suppressions.of_addresses(self.connection, found)
            for address in found:
                if address not in named:
                    record = Record(
                        address=address.hex(),
                        key=key_mark(self.address_hash),
                        suppressions=_stops(stops[address]),
                    )
                    yield [*blank, write_record(record)]

    def _records(
        self,
        chunk: Sequence[Row],
        hashes: Mapping[int, bytes],
        stops: Mapping[bytes, Sequence[Row]],
    ) -> Iterator[Record]:
        ids = [person["id"] for person in chunk]
        runs = export.by_person(enrollments.of_subscribers(self.connection, ids))
        letters = export.by_person(subscriptions.of_subscribers(self.connection, ids))
        agreed = export.by_person(consents.of_subscribers(self.connection, ids))
        numbers = [run["id"] for rows in runs.values() for run in rows]
        past = ledger.history(self.connection, numbers)
        for person in chunk:
            number = person["id"]
            yield Record(
                status=person["status"],
                hour=person["hour"],
                own_choice=tuple(person["own_choice"]),
                created_at=person["created_at"],
                confirmed_at=person["confirmed_at"],
                csv_cells=person["csv_cells"],
                exact=_exact(person),
                attributes=self._further(person),
                runs=tuple(self._run(run, past.get(run["id"], [])) for run in runs.get(number, [])),
                letters=tuple(LetterRecord(**_linked(one)) for one in letters.get(number, [])),
                consents=tuple(ConsentRecord(**_own(one)) for one in agreed.get(number, [])),
                suppressions=_stops(stops.get(hashes[number], [])),
            )

    def _further(self, person: Row) -> Mapping[str, str] | None:
        """Return all attributes of a person if columns do not say them as they are."""
        theirs: Mapping[str, str] = person["attributes"]
        said = all(
            text and name in self.attributes and _travels(text) for name, text in theirs.items()
        )
        return None if said else theirs

    def _run(self, run: Row, past: Sequence[Row]) -> RunRecord:
        """Return a run; one that is under way begins with the lesson that comes next."""
        row = _linked(run)
        had = {one["item"]: _when(one, run["started_at"]) for one in past}
        if had:
            row["counts_from"] = max(*had.values(), run["counts_from"] or run["started_at"])
            if run["status"] == "active":
                self._go_on(row, had)
        return RunRecord(**row)

    def _go_on(self, row: dict[str, Any], had: Mapping[str, datetime]) -> None:
        """Let a run begin behind the furthest lesson they had; at the end it is finished."""
        lessons = self.lessons.get(row["course"], ())
        stood = [number for number, lesson in enumerate(lessons) if lesson in had]
        if not stood:
            return
        ahead = lessons[max(stood) + 1 :]
        if ahead:
            row["begins_with"] = ahead[0]
        else:
            row |= {"status": "finished", "finished_at": row["counts_from"], "next_due": None}


def _travels(text: str) -> bool:
    """Tell whether a cell comes back as it is: without control characters, marks and the like."""
    return text.isprintable() and not UNDECODED.search(text) and clean(protect(text)) == text


def _shown(cell: str) -> str:
    """Return a cell without what no import takes; the record has it as it is."""
    if not cell.isprintable():
        cell = "".join(sign if sign.isprintable() else " " for sign in cell)
    return UNDECODED.sub("?", cell)


def _when(one: Row, started_at: datetime) -> datetime:
    at: datetime = one["accepted_at"] or one["first_sent_at"] or started_at
    return at


def _own(row: Row) -> dict[str, Any]:
    """Return the columns of a row without those that number it."""
    return {name: value for name, value in row.items() if name not in {"id", "subscriber_id"}}


def _linked(row: Row) -> dict[str, Any]:
    return {**_own(row), "link_id": row["link_id"].hex()}


def _stops(rows: Sequence[Row]) -> tuple[SuppressionRecord, ...]:
    names = SuppressionRecord.model_fields
    return tuple(SuppressionRecord(**{name: row[name] for name in names}) for row in rows)


def _exact(person: Row) -> Any:
    """Return fields whose cells would not come back as they are."""
    found: dict[str, Any] = {}
    if not _travels(person["name"]):
        found["name"] = person["name"]
    tags = person["tags"]
    if any(not tag or ";" in tag or tag != clean(tag) or not _travels(tag) for tag in tags):
        found["tags"] = tuple(tags)
    return found
