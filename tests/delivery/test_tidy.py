"""The pass removes what nobody confirmed, at most once an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery import notices, tidy
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.people import signup
from bypost.people.abuse import Rules
from bypost.people.wish import Wish
from bypost.store import signups, subscribers
from scheduler.clock import SimulatedClock
from tests.conftest import write_course

KEPT = timedelta(days=14)


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    write_course(empty_project)
    return open_context(empty_project)


def ask(context: Context, number: int) -> None:
    notify = notices.notifier(context)
    wish = Wish(email=f"a{number}@example.org", course="letters", form="f", wording="w")
    rules = Rules(settings=context.settings.signup, address_hash=context.address_hash)
    with context.store.write() as connection:
        signup.request(connection, wish, now=context.clock.now(), rules=rules, notify=notify)


def left(context: Context) -> tuple[int, int]:
    """Return how many people and how many requests there are."""
    with context.store.read() as connection:
        requests = [signups.of_subscriber(connection, number) for number in range(1, 9)]
        return subscribers.count(connection), sum(map(len, requests))


def test_a_pass_removes_requests_that_are_over_and_keeps_the_numbers(
    context: Context, clock: SimulatedClock
) -> None:
    ask(context, 1)
    Pass(context).run()
    clock.advance(KEPT)
    ask(context, 2)
    clock.advance(timedelta(seconds=1))
    report = Pass(context).run()
    assert left(context) == (1, 1)
    assert (report.total.owed, report.total.accepted) == (2, 2)


def test_it_is_looked_for_at_most_once_an_hour(context: Context, clock: SimulatedClock) -> None:
    ask(context, 1)
    Pass(context).run()
    clock.advance(KEPT - timedelta(minutes=30))
    assert tidy.tidy(context) == 0
    clock.advance(timedelta(minutes=31))
    assert tidy.tidy(context) == 0, "half an hour later"
    clock.advance(timedelta(minutes=29))
    assert tidy.tidy(context) == 1


def test_a_clock_set_back_does_not_keep_it_from_tidying(
    context: Context, clock: SimulatedClock
) -> None:
    ask(context, 1)
    Pass(context).run()
    clock.advance(timedelta(days=400))
    tidy.tidy(context)
    ask(context, 2)
    Pass(context).run()
    clock.step_back(timedelta(days=300))
    assert tidy.tidy(context) == 0
    clock.advance(timedelta(days=315))
    assert tidy.tidy(context) == 1


def test_more_than_a_transaction_holds_are_removed_in_one_go(
    context: Context, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "_CHUNK", 2)
    for number in range(5):
        ask(context, number)
    Pass(context).run()
    clock.advance(KEPT + timedelta(hours=1))
    assert tidy.tidy(context) == 5
    assert left(context) == (0, 0)
