"""Several providers: a batch moves while it is certain that nobody accepted a mail of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bypost.model.message import Events, Key, Nothing, SendClass
from bypost.store import budgets
from bypost.testing import ending
from bypost.testing.ending import Ending
from scheduler.pacing import Rate
from tests.delivery.pair import (
    SEARCH,
    accepted,
    add_people,
    add_second,
    everybody_has_it_once,
    mend,
    second,
)
from tests.delivery.stage import A_WHILE, Stage, Theatre, crash_at

KEY = Key(lifetime=timedelta(hours=24))
CLASSES: list[SendClass] = [KEY, SEARCH, Events(), Nothing()]
NOW = timedelta(0)
DOWN = [ending.not_sent, ending.throttled, lambda: ending.throttled(None)]


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"), people=7, delays=("at once", "1 day"))


@pytest.fixture
def stage(theatre: Theatre, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Seven people; batches of ten at the first provider, of three at the second."""
    with theatre.stage(getattr(request, "param", KEY)) as opened:
        add_second(opened)
        yield opened


def test_the_first_takes_all_while_it_can(stage: Stage) -> None:
    stage.run()
    assert len(stage.provider.accepted) == 7
    assert not second(stage).requests


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_refusal_of_the_whole_request_moves_it_in_the_same_pass(
    stage: Stage, status: int
) -> None:
    stage.provider.script.add(ending.refused(status))
    report = stage.run(patience=NOW)
    assert [len(request.refs) for request in second(stage).requests] == [3, 3, 1]
    assert "simulated" in report.blocked
    everybody_has_it_once(stage)


def test_what_is_owed_later_goes_past_a_stopped_provider(stage: Stage) -> None:
    stage.provider.script.add(ending.refused(401))
    stage.run(patience=NOW)
    stage.clock.advance(timedelta(days=1))
    stage.run(patience=NOW)
    assert len(second(stage).accepted) == 14
    assert len(stage.provider.requests) == 1


def test_once_it_is_mended_the_first_takes_what_is_owed_next(stage: Stage) -> None:
    stage.provider.script.add(ending.refused(401))
    stage.run(patience=NOW)
    stage.resume()
    stage.clock.advance(timedelta(days=1))
    stage.run(patience=NOW)
    assert (len(stage.provider.accepted), len(second(stage).accepted)) == (7, 7)


@pytest.mark.parametrize("send_class", CLASSES, ids=repr)
@pytest.mark.parametrize("took_it", [True, False])
def test_a_batch_whose_answer_was_lost_never_moves(
    theatre: Theatre, send_class: SendClass, took_it: bool
) -> None:
    with theatre.stage(send_class) as stage:
        add_second(stage)
        stage.provider.script.add(ending.lost(accepted=took_it))
        stage.provider.script.rule = lambda request: ending.refused(401)
        for _ in range(4):
            stage.run()
            stage.clock.advance(A_WHILE)
        lost = set(stage.provider.requests[0].refs)
        if send_class != SEARCH:  # which may learn that it was not accepted
            assert not lost & {ref for one in second(stage).requests for ref in one.refs}
        assert max(accepted(stage).values(), default=1) == 1


def test_a_refusal_after_a_lost_answer_does_not_move_it_either(stage: Stage) -> None:
    stage.provider.script.add(ending.lost(accepted=True), ending.refused(401))
    stage.run()
    assert len(stage.provider.requests) == 2
    assert not second(stage).requests
    assert stage.batch(1)["ambiguous"]


def test_a_batch_in_doubt_holds_nobody_else_up(stage: Stage) -> None:
    stage.provider.script.add(ending.lost(accepted=True), ending.refused(401))
    stage.run()
    stage.clock.advance(timedelta(hours=1))
    add_people(stage)
    stage.run(patience=NOW)
    assert second(stage).accepted
    assert stage.batch(1)["ambiguous"]
    assert max(accepted(stage).values()) == 1


def test_a_process_that_dies_before_the_answer_leaves_the_batch_where_it_is(stage: Stage) -> None:
    with crash_at("intended"):
        stage.survive()
    with stage.context.store.write() as connection:
        budgets.open_breaker(connection, "simulated", "stopped", stage.clock.now())
    stage.clock.advance(A_WHILE)
    stage.run()
    assert not second(stage).requests
    assert len(stage.refs("accepted")) == 0


def test_one_that_dies_before_it_hands_over_lets_the_batch_move(stage: Stage) -> None:
    with crash_at("leased"):
        stage.survive()
    with stage.context.store.write() as connection:
        budgets.open_breaker(connection, "simulated", "stopped", stage.clock.now())
    stage.clock.advance(A_WHILE)
    stage.run()
    assert len(second(stage).accepted) == 7
    everybody_has_it_once(stage)


def test_a_long_pause_moves_what_waits_and_a_short_one_does_not(stage: Stage) -> None:
    stage.provider.script.add(ending.throttled(timedelta(seconds=20)))
    stage.run()
    assert not second(stage).requests
    everybody_has_it_once(stage)
    stage.clock.advance(timedelta(days=1))
    stage.provider.script.add(ending.throttled(timedelta(hours=5)))
    for _ in range(2):
        stage.run(patience=timedelta(seconds=40))
        stage.clock.advance(timedelta(minutes=1))
    assert len(second(stage).accepted) == 7
    everybody_has_it_once(stage)


