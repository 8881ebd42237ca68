"""What an import did, or would do: counts per outcome, with some examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from bypost.people.csv_rows import BadRow

#: Bad rows kept for the summary, the first ones of the file.
_KEPT = 1000
#: Examples kept of each outcome.
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Example:
    """A row that shows an outcome. Not for logs: it names a person."""

    line: int
    email: str
    words: str


@dataclass(slots=True)
class Summary:
    """What an import did; rows = added + changed + unchanged + rejected.

    Attributes:
        enrolled: Courses and newsletters begun, as ``course:NAME`` -> how often.
        fields: Field -> people in whom it changed; ``status`` among them.
        kept: Field -> people in whom it stays, because they set it themselves.
        refused: Why nobody is brought back -> rows that asked for it.
        spoiled: Rejected rows that can be mended; the others name who is not taken up.
        examples: Outcome -> some rows.
        dialect: Whose export it is; empty: our own columns.
        import_id: Its number; None where nothing was written.
        quarantine: Where the rows that can be mended were set aside; empty: nowhere.
    """

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: bool = False
    bad: list[BadRow] = field(default_factory=list)
    notes: list[BadRow] = field(default_factory=list)
    enrolled: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    spoiled: int = 0
    examples: dict[str, list[Example]] = field(default_factory=dict)
    dialect: str = ""
    lacks: str = ""
    import_id: int | None = None
    quarantine: str = ""

    def numbers(self) -> dict[str, int]:
        """Return the counts alone."""
        names = ("rows", "added", "changed", "unchanged", "rejected")
        return {name: getattr(self, name) for name in names}

    def outcomes(self) -> dict[str, Any]:
        """Return the counts of every outcome, in an order of their own."""
        return {
            **self.numbers(),
            "bad_rows": self.spoiled,
            "enrolled": _sorted(self.enrolled),
            "fields": _sorted(self.fields),
            "kept": _sorted(self.kept),
            "refused": _sorted(self.refused),
        }

    def reject(self, bad: BadRow) -> None:
        """Count a row that was left out."""
        self.rejected += 1
        _keep(self.bad, BadRow(bad.line, bad.reason))

    def remark(self, notes: list[tuple[int, str]]) -> None:
        """Keep remarks on rows."""
        for line, note in notes:
            _keep(self.notes, BadRow(line, note))

    def settle(self) -> None:
        """Put what was kept in the order of the file, in which it was not taken up."""
        _first(self.bad)
        _first(self.notes)

    def show(self, outcome: str, line: int, email: str, words: str = "") -> None:
        """Keep a row as an example of an outcome; the first ones of the file stay."""
        if self.wants(outcome, line):
            shown = self.examples.setdefault(outcome, [])
            shown.append(Example(line, email, words))
            shown.sort(key=attrgetter("line"))
            del shown[EXAMPLES:]

    def wants(self, outcome: str, line: int) -> bool:
        """Tell whether a row would be kept as an example."""
        shown = self.examples.get(outcome)
        return shown is None or len(shown) < EXAMPLES or line < shown[-1].line


def _keep(rows: list[BadRow], row: BadRow) -> None:
    rows.append(row)
    if len(rows) >= 2 * _KEPT:
        _first(rows)


def _first(rows: list[BadRow]) -> None:
    """Leave those which stand first in the file, in its order."""
    rows.sort(key=attrgetter("line"))
    del rows[_KEPT:]


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts)}
