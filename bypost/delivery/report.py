"""What a pass did, for people and for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bypost.errors import Problem
from bypost.people.import_csv import Summary
from bypost.store.counts import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One pass.

    Attributes:
        total: Over the whole ledger.
        this_pass: What this pass changed.
        imported: What the CSV brought; None where there is none.
        held: Folders that send nothing, and why.
        waiting: Course -> how many changes of its structure wait for ``bypost apply``.
        archived: Issues that fell due too long ago to be sent, as ``newsletter/issue``.
        troubles: What went wrong while sending, in plain words.
        blocked: Provider -> why it is stopped.
        unknown: Deliveries nobody knows the fate of: ref, email, content.
        next_at: When something falls due next, as far as is known.
    """

    total: Counts
    this_pass: Counts
    imported: Summary | None = None
    held: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    archived: Sequence[str] = ()
    troubles: Sequence[str] = ()
    blocked: Mapping[str, str] = field(default_factory=dict)
    unknown: Sequence[Mapping[str, str]] = ()
    next_at: datetime | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 if all went well, 1 if something failed or is unknown, 2 for broken content.

        A row of the CSV that was left out counts as failed, once: in the pass that read it.
        """
        if self.held:
            return 2
        rejected = self.imported.rejected if self.imported else 0
        failed = (self.this_pass.failed, self.total.unknown, self.troubles, self.blocked, rejected)
        return 1 if any(failed) else 0

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape of ``--json`` (docs/commands.md)."""
        return {
            **asdict(self.total),
            "this_pass": asdict(self.this_pass),
            "unknown_deliveries": [dict(one) for one in self.unknown],
            "held": {
                folder: [asdict(problem) for problem in problems]
                for folder, problems in self.held.items()
            },
            "waiting_changes": dict(self.waiting),
            "troubles": list(self.troubles),
            "blocked": dict(self.blocked),
            "imported": self.imported.numbers() if self.imported else None,
            "rejected_rows": [asdict(b) for b in self.imported.bad] if self.imported else [],
            "archived": list(self.archived),
            "next_at": self.next_at.isoformat() if self.next_at else None,
        }
