"""Counting what the rows of an import do, outcome by outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bypost.people import erase
from bypost.people.csv_rows import BadRow, Row
from bypost.people.import_plan import Effect
from bypost.people.import_summary import Summary
from bypost.store import Connection, suppressions


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts into a summary.

    Attributes:
        connection: For asking why an address is refused.
    """

    summary: Summary
    connection: Connection

    def added(self, row: Row, begun: Sequence[str]) -> None:
        """Count a new person."""
        self.summary.added += 1
        for one in begun:
            self.summary.enrolled[one] += 1
        if self.summary.wants("added", row.line):
            self.summary.show("added", row.line, row.email, ", ".join(begun))

    def unchanged(self, row: Row) -> None:
        """Count a row that changes nothing."""
        self.summary.unchanged += 1
        self.summary.show("unchanged", row.line, row.email)

    def updated(self, row: Row, effect: Effect) -> None:
        """Count what a row does to somebody who is there."""
        told = self.summary
        if effect.changes:
            self._changed(row, effect)
        else:
            self.unchanged(row)
        if effect.kept:
            told.kept.update(effect.kept)
            told.show("kept", row.line, row.email, ", ".join(effect.kept))
        for reason in effect.refused:
            told.refused[reason] += 1
            told.show("refused", row.line, row.email, reason)

    def _changed(self, row: Row, effect: Effect) -> None:
        told = self.summary
        told.changed += 1
        told.enrolled.update(effect.begun)
        told.fields.update(effect.fields)
        if effect.ended:
            told.fields["ended"] += 1
        if told.wants("changed", row.line):
            what = [*effect.fields, *effect.begun, *(["ends everything"] if effect.ended else [])]
            told.show("changed", row.line, row.email, ", ".join(what))

    def refused(self, row: Row, address: bytes, reason: str) -> None:
        """Count a row for an address that nobody has and to which nothing is sent."""
        self.summary.reject(BadRow(row.line, f"the address is suppressed: {reason}"))
        because = self._because(address, reason)
        self.summary.refused[because] += 1
        self.summary.show("refused", row.line, row.email, because)

    def rejected(self, row: Row, reason: str) -> None:
        """Count a row that cannot be used here."""
        self.summary.spoiled += 1
        self.summary.reject(BadRow(row.line, reason))
        self.summary.show("bad_rows", row.line, row.email, reason)

    def stopped(self, row: Row, *, new: bool) -> None:
        """Count an address of which only the hash is left."""
        self.summary.changed += new
        self.summary.unchanged += not new
        self.summary.fields["suppression"] += new

    def _because(self, address: bytes, reason: str) -> str:
        """Tell those who were erased from those who left; both end with the same reason."""
        stands = suppressions.of_address(self.connection, address)
        return "erased" if any(one["detail"] == erase.BY for one in stands) else reason
