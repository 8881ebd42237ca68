"""The ledger beside the provider's own log: what was promised, and what was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields

from sqlalchemy import select

from bypost.store import Store, counts, meta
from bypost.store.counts import Counts
from bypost.store.schema import batches, deliveries

#: State of a batch -> that of its deliveries without one of their own.
_SHARED = {"settled": "accepted", "unknown": "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the ledger says of one delivery."""

    ref: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the two agree; only the first five may be other than 0.

    Attributes:
        accepted: At the provider, each counted once.
        failed: In the ledger: refused one by one, or its address is not mailed any more.
        unknown: In the ledger.
        unknown_accepted: Of those, really accepted.
        unknown_told: Of those, an event was taken that tells.
        duplicates: Acceptances beyond one for each delivery.
        skipped: Neither accepted nor failed, cancelled or unknown in the ledger, or not there.
        believed: Accepted in the ledger, and the provider has it not.
        denied: Failed or cancelled in the ledger, and the provider has it.
        strange: At the provider and not in the ledger.
        miscounted: Numbers of the ledger's summary that its rows do not bear out.
    """

    accepted: int = 0
    failed: int = 0
    unknown: int = 0
    unknown_accepted: int = 0
    duplicates: int = 0
    skipped: int = 0
    believed: int = 0
    denied: int = 0
    strange: int = 0
    unknown_told: int = 0
    miscounted: int = 0
    examples: Sequence[str] = field(default=(), compare=False)

    def broken(self, *, settles: bool) -> list[str]:
        """Return the promises that were not kept.

        Args:
            settles: Nothing may be unknown either.
        """
        names = ["duplicates", "skipped", "believed", "denied", "strange", "unknown_told"]
        names += ["miscounted", *(["unknown"] if settles else [])]
        return [name for name in names if getattr(self, name)]

    def __add__(self, other: Verdict) -> Verdict:
        names = [one.name for one in fields(self) if one.name != "examples"]
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Verdict(**sums, examples=(*self.examples, *other.examples))


def summary(store: Store) -> Counts:
    """Return the ledger's own numbers."""
    with store.read() as connection:
        return counts.count(connection)


def rows(store: Store) -> list[Row]:
    """Return every delivery, one by one, as the ledger has it."""
    query = select(deliveries.c.id, deliveries.c.state, batches.c.state.label("shared")).join(
        batches, batches.c.id == deliveries.c.batch_id
    )
    with store.read() as connection:
        tag = meta.tag(connection)
        return [
            Row(ref=f"{tag}-{row.id}", state=row.state or _SHARED.get(row.shared, "pending"))
            for row in connection.execute(query)
        ]


def compare(
    ledger: Sequence[Row],
    told: Counts,
    accepted: Mapping[str, int],
    events: Collection[str],
    *,
    expected: int,
) -> Verdict:
    """Compare the ledger with what the provider took over.

    Args:
        ledger: Its rows.
        told: Its summary, as ``bypost status`` shows it.
        accepted: Reference -> how often, by the provider's log.
        events: References whose event was taken.
        expected: Deliveries that there must be.
    """
    states = Counter(row.state for row in ledger)
    has = {row.ref for row in ledger if accepted.get(row.ref)}
    wrong = {
        "skipped": [r.ref for r in ledger if r.ref not in has and r.state == "pending"],
        "believed": [r.ref for r in ledger if r.ref not in has and r.state == "accepted"],
        "denied": [r.ref for r in ledger if r.ref in has and r.state in {"failed", "cancelled"}],
        "duplicates": [ref for ref, times in accepted.items() if times > 1],
        "strange": list(accepted.keys() - {row.ref for row in ledger}),
        "unknown_told": [r.ref for r in ledger if r.state == "unknown" and r.ref in events],
    }
    numbers = {name: len(refs) for name, refs in wrong.items()}
    numbers["duplicates"] = sum(accepted.values()) - len(accepted)
    numbers["skipped"] += expected - len(ledger)
    shown = {name: getattr(told, name) for name in ("accepted", "failed", "cancelled", "unknown")}
    return Verdict(
        **numbers,
        accepted=len(accepted),
        failed=states["failed"] + states["cancelled"],
        unknown=states["unknown"],
        unknown_accepted=sum(r.state == "unknown" for r in ledger if r.ref in has),
        miscounted=sum(states[name] != number for name, number in shown.items())
        + (told.owed != len(ledger)),
        examples=[f"{name}: {', '.join(refs[:5])}" for name, refs in wrong.items() if refs],
    )
