"""Somebody whom a provider refuses alone: another one is asked, and when both refuse it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from bypost.errors import Refused
from bypost.model.message import Key
from bypost.store import budgets
from bypost.store.schema import deliveries, subscribers
from bypost.testing.ending import Ending, Rule
from tests.delivery.pair import (
    accepted,
    add_people,
    add_second,
    everybody_has_it_once,
    mend,
    second,
)
from tests.delivery.stage import Stage, Theatre

KEY = Key(lifetime=timedelta(hours=24))
HOUR, DAY, NOW = timedelta(hours=1), timedelta(days=1), timedelta(0)
LAST = "p6@example.org"


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"), people=7, delays=("at once", "1 day"))


@pytest.fixture
def stage(theatre: Theatre, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Seven people; all in one request at the first provider, three at the second."""
    with theatre.stage(KEY, batch_size=getattr(request, "param", 10)) as opened:
        add_second(opened)
        yield opened


def refuses(name: str, *people: str) -> Rule:
    """Return a rule: a request with any of these people in it is refused; with nobody named, all.

    The words are a provider's own, with its name before them.
    """
    error = Refused(f"{name}: HTTP 422: somebody in it is wrong", status=422)
    no = Ending(accept=False, error=error)
    return lambda request: no if not people or set(people) & set(request.to) else None


def both_refuse(stage: Stage, *people: str) -> None:
    stage.provider.script.rule = refuses("simulated", *people)
    second(stage).script.rule = refuses("second", *people)


def failed(stage: Stage) -> dict[str, str]:
    """Return who failed, and why."""
    query = select(subscribers.c.email, deliveries.c.detail).join(
        deliveries, deliveries.c.subscriber_id == subscribers.c.id
    )
    with stage.context.store.read() as connection:
        rows = connection.execute(query.where(deliveries.c.state == "failed"))
        return {row.email: row.detail for row in rows}


def go_on(stage: Stage, times: int, wait: timedelta = HOUR) -> None:
    for _ in range(times):
        stage.run(patience=NOW)
        stage.clock.advance(wait)


@pytest.mark.parametrize("stage", [10, 1], indirect=True)
@pytest.mark.parametrize("person", ["p0@example.org", "p3@example.org"])
def test_whom_both_refuse_has_failed_with_the_words_of_both(stage: Stage, person: str) -> None:
    both_refuse(stage, person)
    go_on(stage, 4)
    said = "HTTP 422: somebody in it is wrong"
    assert failed(stage) == {person: f"second: {said} | simulated: {said}"}
    assert len(accepted(stage)) == 6
    assert set(accepted(stage).values()) == {1}
    assert not stage.refs("pending")


@pytest.mark.parametrize("stage", [1], indirect=True)
def test_who_is_refused_while_nobody_else_is_sent_to_waits_ever_longer(stage: Stage) -> None:
    both_refuse(stage, LAST)
    go_on(stage, 1)
    assert len(accepted(stage)) == 6
    for _ in range(2):
        mend(stage)
        go_on(stage, 60, timedelta(minutes=1))
    assert not failed(stage)
    assert len(stage.refs("pending")) == 1
    alone = [
        one
        for provider in (stage.provider, second(stage))
        for one in provider.requests
        if LAST in one.to
    ]
    assert len(alone) < 15


@pytest.mark.parametrize("stage", [1], indirect=True)
def test_the_first_one_is_asked_again_once_it_is_mended(stage: Stage) -> None:
    both_refuse(stage, LAST)
    go_on(stage, 1)
    mend(stage)
    stage.provider.script.rule = None
    go_on(stage, 3)
    everybody_has_it_once(stage)
    assert len(stage.provider.accepted) == 7


@pytest.mark.parametrize("stage", [1], indirect=True)
def test_it_is_over_when_the_first_one_has_gone_on_with_others(stage: Stage) -> None:
    both_refuse(stage, LAST)
    go_on(stage, 1)
    mend(stage)
    go_on(stage, 2)
    assert not failed(stage)
    add_people(stage)
    go_on(stage, 2)
    assert set(failed(stage)) == {LAST}
    assert {one.partition(":")[0] for one in failed(stage)[LAST].split(" | ")} == {
        "simulated",
        "second",
    }
    assert set(accepted(stage).values()) == {1}


@pytest.mark.parametrize("stage", [10, 1], indirect=True)
def test_while_both_refuse_everything_nobody_fails(stage: Stage) -> None:
    """What the second one took before it was last mended, and long after, clears nobody."""
    with stage.context.store.write() as connection:
        budgets.close_breaker(connection, "second", stage.clock.now())
        budgets.open_breaker(connection, "simulated", "stopped", stage.clock.now())
    stage.run()
    assert len(second(stage).accepted) == 7
    mend(stage)
    stage.clock.advance(DAY)
    both_refuse(stage)
    go_on(stage, 20)
    assert not failed(stage)
    assert len(stage.provider.requests) + len(second(stage).requests) < 40
    for provider in (stage.provider, second(stage)):
        provider.script.clear()
    mend(stage)
    go_on(stage, 3)
    everybody_has_it_once(stage)
