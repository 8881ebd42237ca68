"""Taking an import back: what it did and nobody has built on since.

Nobody is brought back by that: whoever the file said had left stays away. And no mail is called
back: to whom one was owed stays, and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bypost.errors import ByPostError
from bypost.links import AddressHash
from bypost.people.undo_changes import take_back
from bypost.store import Connection, Row, Store, import_changes, imports, subscribers, suppressions

#: People a transaction takes.
#: Their numbers are looked at in bulk; each one that is restored is a statement of its own.
CHUNK, RESTORED = 500, 250
#: States of an import that can be taken back: one that broke off has done something as well.
OPEN = ("done", "failed", "running", "undoing")


@dataclass(slots=True)
class Undone:
    """What taking an import back did, or would do.

    Attributes:
        removed: People it had added.
        restored: Field -> people in whom it is again as it was.
        ended: Courses and newsletters it had begun, as ``course:NAME`` -> how often.
        stays: Why something stays as it is -> how often.
    """

    removed: int = 0
    restored: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    stays: Counter[str] = field(default_factory=Counter)

    def numbers(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "removed": self.removed,
            "restored": dict(sorted(self.restored.items())),
            "ended": dict(sorted(self.ended.items())),
            "stays": dict(sorted(self.stays.items())),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """Takes imports back.

    Attributes:
        dry: Write nothing, and tell what would be done.
        on_done: Told in the transaction that ends it, for the log.
        clock: What time it is while it runs: a sign of life; ``now`` stays that of its beginning.
    """

    store: Store
    address_hash: AddressHash
    dry: bool = False
    on_done: Callable[[Connection, Undone], None] | None = None
    clock: Callable[[], datetime] | None = None

    def run(self, import_id: int, *, by: str, now: datetime) -> Undone:
        """Take one import back, in chunks; one that breaks off can be continued.

        Args:
            by: Who asks for it, as the record says.

        Raises:
            ByPostError: if there is no such import, or it cannot be taken back (any more).
        """
        row = self._find(import_id, now)
        undone = Undone()
        after = 0
        while True:
            with self.store.read() if self.dry else self.store.write() as connection:
                chunk = import_changes.of_import(
                    connection, import_id, after_id=after, limit=RESTORED
                )
                changed = [one for one in chunk if one["what"] == "changed"]
                take_back(connection, row, changed, undone, dry=self.dry)
                self._note_life(connection, import_id)
            for one in chunk:
                if one["what"] == "added":
                    self._remove(row, one, undone)
            if len(chunk) < RESTORED:
                break
            after = chunk[-1]["id"]
        if not self.dry:
            with self.store.write() as connection:
                values = {"undone_at": now, "undone_by": by, "undone": undone.numbers()}
                imports.change(connection, import_id, state="undone", **values)
                if self.on_done is not None:
                    self.on_done(connection, undone)
        return undone

    def _find(self, import_id: int, now: datetime) -> Row:
        with self.store.read() as connection:
            row = imports.by_id(connection, import_id)
            kept = row is not None and import_changes.kept(connection, import_id)
        if row is not None and row["state"] == "undone":
            raise ByPostError(f"import {import_id} was taken back already")
        if row is None or row["state"] not in OPEN:
            raise ByPostError(f"there is no import {import_id} that was made")
        if row["state"] == "running" and is_alive(row, now):
            raise ByPostError(f"import {import_id} is under way; wait until it has ended")
        if not kept and row["state"] == "done" and row["summary"].get("added"):
            raise ByPostError(
                f"import {import_id} cannot be taken back any more: what it did is forgotten"
            )
        return row

    def _remove(self, row: Row, added: Row, undone: Undone) -> None:
        """Remove people that were added in one go, a chunk at a time."""
        first, last = int(added["first_id"]), int(added["last_id"])
        for start in range(first, last + 1, CHUNK):
            ids = range(start, min(start + CHUNK, last + 1))
            with self.store.read() if self.dry else self.store.write() as connection:
                self._remove_chunk(connection, row, ids, undone)
                self._note_life(connection, row["id"])

    def _note_life(self, connection: Connection, import_id: int) -> None:
        if self.clock is not None and not self.dry:
            imports.change(connection, import_id, seen_at=self.clock())

    def _remove_chunk(
        self, connection: Connection, row: Row, ids: Sequence[int], undone: Undone
    ) -> None:
        people = subscribers.by_ids(connection, ids)
        there = [number for number, one in people.items() if one["status"] != "erased"]
        if len(there) < len(people):
            undone.stays["erased since"] += len(people) - len(there)
        reasons: Mapping[str, set[int]] = {
            "mail was sent, or is on its way": import_changes.with_mail(connection, there),
            "are older than the import: it came from a complete export": {
                number for number in there if people[number]["created_at"] != row["at"]
            },
            "nothing is sent to them any more": self._muted(connection, people, there),
            "did something since": {
                *import_changes.acted(connection, there, row["at"]),
                *(number for number in there if people[number]["own_choice"]),
            },
            "changed by a later import": import_changes.changed_later(connection, row["id"], there),
        }
        staying: set[int] = set()
        for reason, found in reasons.items():
            if found - staying:
                undone.stays[reason] += len(found - staying)
            staying |= found
        going = [number for number in there if number not in staying]
        undone.removed += len(going)
        if going and not self.dry:
            import_changes.remove_people(connection, going)

    def _muted(
        self, connection: Connection, people: Mapping[int, Row], ids: Sequence[int]
    ) -> set[int]:
        hashes = {number: self.address_hash(people[number]["email_key"]) for number in ids}
        muted = suppressions.find(connection, list(hashes.values()))
        return {number for number, address in hashes.items() if address in muted}


#: How long an import is silent before it is taken for broken off, in seconds; a chunk takes less
#: than one.
SILENCE = 120


def is_alive(row: Row, now: datetime) -> bool:
    """Tell whether an import that runs has given a sign of life lately."""
    seen: datetime | None = row["seen_at"]
    return seen is not None and (now - seen).total_seconds() < SILENCE
