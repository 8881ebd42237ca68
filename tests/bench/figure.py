"""One measured figure, as the report prints it and as a later run is compared with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured, and its ratio to a floor or a peer of the same run.

    Attributes:
        key: Stable name for comparing runs, e.g. ``bodies.sendgrid.orjson``.
        what: In words, for the report.
        value: The median, in ``unit``.
        unit: E.g. ``people/s``, ``ms``, ``MB``.
        ratio: To the floor or peer; None where the value itself is compared with a goal.
        to: What the ratio is to, in words; empty without one.
        low, high: Least and most of the ratio (of the value, without a ratio) over the runs.
        runs: How many.
        goal: What the ratio (or value) has to reach; None without a goal.
        at_most: The goal is a ceiling, not a floor; so is the comparison with a later run.
        note: What a reader has to know of the method; may be empty.
    """

    key: str
    what: str
    value: float
    unit: str
    ratio: float | None = None
    to: str = ""
    low: float = 0.0
    high: float = 0.0
    runs: int = 1
    goal: float | None = None
    at_most: bool = False
    note: str = ""
