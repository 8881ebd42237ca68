"""Taking people up from a complete export: as they were, with all that tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from bypost.people.csv_rows import Row
from bypost.people.record import Record, SuppressionRecord
from bypost.store import (
    Connection,
    consents,
    enrollments,
    subscribers,
    subscriptions,
    suppressions,
)


@dataclass(slots=True)
class Records:
    """What complete rows add.

    Attributes:
        stops: Hash of an address with each thing that stands against it.
    """

    runs: list[dict[str, Any]] = field(default_factory=list)
    letters: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    stops: list[tuple[bytes, SuppressionRecord]] = field(default_factory=list)

    def write_people(self, connection: Connection) -> None:
        """Write the people themselves."""
        subscribers.add_all(connection, self.people)

    def write(self, connection: Connection) -> None:
        """Write what belongs to them, and what stands against addresses."""
        enrollments.add_all(connection, self.runs)
        subscriptions.add_all(connection, self.letters)
        consents.add_all(connection, self.consents)
        for address, one in self.stops:
            suppressions.add(
                connection,
                address,
                reason=one.reason,
                scope=one.scope,
                now=one.created_at,
                detail=one.detail,
            )

    def stop(self, address: bytes, stops: Sequence[SuppressionRecord]) -> None:
        """Plan what stands against an address."""
        self.stops += [(address, one) for one in stops]

    def person(self, subscriber_id: int, row: Row, address: bytes, *, now: datetime) -> None:
        """Plan a new person, and all that belongs to them."""
        record = row.record or Record()
        self.runs += [_linked(run, subscriber_id) for run in record.runs]
        self.letters += [_linked(letter, subscriber_id) for letter in record.letters]
        self.consents += [{**_row(one), "subscriber_id": subscriber_id} for one in record.consents]
        self.stop(address, record.suppressions)
        said = {name: cell for name, cell in row.attributes.items() if cell}
        person = {
            "id": subscriber_id,
            "email": row.email,
            "email_key": row.key,
            "name": record.exact.get("name", row.name),
            "time_zone": row.time_zone,
            "hour": record.hour,
            "status": record.status,
            "tags": list(record.exact.get("tags", row.tags)),
            "attributes": said if record.attributes is None else dict(record.attributes),
            "own_choice": list(record.own_choice),
            "csv_cells": _cells(record),
            "created_at": record.created_at or now,
            "confirmed_at": record.confirmed_at,
        }
        self.people.append(person)


def _cells(record: Record) -> dict[str, dict[str, str]] | None:
    if record.csv_cells is None:
        return None
    return {file: dict(cells) for file, cells in record.csv_cells.items()}


def _row(record: BaseModel) -> dict[str, Any]:
    """Return every column a record names, the empty ones too."""
    return {name: getattr(record, name) for name in type(record).model_fields}


def _linked(record: BaseModel, subscriber_id: int) -> dict[str, Any]:
    """Return the row of a membership; the links in mails sent before go on working."""
    row = _row(record)
    return {**row, "subscriber_id": subscriber_id, "link_id": bytes.fromhex(row["link_id"])}
