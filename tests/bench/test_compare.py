"""What counts as worse than the figures that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.bench import compare
from tests.bench.figure import Figure

RATE = Figure(
    key="bodies.acme.json",
    what="acme: bodies",
    value=100_000,
    unit="people/s",
    ratio=10.0,
    to="json",
    low=9.0,
    high=11.0,
    runs=5,
)
COST = replace(RATE, key="end.ledger", unit="s", at_most=True)
MEMORY = Figure(
    key="end.memory",
    what="memory",
    value=100.0,
    unit="MB",
    low=99.0,
    high=101.0,
    runs=5,
    at_most=True,
)


def is_worse(known: Figure, **now: object) -> bool:
    (one,) = compare.compare([known], [replace(known, **now)])  # type: ignore[arg-type]
    return one.is_worse


@pytest.mark.parametrize(("ratio", "worse"), [(12.0, False), (7.6, False), (7.4, True)])
def test_a_ratio_is_worse_once_more_than_a_quarter_is_gone(ratio: float, worse: bool) -> None:
    assert is_worse(RATE, ratio=ratio) is worse


@pytest.mark.parametrize(("ratio", "worse"), [(8.0, False), (12.4, False), (12.6, True)])
def test_where_less_is_better_a_ratio_is_worse_above_a_quarter_more(
    ratio: float, worse: bool
) -> None:
    assert is_worse(COST, ratio=ratio) is worse


def test_what_was_as_low_in_a_round_that_is_kept_is_noise() -> None:
    assert not is_worse(replace(RATE, low=5.0), ratio=5.1)
    assert is_worse(replace(RATE, low=5.0), ratio=4.9)
    assert not is_worse(replace(COST, high=20.0), ratio=19.9)
    assert is_worse(replace(COST, high=20.0), ratio=20.1)


def test_a_single_round_that_is_kept_has_no_spread_to_hide_in() -> None:
    assert is_worse(replace(RATE, runs=1, low=0.0, high=0.0), ratio=7.0)
    assert is_worse(replace(MEMORY, runs=1, low=0.0, high=900.0), value=120.0)


@pytest.mark.parametrize(("value", "worse"), [(50.0, False), (114.0, False), (116.0, True)])
def test_memory_is_worse_above_15_percent_more(value: float, worse: bool) -> None:
    assert is_worse(MEMORY, value=value) is worse


@pytest.mark.parametrize("unit", ["people/s", "ms", "s", "µs a person", ""])
def test_seconds_and_rates_are_never_compared(unit: str) -> None:
    known = replace(MEMORY, unit=unit)
    assert not list(compare.compare([known], [replace(known, value=1_000_000.0)]))


def test_a_ratio_counts_and_not_the_value_beside_it() -> None:
    assert not is_worse(RATE, value=1.0)
    assert not is_worse(replace(MEMORY, ratio=1.0, low=1.0, high=1.1), value=10_000.0)


def test_a_figure_that_only_one_run_has_is_left_out() -> None:
    assert not list(compare.compare([RATE], [COST]))


def test_a_figure_whose_goal_was_turned_round_is_left_out() -> None:
    assert not list(compare.compare([RATE], [replace(RATE, at_most=True, ratio=0.1)]))


def test_the_table_marks_what_is_worse_and_nothing_else() -> None:
    known: Mapping[str, Figure] = {one.key: one for one in (RATE, COST)}
    found = [replace(RATE, ratio=1.0), replace(COST, ratio=1.0)]
    table = compare.shown(compare.compare(known.values(), found))
    cells = list(zip(*(column.cells for column in table.columns), strict=True))
    assert [(row[0], row[-1]) for row in cells] == [
        ("bodies.acme.json", "WORSE"),
        ("end.ledger", ""),
    ]
