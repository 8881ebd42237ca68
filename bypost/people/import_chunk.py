"""What the rows of one transaction change in whom they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.links import AddressHash
from bypost.people import changes
from bypost.people.csv_rows import Row
from bypost.people.import_plan import Memberships, Plan, Wanted, memberships
from bypost.people.import_summary import Summary
from bypost.people.import_tally import Tally
from bypost.people.record import key_mark
from bypost.store import Connection, known_people, subscribers, suppressions

_ON_NOTHING = Memberships()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Plans for the rows of one file, some at a time.

    Attributes:
        usual: What blank cells mean.
        begins_with: Course -> the lesson with which who is put on it now begins.
        note: The statement of consent for rows that have none of their own.
        file: Names the file whose cells are compared next time; empty: none.
    """

    address_hash: AddressHash
    usual: Wanted
    begins_with: Mapping[str, str]
    note: str
    file: str
    now: datetime

    def hashes(self, rows: Sequence[Row]) -> list[bytes]:
        """Return the keyed hash of each row's address."""
        return [self._address(row) for row in rows]

    def plan(
        self,
        connection: Connection,
        rows: Sequence[Row],
        hashes: Sequence[bytes],
        summary: Summary,
    ) -> Plan:
        """Return what rows change, and count it.

        Args:
            hashes: As :meth:`hashes` returned them.
        """
        people = known_people.by_keys(connection, [row.key for row in rows])
        known = memberships(connection, [person["id"] for person in people.values()])
        muted = suppressions.find(connection, known_people.with_stops(connection, hashes))
        plan = Plan(
            now=self.now,
            first_id=subscribers.next_id(connection),
            begins_with=self.begins_with,
            note=self.note,
        )
        tally = Tally(summary, connection)
        for row, address in zip(rows, hashes, strict=True):
            person = people.get(row.key)
            reason = muted.get(address, "")
            if row.record is not None and row.record.address:
                self._stop(plan, tally, row, address, known=bool(reason))
            elif person is not None:
                theirs = known.get(person["id"], _ON_NOTHING)
                self._update(plan, tally, row, person, theirs, reason, address)
            elif reason:
                tally.refused(row, address, reason)
            else:
                begun = changes.add(plan, row, self._wanted(row), self.file, address)
                tally.added(row, begun)
        summary.remark(plan.notes)
        return plan

    def _update(
        self,
        plan: Plan,
        tally: Tally,
        row: Row,
        person: changes.Record,
        known: Memberships,
        reason: str,
        address: bytes,
    ) -> None:
        """Plan what a row changes in somebody who is there."""
        wanted = self._wanted(row)
        if row.record is not None:
            plan.records.stop(address, row.record.suppressions)
        if changes.says_nothing_new(row, person, known, wanted, file=self.file, suppressed=reason):
            tally.unchanged(row)
            return
        effect = changes.update(
            plan,
            row,
            person,
            known,
            wanted,
            file=self.file,
            suppressed=reason,
            address=address,
        )
        tally.updated(row, effect)

    def _stop(self, plan: Plan, tally: Tally, row: Row, address: bytes, *, known: bool) -> None:
        """Plan what stands against an address of which only the hash is left."""
        record = row.record
        if record is None or record.key != key_mark(self.address_hash):
            tally.rejected(row, "this hash was made with another key; take var/secret.key along")
            return
        plan.records.stop(address, record.suppressions)
        tally.stopped(row, new=not known)

    def _address(self, row: Row) -> bytes:
        """Return the keyed hash of a row's address; of one that nobody has, the hash it brings."""
        if row.record is not None and row.record.address:
            return bytes.fromhex(row.record.address)
        return self.address_hash(row.key)

    def _wanted(self, row: Row) -> Wanted:
        """Return what a row asks for, blank cells filled in."""
        if row.courses is None and row.newsletters is None:
            return self.usual
        return Wanted(
            courses=self.usual.courses if row.courses is None else row.courses,
            newsletters=self.usual.newsletters if row.newsletters is None else row.newsletters,
        )
