"""Limits a second and a day, as "when is the next slot"."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.pacing import SKEW, Budget, Rate, pause, remaining, take

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRESH = Budget()
ZERO = timedelta(0)
MOST = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def granted(budget: Budget, rate: Rate, now: datetime, *, calls: int = 1, items: int = 1) -> Budget:
    after, wait = take(budget, rate, calls=calls, items=items, now=now)
    assert wait == ZERO
    return after


def refused(
    budget: Budget, rate: Rate, now: datetime, *, calls: int = 1, items: int = 1
) -> timedelta:
    after, wait = take(budget, rate, calls=calls, items=items, now=now)
    assert after is budget
    assert wait > ZERO
    return wait


def test_without_limits_everything_is_granted_and_counted() -> None:
    budget = FRESH
    for _ in range(1000):
        budget = granted(budget, Rate(), NOW, items=100)
    assert budget.used_today == 100_000
    assert remaining(budget, Rate(), now=NOW) is None


def test_one_seconds_worth_goes_at_once_and_the_next_call_waits() -> None:
    rate, budget = Rate(per_second=5), FRESH
    for _ in range(5):
        budget = granted(budget, rate, NOW)
    assert refused(budget, rate, NOW) == timedelta(seconds=0.2)
    budget = granted(budget, rate, NOW + timedelta(seconds=0.2))
    assert refused(budget, rate, NOW + timedelta(seconds=0.3)) == timedelta(seconds=0.1)


def test_less_than_one_a_second_still_grants_the_first_call() -> None:
    rate = Rate(per_second=0.25)
    assert refused(granted(FRESH, rate, NOW), rate, NOW) == timedelta(seconds=4)


def test_an_idle_hour_saves_up_no_more_than_one_second() -> None:
    rate = Rate(per_second=2)
    budget = granted(FRESH, rate, NOW)
    later = NOW + timedelta(hours=1)
    budget = granted(granted(budget, rate, later), rate, later)
    assert refused(budget, rate, later) == timedelta(seconds=0.5)


def test_a_request_larger_than_the_bucket_is_granted_and_paid_back_afterwards() -> None:
    rate = Rate(per_second=2)
    budget = granted(FRESH, rate, NOW, calls=10)
    assert refused(budget, rate, NOW) == timedelta(seconds=4.5)


def test_items_count_against_the_utc_day() -> None:
    rate = Rate(per_day=100)
    budget = granted(FRESH, rate, NOW, items=60)
    assert remaining(budget, rate, now=NOW) == 40
    assert refused(budget, rate, NOW, items=41) == timedelta(hours=12)
    budget = granted(budget, rate, NOW, items=40)
    assert remaining(budget, rate, now=NOW) == 0
    tomorrow = NOW + timedelta(hours=12)
    assert remaining(budget, rate, now=tomorrow) == 100
    budget = granted(budget, rate, tomorrow, items=1)
    assert (budget.day, budget.used_today) == (date(2026, 3, 2), 1)


def test_more_items_than_a_day_allows_are_an_error_not_a_wait_for_ever() -> None:
    with pytest.raises(ValueError, match="never fit a limit of 100 a day"):
        take(FRESH, Rate(per_day=100), calls=1, items=101, now=NOW)


def test_a_pause_holds_everything_and_the_longer_one_is_kept() -> None:
    budget = pause(pause(FRESH, NOW + timedelta(minutes=5)), NOW + timedelta(minutes=1))
    assert refused(budget, Rate(), NOW) == timedelta(minutes=5)
    granted(budget, Rate(), NOW + timedelta(minutes=5))


def test_the_longest_of_the_waits_is_given() -> None:
    rate = Rate(per_second=1, per_day=1)
    budget = granted(FRESH, rate, NOW)
    assert refused(budget, rate, NOW) == timedelta(hours=12)
    assert refused(pause(budget, NOW + timedelta(days=2)), rate, NOW) == timedelta(days=2)


def test_a_worker_whose_clock_is_a_little_behind_gains_nothing_by_it() -> None:
    rate = Rate(per_second=1, per_day=10)
    ahead = datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)
    budget = granted(FRESH, rate, ahead, items=10)
    behind = ahead - timedelta(seconds=2)
    # Its second is not over before the other's is, and the new day stays used up.
    assert refused(budget, Rate(per_second=1), behind) == timedelta(seconds=3)
    assert remaining(budget, rate, now=behind) == 0
    assert refused(pause(FRESH, ahead), Rate(), behind) == timedelta(seconds=2)


def test_a_clock_that_stepped_back_does_not_stop_the_work() -> None:
    rate = Rate(per_second=2)
    budget = granted(FRESH, rate, NOW, calls=2)
    long_ago = NOW - timedelta(hours=1)
    budget = granted(budget, rate, long_ago, calls=2)
    assert refused(budget, rate, long_ago) == timedelta(seconds=0.5)


@pytest.mark.parametrize(
    "make", [lambda: Rate(per_second=0), lambda: Rate(per_second=-1), lambda: Rate(per_day=0)]
)
def test_a_limit_of_nothing_is_refused(make) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make()


@st.composite
def requests(draw: st.DrawFn) -> tuple[Rate, Budget, int, int]:
    rate = Rate(
        per_second=draw(st.none() | st.floats(0.01, 200)),
        per_day=draw(st.none() | st.integers(50, 10_000)),
    )
    budget = Budget(
        tokens=draw(st.floats(-50, 200)),
        updated_at=draw(st.none() | st.just(NOW) | st.just(NOW + SKEW)),
        day=draw(st.none() | st.just(NOW.date())),
        used_today=draw(st.integers(0, 10_000)),
        paused_until=draw(st.none() | st.just(NOW + timedelta(minutes=3))),
    )
    return rate, budget, draw(st.integers(1, 20)), draw(st.integers(0, 50))


@MOST
@given(requests())
def test_after_exactly_the_wait_the_same_request_is_granted_and_not_a_moment_before(case) -> None:
    rate, budget, calls, items = case
    after, wait = take(budget, rate, calls=calls, items=items, now=NOW)
    if wait == ZERO:
        return
    assert after is budget
    assert take(budget, rate, calls=calls, items=items, now=NOW + wait)[1] == ZERO
    early = NOW + wait * 0.99
    if wait > timedelta(milliseconds=10) and (budget.updated_at or NOW) == NOW:
        assert take(budget, rate, calls=calls, items=items, now=early)[1] > ZERO


def test_a_wait_is_never_short_by_a_rounding_of_the_arithmetic() -> None:
    """At 7.6 a second the 189th wait would be a microsecond short without the allowance for it."""
    for tenths in range(1, 100):
        rate, budget, now = Rate(per_second=tenths / 10), FRESH, NOW
        for _ in range(200):
            budget, wait = take(budget, rate, calls=1, items=0, now=now)
            if wait:
                now += wait
                budget = granted(budget, rate, now, items=0)


@MOST
@given(st.floats(0.1, 50), st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_no_stretch_of_time_sees_more_than_its_worth_and_one_bucket(per_second, gaps) -> None:
    rate, budget, now = Rate(per_second=per_second), FRESH, NOW
    calls = 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        after, wait = take(budget, rate, calls=1, items=0, now=now)
        calls += wait == ZERO
        budget = after
    seconds = (now - NOW).total_seconds()
    assert calls <= seconds * per_second + max(1.0, per_second) + 0.001