def test_a_budget_that_is_used_up_for_the_day_lets_the_next_one_go_on(theatre: Theatre) -> None:
    with theatre.stage(KEY, batch_size=5) as stage:
        add_second(stage)
        stage.context = replace(stage.context, rates={"simulated": Rate(per_day=5)})
        stage.run(patience=NOW)
        assert (len(stage.provider.accepted), len(second(stage).accepted)) == (5, 2)
        everybody_has_it_once(stage)


@pytest.mark.parametrize("trouble", DOWN)
def test_a_provider_that_takes_nothing_is_left_out_for_a_while_and_tried_again(
    stage: Stage, trouble: ending.Ending
) -> None:
    stage.provider.script.rule = lambda request: trouble()
    for _ in range(8):
        stage.run(patience=timedelta(minutes=2))
        stage.clock.advance(timedelta(seconds=5))
    assert len(second(stage).accepted) == 7
    assert 3 <= len(stage.provider.requests) <= 8
    everybody_has_it_once(stage)
    stage.provider.script.rule = None
    stage.clock.advance(timedelta(days=1))
    stage.run()
    assert len(stage.provider.accepted) == 7
    everybody_has_it_once(stage)


def test_when_nobody_takes_mail_it_waits_and_nothing_is_lost(stage: Stage) -> None:
    stage.provider.script.add(ending.refused(401))
    second(stage).script.add(ending.refused(401))
    report = stage.run(patience=NOW)
    assert set(report.blocked) == {"simulated", "second"}
    assert not accepted(stage)
    stage.resume()
    stage.clock.advance(timedelta(minutes=10))
    stage.run()
    everybody_has_it_once(stage)


def test_two_that_are_down_do_not_pass_a_batch_back_and_forth_in_one_pass(stage: Stage) -> None:
    for provider in (stage.provider, second(stage)):
        provider.script.rule = lambda request: ending.not_sent()
    for _ in range(6):
        stage.run(patience=timedelta(minutes=2))
    assert len(stage.provider.requests) + len(second(stage).requests) < 60
    for provider in (stage.provider, second(stage)):
        provider.script.rule = None
    stage.clock.advance(timedelta(hours=2))
    stage.run()
    everybody_has_it_once(stage)


def test_another_provider_in_the_settings_takes_over_in_the_middle_of_a_course(
    theatre: Theatre,
) -> None:
    with theatre.stage(KEY) as stage:
        stage.run()
        new = add_second(stage)
        stage.context = replace(stage.context, providers={new.name: new})
        stage.clock.advance(timedelta(days=1))
        stage.run()
        assert (len(stage.provider.accepted), len(new.accepted)) == (7, 7)
        assert max((stage.provider.accepted + new.accepted).values()) == 1


_ENDINGS: list[Ending | None] = [
    None,
    ending.lost(accepted=True),
    ending.lost(accepted=False),
    ending.late(timedelta(minutes=2)),
    ending.not_sent(),
    ending.throttled(timedelta(hours=1)),
    ending.throttled(None),
    ending.refused(401),
    ending.refused(422),
    ending.some_refused(0),
    ending.some_retried(1),
]


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
@given(
    st.lists(st.sampled_from(_ENDINGS), max_size=8),
    st.lists(st.sampled_from(_ENDINGS), max_size=8),
    st.sampled_from(CLASSES),
    st.sampled_from(CLASSES),
)
def test_whatever_the_two_answer_nobody_has_a_mail_twice(
    theatre: Theatre,
    one: list[Ending | None],
    other: list[Ending | None],
    first_class: SendClass,
    second_class: SendClass,
) -> None:
    with theatre.stage(first_class, batch_size=4) as stage:
        two = add_second(stage, second_class)
        stage.provider.script.add(*one)
        two.script.add(*other)
        for _ in range(5):
            stage.run()
            stage.clock.advance(A_WHILE)
            mend(stage)
        doubtful = stage.refs("unknown") | stage.refs("failed") | stage.refs("pending")
        taken = accepted(stage)
        assert max(taken.values(), default=1) == 1
        assert set(stage.states()) - doubtful <= set(taken)


@pytest.mark.parametrize("send_class", CLASSES, ids=repr)
def test_what_a_provider_may_have_accepted_stays_with_it_when_it_is_taken_out(
    theatre: Theatre, send_class: SendClass
) -> None:
    with theatre.stage(send_class, batch_size=4) as stage:
        lost = ending.lost(accepted=True)
        stage.provider.script.rule = lambda request: lost if not request.number else None
        stage.run(patience=NOW)
        doubtful = set(stage.provider.requests[0].refs)
        new = add_second(stage)
        stage.context = replace(stage.context, providers={new.name: new})
        for _ in range(4):
            stage.run()
            stage.clock.advance(A_WHILE)
        assert stage.refs("unknown") == doubtful
        assert not doubtful & set(new.accepted)
        assert max((stage.provider.accepted + new.accepted).values()) == 1


def test_what_the_former_provider_let_wait_leaves_at_once_through_the_new_one(
    theatre: Theatre,
) -> None:
    with theatre.stage(KEY) as stage:
        stage.provider.script.add(ending.throttled(timedelta(hours=5)))
        stage.run()
        new = add_second(stage)
        stage.context = replace(stage.context, providers={new.name: new})
        stage.run(patience=NOW)
        assert len(new.accepted) == 7


def test_a_pace_that_outlasts_a_failed_batch_is_waited_for_in_one_go(theatre: Theatre) -> None:
    with theatre.stage(KEY, batch_size=4) as stage:
        stage.provider.script.add(ending.not_sent(), ending.throttled(timedelta(seconds=40)))
        stage.run()
        assert len(stage.provider.accepted) == 7
        assert len(stage.provider.requests) == 4
