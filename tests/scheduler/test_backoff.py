"""How long to wait before trying again."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.backoff import LONGEST_DELAY, retry_delay

FEW = settings(max_examples=200, derandomize=True, deadline=None, database=None)
DELAYS = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=2))


def test_delays_double_from_half_a_minute_to_an_hour() -> None:
    seconds = [retry_delay(attempt).total_seconds() for attempt in range(1, 10)]
    assert seconds == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@FEW
@given(st.integers(1, 10**9), DELAYS, DELAYS)
def test_a_delay_never_shrinks_and_never_passes_the_cap(attempt, first, cap) -> None:
    delay = retry_delay(attempt, first=first, cap=cap)
    assert delay <= retry_delay(attempt + 1, first=first, cap=cap) <= cap


def test_what_the_other_side_asks_for_wins_when_it_is_longer() -> None:
    assert retry_delay(1, retry_after=timedelta(minutes=5)) == timedelta(minutes=5)
    assert retry_delay(1, retry_after=timedelta(hours=5)) > LONGEST_DELAY
    assert retry_delay(5, retry_after=timedelta(seconds=1)) == timedelta(minutes=8)


def test_attempts_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        retry_delay(0)
