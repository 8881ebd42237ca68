"""A stage with a second provider, which takes over from the first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from bypost.model.message import Search, SendClass
from bypost.store import budgets, ledger
from bypost.testing.simulated import SimulatedProvider
from tests.delivery.stage import Stage

SEARCH = Search(lag=timedelta(minutes=1))


class Second(SimulatedProvider):
    name = "second"


def add_second(stage: Stage, send_class: SendClass = SEARCH) -> Second:
    """Put a second provider into the list; it takes three people a request."""
    second = Second(clock=stage.clock, send_class=send_class, batch_size=3)
    providers = {stage.provider.name: stage.provider, second.name: second}
    stage.context = replace(stage.context, providers=providers)
    return second


def second(stage: Stage) -> Second:
    found = stage.context.providers["second"]
    assert isinstance(found, Second)
    return found


def accepted(stage: Stage) -> Counter[str]:
    """Return how often each reference was accepted, by both of them."""
    return stage.provider.accepted + second(stage).accepted


def everybody_has_it_once(stage: Stage) -> None:
    assert accepted(stage) == Counter(stage.states().keys())
    assert set(stage.states().values()) == {"accepted"}


def mend(stage: Stage) -> None:
    """Close every breaker, as ``bypost resume`` does."""
    now = stage.clock.now()
    with stage.context.store.write() as connection:
        for name in budgets.breakers(connection):
            budgets.close_breaker(connection, name, now)
            ledger.wake_waiting(connection, name, now)


def add_people(stage: Stage) -> None:
    """Let two more people sign up."""
    path = stage.context.root / "subscribers.csv"
    before = path.read_text()
    path.write_text(f"{before}new1@example.org,New 1,UTC\nnew2@example.org,New 2,UTC\n")
    stage.run(patience=timedelta(0))
    path.write_text(before)
