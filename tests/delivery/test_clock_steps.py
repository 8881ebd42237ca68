"""A clock that was set back holds nothing up for longer than a lease, and sends nothing twice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from bypost.delivery import claim, clock_step, intent, record
from bypost.delivery.claim import Claim, Done, Later
from bypost.delivery.context import Context
from bypost.delivery.deliver import deliver
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import publish
from bypost.delivery.run import Pass, importer
from bypost.store import Row, budgets, ledger
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from scheduler.pacing import Budget

Open = Callable[..., Context]
HOUR = timedelta(hours=1)
NONE = timedelta(0)


def owe(context: Context) -> list[int]:
    """Import and owe, send nothing; return the batches."""
    published = publish(context, context.clock.now())
    importer(context, published).run(context.root / "subscribers.csv", now=context.clock.now())
    owe_lessons(context, published.shapes)
    with context.store.read() as connection:
        return ledger.ready(connection, context.clock.now(), limit=100)


def batch(context: Context, batch_id: int) -> Row:
    with context.store.read() as connection:
        row = ledger.batch(connection, batch_id)
    assert row is not None
    return row


def change(context: Context, batch_id: int, **values: Any) -> None:
    """Write to a batch as an earlier pass might have left it."""
    with context.store.write() as connection:
        fence = batch(context, batch_id)["fence"]
        assert ledger.update_fenced(connection, batch_id, fence, values)


def take(context: Context, batch_id: int) -> Claim:
    """Take the lease, as a worker that then dies or stands still."""
    taken = claim.take(context, batch_id)
    assert isinstance(taken, Claim)
    return taken


def test_a_clock_that_goes_on_as_it_should_is_not_remarked_on(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend()
    assert clock_step.notice(context) == ""
    take(context, owe(context)[0])
    assert clock_step.notice(context) == ""
    Pass(context, patience=NONE).run()
    clock.advance(timedelta(days=3))
    assert clock_step.notice(context) == ""


def test_a_clock_that_is_adjusted_by_less_than_a_minute_is_not_remarked_on(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend()
    taken = take(context, owe(context)[0])
    intent.commit(context, context.provider, taken)
    clock.step_back(timedelta(seconds=59))
    assert clock_step.notice(context) == ""


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (timedelta(minutes=12), "about 12 min"),
        (HOUR, "about 1 h"),
        (timedelta(hours=30), "about 30 h"),
        (timedelta(days=365), "about 365 days"),
    ],
    ids=lambda value: str(value),
)
def test_a_step_back_is_told_and_logged_once(
    through_resend: Open,
    clock: SimulatedClock,
    caplog: pytest.LogCaptureFixture,
    by: timedelta,
    words: str,
) -> None:
    context = through_resend()
    Pass(context).run()
    clock.step_back(by)
    with caplog.at_level(logging.WARNING, logger=clock_step.__name__):
        said = clock_step.notice(context)
        assert f"the clock was set back by {words} (the newest attempt is of 20" in said
        clock.advance(timedelta(seconds=5))
        assert [clock_step.notice(context) for _ in range(3)] == [""] * 3
    assert [one.getMessage() for one in caplog.records] == [said]


def test_a_lease_ahead_alone_is_told_as_what_it_may_be(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend()
    take(context, owe(context)[0])
    clock.step_back(timedelta(minutes=8))
    said = clock_step.notice(context)
    assert "a lease or a wait lasts about 8 min too long" in said
    assert clock_step.notice(context) == ""


def test_a_second_step_back_is_told_again(through_resend: Open, clock: SimulatedClock) -> None:
    context = through_resend()
    first, second, third = owe(context)
    deliver(context, first)
    clock.step_back(HOUR)
    assert clock_step.notice(context)
    deliver(context, second)
    assert clock_step.notice(context) == ""
    clock.advance(2 * HOUR)
    deliver(context, third)
    for _ in range(2):  # the second time without an attempt in between
        clock.step_back(HOUR)
        assert clock_step.notice(context)
        assert clock_step.notice(context) == ""


@pytest.mark.parametrize("by", [timedelta(minutes=5), HOUR, timedelta(days=400)], ids=str)
def test_after_a_step_back_everything_goes_on_within_a_lease_and_nobody_twice(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock, by: timedelta
) -> None:
    """One worker died over an intent that was accepted, one under a lease; one came to nothing."""
    context = through_resend()
    first, second, _ = owe(context)
    died = take(context, first)
    request = intent.commit(context, context.provider, died)
    assert request is not None
    context.provider.send(request.body, count=len(request.ids), key=request.key)
    take(context, second)
    clock.step_back(by)
    clock_step.notice(context)
    clock.advance(context.lease + timedelta(seconds=1))
    report = Pass(context, patience=NONE).run()
    assert (report.total.accepted, report.total.pending) == (5, 0)
    assert sorted(resend.accepted.values()) == [1] * 5


def test_without_the_notice_the_lease_would_last_as_long_as_the_step(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    take(context, first)
    clock.step_back(HOUR)
    clock.advance(context.lease + timedelta(seconds=1))
    assert isinstance(deliver(context, first), Later)


def test_a_live_owner_keeps_its_lease_and_records_its_answer(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    owner = take(context, first)
    request = intent.commit(context, context.provider, owner)
    assert request is not None
    clock.step_back(HOUR)
    assert clock_step.notice(context)
    assert batch(context, first)["lease_until"] == clock.now() + context.lease
    clock.advance(context.lease - timedelta(seconds=1))
    assert isinstance(deliver(context, first), Later)
    results = context.provider.send(request.body, count=len(request.ids), key=request.key)
    record.answer(context, owner, request, results)
    assert batch(context, first)["state"] == "settled"
    assert sorted(resend.accepted.values()) == [1, 1]


def test_an_owner_that_stood_still_is_fenced_out_and_sends_nothing_new(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    owner = take(context, first)
    clock.step_back(HOUR)
    clock_step.notice(context)
    clock.advance(context.lease + timedelta(seconds=1))
    assert deliver(context, first) == Done()
    assert context.clock.elapsed() - owner.started > context.lease.total_seconds() / 2
    assert intent.commit(context, context.provider, owner) is None
    assert sorted(resend.accepted.values()) == [1, 1]


def test_a_failed_batch_waits_no_longer_than_the_longest_retry(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first, second, _ = owe(context)
    resend.script.add(fault.error(503, accept=False), fault.error(503, accept=False))
    deliver(context, first)
    deliver(context, second)
    clock.step_back(timedelta(minutes=20))
    soon = batch(context, second)["next_try"]
    change(context, first, next_try=clock.now() + 3 * HOUR)
    assert clock_step.notice(context)
    assert batch(context, first)["next_try"] == clock.now() + HOUR
    assert batch(context, second)["next_try"] == soon


def test_the_question_about_an_unknown_batch_comes_one_quiet_period_from_now(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend()
    first, second, third = owe(context)
    near = clock.now()
    deliver(context, third)
    change(context, first, state="unknown", next_try=clock.now() + context.quiet)
    change(context, second, state="unknown", next_try=near)
    clock.step_back(timedelta(hours=3))
    assert clock_step.notice(context)
    assert batch(context, first)["next_try"] == clock.now() + context.quiet
    assert batch(context, second)["next_try"] == clock.now() + context.quiet
    before = [batch(context, one)["next_try"] for one in (first, second)]
    clock.advance(timedelta(minutes=1))
    clock_step.notice(context)
    assert [batch(context, one)["next_try"] for one in (first, second)] == before


def test_the_lifetime_of_a_key_is_counted_from_the_right_instant(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    """First sent 16 hours ago by the clock that was ahead; it was so by the right one as well."""
    context = through_resend()
    first, second, _ = owe(context)
    resend.script.add(fault.reset(accept=True))
    deliver(context, first)
    clock.advance(timedelta(hours=16))
    deliver(context, second)
    clock.step_back(timedelta(days=30))
    assert batch(context, first)["first_sent_at"] > clock.now()
    clock_step.notice(context)
    assert batch(context, first)["first_sent_at"] == clock.now() - timedelta(hours=16)
    settled = batch(context, second)
    assert settled["first_sent_at"] == settled["accepted_at"] > clock.now()


@pytest.fixture
def paced(through_resend: Open, clock: SimulatedClock) -> Callable[[Budget], Budget]:
    """Return a function that leaves a budget behind, steps back by a day, and returns it mended."""

    def mended(budget: Budget) -> Budget:
        context = through_resend()
        deliver(context, owe(context)[0])
        with context.store.write() as connection:
            budgets.save(connection, "resend", budget)
        clock.step_back(timedelta(days=1))
        assert clock_step.notice(context)
        with context.store.read() as connection:
            return budgets.load(connection, "resend")[0]

    return mended


def test_a_pause_ends_when_it_would_have_and_the_day_s_use_still_counts(
    paced: Callable[[Budget], Budget], clock: SimulatedClock
) -> None:
    ahead = clock.now()
    budget = paced(
        Budget(
            tokens=0.5,
            updated_at=ahead,
            day=ahead.date(),
            used_today=70,
            paused_until=ahead + timedelta(minutes=3),
        )
    )
    now = clock.now()
    assert budget.paused_until == now + timedelta(minutes=3)
    assert (budget.day, budget.used_today) == (date(2026, 11, 22), 70)
    assert (budget.tokens, budget.updated_at) == (0.5, now)


def test_a_pause_that_nothing_dates_is_cut_where_nobody_asks_for_so_long(
    paced: Callable[[Budget], Budget], clock: SimulatedClock
) -> None:
    ahead = clock.now()
    assert paced(Budget(paused_until=ahead + HOUR)).paused_until == clock.now() + HOUR


def test_a_budget_that_was_not_written_ahead_stays_as_it_is(
    paced: Callable[[Budget], Budget], clock: SimulatedClock
) -> None:
    past = clock.now() - timedelta(days=2)
    budget = Budget(
        tokens=1.5,
        updated_at=past,
        day=past.date(),
        used_today=3,
        paused_until=past + timedelta(days=1, hours=20),
    )
    assert paced(budget) == budget


def test_what_a_clock_ahead_owed_and_nobody_tried_is_not_left_waiting(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend()
    clock.advance(timedelta(days=400))
    owe(context)
    clock.step_back(timedelta(days=400))
    report = Pass(context, csv=False).run()
    assert report.total.accepted == 5
    assert "the clock was set back" in " ".join(report.troubles)
    assert not Pass(context, csv=False).run().troubles
