"""The result as a Markdown table: a column for each send class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from tests.soak.outcome import Outcome
from tests.soak.plan import SUBJECTS

_ROWS: Mapping[str, Callable[[Outcome], str]] = {
    "deliveries": lambda o: f"{o.deliveries:,}",
    "duration": lambda o: f"{o.seconds / 60:.1f} min",
    "requests": lambda o: f"{o.requests:,}",
    "faults": lambda o: f"{o.faults.total():,}",
    "killed from outside": lambda o: f"{o.crew['killed']:,}",
    "killed at a step": lambda o: f"{o.crew['died']:,}",
    "stopped past the lease": lambda o: f"{o.crew['stopped']:,}",
    "deliveries told of by an event": lambda o: f"{o.told:,}",
    "accepted by the provider": lambda o: f"{o.verdict.accepted:,}",
    "failed (refused address)": lambda o: f"{o.verdict.failed:,}",
    "**duplicates**": lambda o: f"**{o.verdict.duplicates:,}**",
    "**skipped silently**": lambda o: f"**{o.verdict.skipped:,}**",
    "accepted in the ledger only": lambda o: f"{o.verdict.believed:,}",
    "accepted, and failed in the ledger": lambda o: f"{o.verdict.denied:,}",
    "unknown at the end": lambda o: f"{o.verdict.unknown:,}",
    "of them really accepted": lambda o: f"{o.verdict.unknown_accepted:,}",
}


def markdown(outcomes: Mapping[str, Outcome]) -> str:
    """Return the table."""
    names = [name for name in SUBJECTS if name in outcomes]
    lines = [["", *names], ["---", *["---:"] * len(names)]]
    lines += [[label, *(cell(outcomes[name]) for name in names)] for label, cell in _ROWS.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def faults(outcomes: Mapping[str, Outcome]) -> str:
    """Return the faults of all classes by kind, in one line."""
    total = sum((outcome.faults for outcome in outcomes.values()), start=Counter())
    return ", ".join(f"{count:,} {kind}" for kind, count in total.most_common())
