"""A database without a project around it, for taking up CSV files and looking at the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bypost.links import AddressHash
from bypost.people import erase, export, leave
from bypost.people.csv_rows import Known
from bypost.people.import_csv import Importer, Summary
from bypost.store import (
    Store,
    consents,
    enrollments,
    imports,
    subscribers,
    subscriptions,
    suppressions,
)
from bypost.store.schema import metadata

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEADER = "email,name,time_zone,tags,status,consent_note,courses,newsletters"


@dataclass
class Desk:
    """Takes files up and tells what stands in the database afterwards."""

    folder: Path
    store: Store
    now: datetime = NOON
    courses: tuple[str, ...] = ("alpha",)
    newsletters: tuple[str, ...] = ()
    known_courses: tuple[str, ...] = ("alpha", "beta")
    known_newsletters: tuple[str, ...] = ("gazette",)
    address_hash: AddressHash = field(default_factory=lambda: AddressHash("a key for tests"))

    @property
    def file(self) -> Path:
        return self.folder / "subscribers.csv"

    def importer(self) -> Importer:
        return Importer(
            store=self.store,
            address_hash=self.address_hash,
            known=Known(frozenset(self.known_courses), frozenset(self.known_newsletters)),
            courses=self.courses,
            newsletters=self.newsletters,
        )

    def sync(self, text: str | bytes, *, file: str = "subscribers.csv") -> Summary:
        """Write a file and take it up, an hour after the last one."""
        self.now += timedelta(hours=1)
        path = self.folder / file
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.importer().run(path, now=self.now)

    def rows(self, *rows: str, header: str = HEADER) -> Summary:
        return self.sync("\n".join((header, *rows)) + "\n")

    def person(self, email: str = "ana@example.org") -> Any:
        with self.store.read() as connection:
            return subscribers.by_keys(connection, [email]).get(email)

    def on(self, email: str = "ana@example.org") -> dict[str, str]:
        """Return the state of each course and newsletter of a person."""
        person = self.person(email)
        if person is None:
            return {}
        with self.store.read() as connection:
            runs = enrollments.of_subscribers(connection, [person["id"]])
            letters = subscriptions.of_subscribers(connection, [person["id"]])
        found = {f"course:{run['course']}": run["status"] for run in runs}
        return found | {f"newsletter:{row['newsletter']}": row["status"] for row in letters}

    def runs(self, email: str = "ana@example.org") -> Any:
        with self.store.read() as connection:
            return enrollments.of_subscribers(connection, [self.person(email)["id"]])

    def consents(self, email: str = "ana@example.org") -> Any:
        with self.store.read() as connection:
            return consents.of_subscriber(connection, self.person(email)["id"])

    def count(self) -> int:
        with self.store.read() as connection:
            return subscribers.count(connection)

    def imported(self) -> Any:
        with self.store.read() as connection:
            return imports.latest(connection, "subscribers.csv")

    def suppress(self, reason: str, email: str = "ana@example.org") -> None:
        with self.store.write() as connection:
            suppressions.add(connection, self.address_hash(email), reason=reason, now=self.now)

    def suppressed(self, email: str = "ana@example.org") -> str:
        """Return why nothing is sent to an address; empty if nothing stands against it."""
        address = self.address_hash(email)
        with self.store.read() as connection:
            return suppressions.find(connection, [address]).get(address, "")

    def erase(self, email: str = "ana@example.org") -> None:
        with self.store.write() as connection:
            person = subscribers.by_keys(connection, [email])[email]
            erase.erase(connection, person, self.address_hash, now=self.now)

    def dump(self) -> dict[str, list[Any]]:
        """Return every row of every table."""
        with self.store.read() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(table.select())))
                for table in metadata.tables.values()
            }

    def leave(self, name: str, email: str = "ana@example.org") -> None:
        """Leave one course or newsletter, as with the link in a mail."""
        with self.store.write() as connection:
            person = subscribers.by_keys(connection, [email])[email]
            rows = [
                *enrollments.of_subscribers(connection, [person["id"]]),
                *subscriptions.of_subscribers(connection, [person["id"]]),
            ]
            link = next(
                row["link_id"] for row in rows if name in (row.get("course"), row.get("newsletter"))
            )
            member = leave.find(connection, link)
            assert member is not None
            leave.leave(connection, member, by="one-click", now=self.now)

    def leave_everything(self, email: str = "ana@example.org") -> None:
        with self.store.write() as connection:
            person = subscribers.by_keys(connection, [email])[email]
            leave.leave_everything(
                connection, person["id"], self.address_hash, by="page", now=self.now
            )

    def change(self, **values: Any) -> None:
        with self.store.write() as connection:
            person = subscribers.by_keys(connection, ["ana@example.org"])["ana@example.org"]
            subscribers.change(connection, person["id"], values)

    def change_of(self, number: int, **values: Any) -> None:
        with self.store.write() as connection:
            subscribers.change(connection, number, values)

    def everybody(self) -> dict[str, Any]:
        """Return all people by address, with what a CSV can say about them."""
        with self.store.read() as connection:
            people = list(subscribers.every(connection))
        return {
            person["email_key"]: {
                **{key: person[key] for key in ("email", "name", "time_zone", "status", "tags")},
                "attributes": {k: v for k, v in person["attributes"].items() if v},
                "on": self.on(person["email_key"]),
            }
            for person in people
        }

    def export(self) -> list[list[str]]:
        with self.store.read() as connection:
            names = export.attribute_columns(connection)
            rows = export.rows(
                connection, names, address_hash=self.address_hash, newsletters=self.newsletters
            )
            return [export.header(names), *rows]
