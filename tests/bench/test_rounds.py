"""What a figure says of its rounds."""

from __future__ import annotations

import itertools

import pytest

from tests.bench import rounds


def test_a_ratio_is_of_one_round_and_the_figure_has_the_median_of_them() -> None:
    # The machine was ten times as slow in the second round, for both sides.
    found = rounds.compared("k", "w", "people/s", [200.0, 20.0, 330.0], [100.0, 10.0, 110.0], "it")
    assert (found.ratio, found.low, found.high) == (2.0, 2.0, 3.0)
    assert (found.value, found.runs) == (200.0, 3)


def test_without_another_side_the_spread_is_that_of_the_value() -> None:
    found = rounds.measured("k", "w", "ms", [3.0, 1.0, 2.0])
    assert (found.value, found.low, found.high, found.runs) == (2.0, 1.0, 3.0, 3)
    assert found.ratio is None


def test_sides_with_different_numbers_of_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        rounds.compared("k", "w", "ms", [1.0, 2.0], [1.0], "it")


def test_within_a_round_the_sides_take_turns() -> None:
    numbers = itertools.count(1.0)
    assert rounds.taken_in_turns([lambda: next(numbers)] * 2, 3) == [
        (1.0, 3.0, 5.0),
        (2.0, 4.0, 6.0),
    ]


def test_work_is_done_until_its_time_is_over_and_told_how_often_before() -> None:
    seconds = iter([0.0, 1.0, 2.0, 3.0, 3.0])
    told: list[int] = []
    assert rounds.per_second(told.append, 3.0, clock=lambda: next(seconds)) == 1.0
    assert told == [0, 1, 2]


def test_work_that_takes_longer_than_that_is_done_once() -> None:
    seconds = iter([0.0, 10.0, 10.0])
    assert rounds.per_second(lambda _: None, 3.0, clock=lambda: next(seconds)) == 0.1
