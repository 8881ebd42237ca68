"""What came of some rounds of one send class."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.soak.books import Verdict
from tests.soak.plan import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of some rounds; two can be added.

    Attributes:
        crew: Kills, deaths, stops, and processes that ended by themselves.
        faults: By kind.
        told: Deliveries whose event was taken.
        unsettled: Rounds that did not come to an end in time.
    """

    verdict: Verdict
    rounds: int
    deliveries: int
    seconds: float
    requests: int
    crew: Counter[str]
    faults: Counter[str]
    told: int = 0
    unsettled: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            verdict=self.verdict + other.verdict,
            rounds=self.rounds + other.rounds,
            deliveries=self.deliveries + other.deliveries,
            seconds=self.seconds + other.seconds,
            requests=self.requests + other.requests,
            crew=self.crew + other.crew,
            faults=self.faults + other.faults,
            told=self.told + other.told,
            unsettled=self.unsettled + other.unsettled,
        )

    def broken(self, subject: Subject) -> list[str]:
        """Return what went wrong, each in a word or two."""
        found = self.verdict.broken(settles=subject.settles)
        found += ["ended by itself"] if self.crew["ended"] else []
        return found + (["unsettled"] if self.unsettled else [])
