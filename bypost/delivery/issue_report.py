"""How far an issue is, and what became of it: progress while it goes out, a report afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bypost.delivery.context import Context
from bypost.store import Connection, budgets, daily, issue_report, issues
from bypost.store.daily import Kind

#: The rate is that of so many minutes.
_LATELY = timedelta(minutes=5)
#: What is heard of an issue later than this counts for the day, and no more for the issue.
_HEARD = timedelta(days=90)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The people whose issue fell due at one instant.

    Attributes:
        zones: Their zones; empty for one instant for all.
        held: A cap keeps it back from them until ``at``.
    """

    at: datetime
    zones: tuple[str, ...]
    held: bool
    owed: int
    accepted: int
    failed: int
    cancelled: int
    unknown: int

    @property
    def pending(self) -> int:
        """Return how many are still to be sent to."""
        return self.owed - self.accepted - self.failed - self.cancelled - self.unknown

    @property
    def share(self) -> float:
        """Return how much of it is settled, from 0 to 1."""
        return 1 - self.pending / self.owed if self.owed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an issue is.

    Attributes:
        per_minute: Mails accepted in a minute, of the last five.
        left: How long what is owed takes at that rate; None where nobody knows.
        stopped: Why its provider is stopped; empty: it is not.
    """

    parts: tuple[Part, ...]
    per_minute: float
    left: timedelta | None
    stopped: str

    @property
    def owed(self) -> int:
        """Return how many are owed it so far."""
        return sum(part.owed for part in self.parts)

    @property
    def accepted(self) -> int:
        """Return how many have it."""
        return sum(part.accepted for part in self.parts)

    @property
    def pending(self) -> int:
        """Return how many are still to be sent to, of those who are owed it."""
        return sum(part.pending for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape for ``--json``."""
        return {
            "per_minute": round(self.per_minute, 1),
            "seconds_left": None if self.left is None else round(self.left.total_seconds()),
            "stopped": self.stopped,
            "parts": [{**asdict(part), "pending": part.pending} for part in self.parts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was heard of an issue after it was accepted.

    Attributes:
        left: Left the newsletter while this was the last issue they had.
    """

    delivered: int
    bounced: int
    complained: int
    left: int


def progress(context: Context, connection: Connection, newsletter: str, item: str) -> Progress:
    """Return how far an issue is."""
    now = context.clock.now()
    instants: dict[datetime, list[str]] = {}
    for zone, at in _settled(connection, newsletter, item):
        instants.setdefault(at, []).append(zone)
    parts = [
        Part(
            at=row["due_at"],
            zones=tuple(sorted(instants.get(row["due_at"], ()))),
            held=bool(row["held"]),
            **{name: int(row[name]) for name in _NUMBERS},
        )
        for row in issue_report.by_instant(connection, item)
    ]
    lately = issue_report.accepted_since(connection, item, now - _LATELY)
    rate = lately / (_LATELY.total_seconds() / 60)
    waiting = sum(part.pending for part in parts if not part.held)
    name = context.provider.name
    return Progress(
        parts=tuple(parts),
        per_minute=rate,
        left=_time_left(waiting, rate),
        stopped=budgets.load(connection, name)[1],
    )


def _time_left(waiting: int, rate: float) -> timedelta | None:
    """Return how long sending takes at a rate; None where there is none."""
    if not waiting:
        return timedelta(0)
    if not rate:
        return None
    return timedelta(minutes=waiting / rate)


def _settled(connection: Connection, newsletter: str, item: str) -> Sequence[tuple[str, datetime]]:
    """Return the zones that were looked at, each with the instant it had."""
    known = issues.find(connection, newsletter, item.partition("/")[2])
    if known is None:
        return []
    return issues.zone_instants(connection, known["id"])


def told(connection: Connection, newsletter: str, item: str, since: datetime) -> Told:
    """Return what was heard of an issue since it went out; from the daily counts."""
    kinds = [Kind.DELIVERED, Kind.BOUNCED, Kind.COMPLAINED, Kind.LEFT]
    rows = daily.sums(
        connection,
        kinds=kinds,
        by=("kind",),
        collection=daily.newsletter(newsletter),
        item=item,
        since=daily.day_of(since - timedelta(days=31)),  # an old day is the first of its month
        until=daily.day_of(since + _HEARD),
    )
    found = {row["kind"]: int(row["number"]) for row in rows}
    return Told(**{kind.value: found.get(kind.value, 0) for kind in kinds})


def by_hour(connection: Connection, item: str) -> list[tuple[datetime, int]]:
    """Return how many were accepted in each hour, from the first to the last; at most a week."""
    found: Counter[datetime] = Counter()
    for at, number in issue_report.acceptances(connection, item):
        found[at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)] += number
    if not found:
        return []
    first, last = min(found), max(found)
    hours = min(int((last - first) / _HOUR) + 1, 24 * 7)
    return [(first + _HOUR * n, found[first + _HOUR * n]) for n in range(hours)]


_NUMBERS = ("owed", "accepted", "failed", "cancelled", "unknown")
