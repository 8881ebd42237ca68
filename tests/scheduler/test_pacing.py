"""Limits a second and a day, as "when is the next slot"."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.pacing import (
    LONGEST_PAUSE,
    SKEW,
    SLOWEST_GROWTH,
    Budget,
    Ramp,
    Rate,
    pause,
    remaining,
    rewind,
    take,
)

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


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=400)], ids=str)
def test_a_budget_written_by_a_clock_that_was_ahead_is_read_as_a_right_clock_had_written_it(
    by: timedelta,
) -> None:
    rate = Rate(per_second=1, per_day=100)
    right = pause(granted(FRESH, rate, NOW, items=60), NOW + timedelta(minutes=5))
    ahead = pause(granted(FRESH, rate, NOW + by, items=60), NOW + by + timedelta(minutes=5))
    assert rewind(ahead, now=NOW) == right


def test_a_pause_longer_than_anybody_asks_for_is_cut_and_a_long_one_is_kept() -> None:
    assert rewind(pause(FRESH, NOW + LONGEST_PAUSE), now=NOW) == pause(FRESH, NOW + LONGEST_PAUSE)
    cut = rewind(pause(FRESH, NOW + LONGEST_PAUSE + SKEW), now=NOW)
    assert cut == pause(FRESH, NOW + timedelta(hours=1))


def test_a_budget_of_a_clock_that_is_right_or_a_little_ahead_stays_as_it_is() -> None:
    for at in (NOW - timedelta(days=1), NOW, NOW + SKEW):
        budget = pause(granted(FRESH, Rate(per_second=1), at), at + timedelta(hours=8))
        assert rewind(budget, now=NOW) == budget


def test_a_ramp_allows_half_as_much_again_each_day_until_the_daily_limit_takes_over() -> None:
    rate = Rate(per_day=200, ramp=Ramp(start=NOW.date(), first=50, growth=1.5))
    days = [NOW.date() + timedelta(days=number) for number in range(-1, 6)]
    assert [rate.limit_on(day) for day in days] == [50, 50, 75, 112, 168, 200, 200]


def test_a_ramp_holds_the_day_to_its_limit_and_the_next_day_allows_more() -> None:
    rate = Rate(ramp=Ramp(start=NOW.date(), first=50, growth=1.5))
    budget = granted(FRESH, rate, NOW, items=30)
    assert remaining(budget, rate, now=NOW) == 20
    assert refused(budget, rate, NOW, items=21) == timedelta(hours=12)
    assert remaining(budget, rate, now=NOW + timedelta(hours=12)) == 75


def test_a_request_larger_than_today_s_limit_waits_for_the_day_that_takes_it() -> None:
    rate = Rate(ramp=Ramp(start=NOW.date(), first=50, growth=1.5))
    assert refused(FRESH, rate, NOW, items=100) == timedelta(days=1, hours=12)
    later = Rate(ramp=Ramp(start=date(2999, 1, 1), first=50, growth=1.5))
    assert NOW + refused(FRESH, later, NOW, items=60) == datetime(2999, 1, 2, tzinfo=UTC)


def test_a_ramp_of_years_ago_limits_nothing() -> None:
    rate = Rate(ramp=Ramp(start=date(1970, 1, 1), first=1, growth=SLOWEST_GROWTH))
    assert rate.limit_on(NOW.date()) is None
    assert remaining(granted(FRESH, rate, NOW, items=1_000_000), rate, now=NOW) is None


def test_a_ramp_leaves_the_pace_within_a_second_as_it_is() -> None:
    plain = Rate(per_second=5)
    ramped = Rate(per_second=5, ramp=Ramp(start=NOW.date(), first=50, growth=2))
    one = other = FRESH
    for number in range(40):
        now = NOW + timedelta(milliseconds=70 * number)
        one, wait = take(one, plain, calls=1, items=1, now=now)
        assert take(other, ramped, calls=1, items=1, now=now) == (one, wait)
        other = one


@pytest.mark.parametrize(
    ("first", "growth"), [(0, 1.5), (50, 1), (50, 0.5), (50, float("inf")), (50, float("nan"))]
)
def test_a_ramp_that_allows_nothing_or_never_grows_is_refused(first: int, growth: float) -> None:
    with pytest.raises(ValueError, match="a ramp"):
        Ramp(start=NOW.date(), first=first, growth=growth)


@pytest.mark.parametrize(
    "make", [lambda: Rate(per_second=0), lambda: Rate(per_second=-1), lambda: Rate(per_day=0)]
)
def test_a_limit_of_nothing_is_refused(make) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make()


def ramps() -> st.SearchStrategy[Ramp]:
    return st.builds(
        Ramp,
        start=st.dates(NOW.date() - timedelta(days=400), NOW.date() + timedelta(days=40)),
        first=st.integers(1, 5_000),
        growth=st.floats(SLOWEST_GROWTH, 4),
    )


@MOST
@given(ramps(), st.integers(0, 3_000), st.none() | st.integers(1, 10_000))
def test_a_ramp_never_falls_from_one_day_to_the_next_and_never_passes_the_daily_limit(
    ramp: Ramp, days: int, per_day: int | None
) -> None:
    rate = Rate(per_day=per_day, ramp=ramp)
    day = ramp.start + timedelta(days=days - 30)
    today, tomorrow = rate.limit_on(day), rate.limit_on(day + timedelta(days=1))
    if tomorrow is not None:
        assert today is not None
        assert 1 <= today <= tomorrow
        assert tomorrow <= (per_day or tomorrow)
    if per_day is not None:
        assert today is not None


@MOST
@given(
    ramps(),
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 400)), min_size=1, max_size=40),
)
def test_no_utc_day_sees_more_items_than_its_limit(
    ramp: Ramp, asked: list[tuple[float, int]]
) -> None:
    rate, budget, now = Rate(per_day=5_000, ramp=ramp), FRESH, NOW
    sent: dict[date, int] = {}
    for hours, items in asked:
        now += timedelta(hours=hours)
        budget, wait = take(budget, rate, calls=1, items=items, now=now)
        if wait == ZERO:
            sent[now.date()] = sent.get(now.date(), 0) + items
    assert all(items <= (rate.limit_on(day) or 0) for day, items in sent.items())


@st.composite
def requests(draw: st.DrawFn) -> tuple[Rate, Budget, int, int]:
    rate = Rate(
        per_second=draw(st.none() | st.floats(0.01, 200)),
        per_day=draw(st.none() | st.integers(50, 10_000)),
        ramp=draw(st.none() | ramps()),
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
@given(requests(), st.timedeltas(timedelta(0), timedelta(days=500)))
def test_rewinding_makes_no_pause_longer_and_the_second_time_changes_nothing(case, back) -> None:
    _, budget, _, _ = case
    now = NOW - back
    once = rewind(budget, now=now)
    assert rewind(once, now=now) == once
    assert once.used_today == budget.used_today
    if budget.paused_until is not None:
        assert once.paused_until is not None
        assert once.paused_until <= min(budget.paused_until, now + LONGEST_PAUSE)


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
