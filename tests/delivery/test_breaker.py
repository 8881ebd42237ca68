"""The breaker by share: bounces or complaints among the mails just accepted stop a provider."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery import events
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.model.event import EventKind
from bypost.store import budgets, ledger
from scheduler.clock import SimulatedClock
from tests.delivery.desk import add_people, mails, owe_lesson, put, told

Open = Callable[..., Context]
B, C = EventKind.BOUNCED, EventKind.COMPLAINED


@pytest.fixture
def context(empty_project: Path, open_context: Open) -> Context:
    return open_context(empty_project)


def accept(context: Context, number: int, **values: Any) -> list[int]:
    """Let Resend accept so many mails now; return them."""
    with context.store.write() as connection:
        batch = owe_lesson(connection, add_people(connection, number))
        put(connection, batch, "settled", **{"accepted_at": context.clock.now(), **values})
        return mails(connection, batch)


def hear(context: Context, kind: EventKind, which: Sequence[int], provider: str = "resend") -> None:
    events.take(context, provider, [told(context, kind, number) for number in which])


def stopped(context: Context) -> str:
    """Return why Resend is stopped; empty if it is not."""
    with context.store.read() as connection:
        return budgets.breakers(connection).get("resend", "")


def resume(context: Context) -> None:
    with context.store.write() as connection:
        budgets.close_breaker(connection, "resend", context.clock.now())


@pytest.mark.parametrize(
    ("accepted", "kind", "events_told", "reason"),
    [
        (110, B, 6, "6 hard bounces among 110 mails accepted in 24 h: 5.5 %, the limit is 5 %"),
        (100, B, 5, "5 hard bounces among 100 mails accepted in 24 h: 5 %, the limit is 5 %"),
        (120, B, 5, ""),
        (99, B, 50, ""),
        (100, C, 4, ""),
        (100, C, 5, "5 complaints among 100 mails accepted in 24 h: 5 %, the limit is 0.3 %"),
    ],
    ids=["over", "at the limit", "under", "too few accepted", "too few events", "complaints"],
)
def test_a_provider_is_stopped_by_share_and_never_by_few(
    context: Context, accepted: int, kind: EventKind, events_told: int, reason: str
) -> None:
    taken = accept(context, accepted)
    hear(context, kind, taken[:events_told])
    assert stopped(context) == reason


def test_a_share_is_written_in_words_of_any_size(context: Context) -> None:
    taken = accept(context, 10, accepted=1500)
    hear(context, C, taken[:5])
    assert stopped(context) == (
        "5 complaints among 1,500 mails accepted in 24 h: 0.33 %, the limit is 0.3 %"
    )


def test_the_limits_are_the_operators(empty_project: Path, open_context: Open) -> None:
    limits = {"BOUNCE_SHARE": "0.5", "ACCEPTED": "4", "EVENTS": "2", "HOURS": "0.5"}
    context = open_context(
        empty_project, {f"BYPOST_SENDING__BREAKER_{name}": value for name, value in limits.items()}
    )
    taken = accept(context, 4)
    hear(context, B, taken[:1])
    assert stopped(context) == ""
    hear(context, B, taken[1:2])
    assert stopped(context) == (
        "2 hard bounces among 4 mails accepted in 0.5 h: 50 %, the limit is 50 %"
    )


def test_a_mail_that_bounces_often_counts_once(context: Context) -> None:
    taken = accept(context, 100)
    for _ in range(5):
        hear(context, B, taken[:4])
    assert stopped(context) == ""


def test_bounces_and_complaints_are_not_added_up(context: Context) -> None:
    taken = accept(context, 100)
    hear(context, B, taken[:4])
    hear(context, C, taken[4:8])
    assert stopped(context) == ""


def test_other_providers_go_on(context: Context) -> None:
    taken = accept(context, 100)
    hear(context, B, taken[:50], provider="postmark")
    with context.store.read() as connection:
        assert budgets.breakers(connection) == {}


@pytest.mark.parametrize("kind", [EventKind.SOFT_BOUNCED, EventKind.REJECTED, EventKind.OTHER])
def test_other_events_never_stop_a_provider(context: Context, kind: EventKind) -> None:
    taken = accept(context, 100)
    hear(context, kind, taken)
    assert stopped(context) == ""


def test_only_mails_accepted_within_the_hours_are_counted(
    context: Context, clock: SimulatedClock
) -> None:
    before = accept(context, 100)
    clock.advance(timedelta(hours=25))
    taken = accept(context, 100)
    hear(context, B, before)
    assert stopped(context) == "", "bounces of mails of the day before"
    hear(context, B, taken[:5])
    assert stopped(context).startswith("5 hard bounces among 100 mails")


def test_after_resume_only_what_comes_later_counts(context: Context, clock: SimulatedClock) -> None:
    taken = accept(context, 100)
    hear(context, B, taken[:10])
    assert stopped(context)
    clock.advance(timedelta(hours=1))
    resume(context)
    hear(context, B, taken[10:30])
    assert stopped(context) == "", "late bounces of what was sent before"
    clock.advance(timedelta(minutes=1))
    new = accept(context, 100)
    hear(context, B, new[:4])
    assert stopped(context) == ""
    hear(context, B, new[4:5])
    assert stopped(context) == (
        "5 hard bounces among 100 mails accepted since it was resumed: 5 %, the limit is 5 %"
    )


def test_a_resume_long_ago_does_not_widen_the_hours(
    context: Context, clock: SimulatedClock
) -> None:
    resume(context)
    accept(context, 1000)
    clock.advance(timedelta(hours=25))
    hear(context, B, accept(context, 100)[:5])
    assert "among 100 mails accepted in 24 h" in stopped(context)


def test_the_reason_of_a_breaker_that_is_open_already_stays(context: Context) -> None:
    with context.store.write() as connection:
        budgets.open_breaker(connection, "resend", "HTTP 401", context.clock.now())
    hear(context, B, accept(context, 100)[:50])
    assert stopped(context) == "HTTP 401"


def test_stopping_is_logged_once_without_an_address(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        taken = accept(context, 100)
        hear(context, B, taken[:7])
        hear(context, B, taken[7:9])
    (line,) = [record for record in caplog.records if record.name == "bypost.delivery.breaker"]
    assert line.levelname == "WARNING"
    assert line.getMessage().startswith("resend is stopped: 7 hard bounces among 100 mails")
    assert "@" not in caplog.text


def test_nothing_is_sent_through_a_stopped_provider_until_it_is_resumed(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend(
        BYPOST_SENDING__BREAKER_ACCEPTED="5", BYPOST_SENDING__BREAKER_EVENTS="1"
    )
    assert Pass(context).run().total.accepted == 5
    hear(context, B, [1])
    clock.advance(timedelta(days=1))
    report = Pass(context).run()
    assert (report.this_pass.accepted, report.total.pending) == (0, 4)
    assert report.blocked["resend"].startswith("1 hard bounce among 5 mails")
    resume(context)
    with context.store.write() as connection:
        ledger.wake_waiting(connection, "resend", clock.now())
    assert Pass(context).run().this_pass.accepted == 4
