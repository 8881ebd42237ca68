"""What waited in its batch for longer than the lateness limit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import budgets, ledger
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock

Open = Callable[..., Context]
WRONG_KEY = {"BYPOST_PROVIDERS__RESEND__API_KEY": "wrong"}
BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def resume(context: Context) -> None:
    with context.store.write() as connection:
        budgets.close_breaker(connection, "resend", context.clock.now())
        ledger.wake_waiting(connection, "resend", context.clock.now())


def test_after_a_long_stop_a_lesson_comes_at_its_hour_and_not_in_the_night(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    assert Pass(context).run().total.accepted == 5  # the welcome, on Monday
    clock.advance_to(berlin("2026-11-24 09:00"))
    assert Pass(through_resend(**WRONG_KEY)).run().total.pending == 5
    clock.advance_to(berlin("2026-11-26 03:00"))
    resume(context)
    report = Pass(context).run()
    assert (report.this_pass.accepted, report.total.pending) == (0, 0)
    assert report.next_at == berlin("2026-11-26 09:00")
    clock.advance_to(berlin("2026-11-26 09:00"))
    assert Pass(context).run().total.accepted == 10
    assert set(resend.accepted.values()) == {1}


def test_within_the_limit_it_leaves_with_the_next_pass(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    Pass(context).run()
    clock.advance_to(berlin("2026-11-24 09:00"))
    Pass(through_resend(**WRONG_KEY)).run()
    clock.advance(timedelta(hours=20))
    resume(context)
    assert Pass(context).run().total.accepted == 10


def test_what_goes_out_at_once_goes_out_however_late(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    assert Pass(through_resend(**WRONG_KEY)).run().total.pending == 5
    clock.advance(timedelta(days=5, hours=17))
    resume(context)
    assert Pass(context).run().total.accepted == 5
    assert sorted(resend.accepted.values()) == [1] * 5
