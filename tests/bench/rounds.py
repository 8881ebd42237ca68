"""Rounds of a measurement, and the figures that come of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

from tests.bench.figure import Figure

ROUNDS = 5


def per_second(
    work: Callable[[int], object],
    seconds: float = 0.2,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return how often ``work`` is done in a second, of the processor by default.

    Args:
        work: Is told how often it was done before.
        seconds: How long it is done over and over; once at least.
    """
    count, start = 0, clock()
    while not count or clock() - start < seconds:
        work(count)
        count += 1
    return count / (clock() - start)


def taken_in_turns(
    ways: Sequence[Callable[[], float]], rounds: int = ROUNDS
) -> list[tuple[float, ...]]:
    """Return for each way what every round measured; within a round the ways follow each other.

    So that a machine which is slower for a minute is slower for all of them.
    """
    found = [tuple([way() for way in ways]) for _ in range(rounds)]
    return list(zip(*found, strict=True))


def measured(
    key: str,
    what: str,
    unit: str,
    values: Sequence[float],
    *,
    goal: float | None = None,
    at_most: bool = False,
    note: str = "",
) -> Figure:
    """Return the median of some rounds."""
    return Figure(
        key=key,
        what=what,
        value=statistics.median(values),
        unit=unit,
        low=min(values),
        high=max(values),
        runs=len(values),
        goal=goal,
        at_most=at_most,
        note=note,
    )


def compared(
    key: str,
    what: str,
    unit: str,
    values: Sequence[float],
    to: Sequence[float],
    words: str,
    *,
    goal: float | None = None,
    at_most: bool = False,
    note: str = "",
) -> Figure:
    """Return the median of some rounds, and of its ratios to what the same rounds measured.

    Args:
        to: Of the other side, round by round.
        words: What the other side is.
    """
    ratios = [one / other for one, other in zip(values, to, strict=True)]
    return Figure(
        key=key,
        what=what,
        value=statistics.median(values),
        unit=unit,
        ratio=statistics.median(ratios),
        to=words,
        low=min(ratios),
        high=max(ratios),
        runs=len(ratios),
        goal=goal,
        at_most=at_most,
        note=note,
    )
