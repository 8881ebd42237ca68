"""How many mails one request carries, and what is left over goes in one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bypost.model.message import Events, Key, Nothing, Search, SendClass
from bypost.testing import ending
from tests.delivery.stage import Stage, Theatre

WITHOUT_KEY = [Search(lag=timedelta(minutes=1)), Events(), Nothing()]
KEY = Key(lifetime=timedelta(hours=24))


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    """Seven people, one lesson."""
    return Theatre(tmp_path_factory.mktemp("theatre"), people=7, delays=("at once",))


@pytest.fixture
def stage(theatre: Theatre) -> Iterator[Stage]:
    with theatre.stage(KEY, batch_size=100) as opened:
        yield opened


def sizes(stage: Stage) -> list[int]:
    return [len(request.refs) for request in stage.provider.requests]


def everybody_has_it_once(stage: Stage) -> None:
    assert stage.refs("accepted") == set(stage.states()) == set(stage.provider.accepted)
    assert sorted(stage.provider.accepted.values()) == [1] * 7


@pytest.mark.parametrize("send_class", WITHOUT_KEY)
def test_without_a_key_a_request_carries_no_more_than_may_become_unknown(
    theatre: Theatre, send_class: SendClass
) -> None:
    with theatre.stage(send_class, batch_size=100, batch_without_key=3) as stage:
        stage.provider.script.add(ending.lost(accepted=True))
        stage.run()
        assert sizes(stage) == [3, 3, 1]
        assert (stage.numbers().unknown, stage.numbers().accepted) == (3, 4)


def test_with_a_key_the_provider_alone_sets_the_limit(theatre: Theatre) -> None:
    with theatre.stage(KEY, batch_size=5, batch_without_key=3) as stage:
        stage.run()
        assert sizes(stage) == [5, 2]


def test_a_provider_that_takes_less_than_the_setting_is_given_less(theatre: Theatre) -> None:
    with theatre.stage(Nothing(), batch_size=2, batch_without_key=3) as stage:
        stage.run()
        assert sizes(stage) == [2, 2, 2, 1]


@pytest.mark.parametrize("send_class", WITHOUT_KEY)
def test_a_setting_that_was_lowered_splits_what_is_owed_already(
    theatre: Theatre, send_class: SendClass
) -> None:
    with theatre.stage(send_class, batch_size=100) as stage:
        stage.provider.script.add(ending.not_sent())
        stage.run(patience=timedelta(0))
        assert sizes(stage) == [7]
        sending = stage.context.settings.sending.model_copy(update={"batch_without_key": 2})
        settings = stage.context.settings.model_copy(update={"sending": sending})
        stage.context = replace(stage.context, settings=settings)
        stage.clock.advance(timedelta(minutes=1))
        stage.run()
        assert sizes(stage) == [7, 2, 2, 2, 1]
        everybody_has_it_once(stage)


def test_a_limit_that_the_provider_lowered_splits_what_is_owed_already(stage: Stage) -> None:
    stage.provider.script.add(ending.not_sent())
    stage.run(patience=timedelta(0))
    stage.provider.batch_size = 4
    stage.clock.advance(timedelta(minutes=1))
    stage.run()
    assert sizes(stage) == [7, 4, 3]
    everybody_has_it_once(stage)


def test_a_limit_that_was_lowered_never_splits_what_may_have_been_accepted(stage: Stage) -> None:
    stage.provider.script.add(ending.lost(accepted=True))
    stage.run(patience=timedelta(0))
    stage.provider.batch_size = 4
    stage.clock.advance(timedelta(minutes=1))
    stage.run()
    first, second = stage.provider.requests
    assert (first.key, first.body) == (second.key, second.body)
    everybody_has_it_once(stage)


def test_what_was_not_taken_for_no_fault_of_its_own_goes_in_a_request_of_its_own(
    stage: Stage,
) -> None:
    stage.provider.script.add(ending.some_retried(1, 4))
    stage.run(patience=timedelta(0))
    assert (stage.numbers().accepted, stage.numbers().pending) == (5, 2)
    first = stage.provider.requests[0]
    stage.clock.advance(timedelta(seconds=29))
    stage.run(patience=timedelta(0))
    assert len(stage.provider.requests) == 1
    stage.clock.advance(timedelta(seconds=1))
    stage.run()
    second = stage.provider.requests[1]
    assert second.refs == (first.refs[1], first.refs[4])
    assert second.key != first.key
    everybody_has_it_once(stage)


def test_a_request_of_which_nothing_was_taken_is_owed_again_as_a_whole(stage: Stage) -> None:
    stage.provider.script.add(ending.some_retried(*range(7)))
    stage.run()
    assert sizes(stage) == [7, 7]
    everybody_has_it_once(stage)


def test_refused_and_not_taken_are_told_apart(stage: Stage) -> None:
    stage.provider.script.add(replace(ending.some_retried(0), refused={6}))
    stage.run()
    assert (stage.numbers().accepted, stage.numbers().failed) == (6, 1)
    assert sizes(stage) == [7, 1]
    assert sorted(stage.provider.accepted.values()) == [1] * 6


def test_a_mail_that_cannot_be_merged_for_all_goes_in_the_largest_shape_that_can(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.provider, "room", lambda bulk: 3)
    stage.run()
    assert sizes(stage) == [3, 3, 1]
    everybody_has_it_once(stage)


def test_a_request_too_long_for_the_provider_is_halved_until_it_fits(theatre: Theatre) -> None:
    with theatre.stage(KEY, batch_size=100) as stage:
        stage.run()
        each = len(stage.provider.requests[0].body) // 7
    with theatre.stage(KEY, batch_size=100) as stage:
        stage.provider.max_bytes = 2 * each + each // 2
        stage.run()
        assert sizes(stage) == [2, 2, 2, 1]
        everybody_has_it_once(stage)


def test_one_mail_goes_however_long_it_is(theatre: Theatre) -> None:
    with theatre.stage(KEY, batch_size=100) as stage:
        stage.provider.max_bytes = 1
        stage.run()
        assert sizes(stage) == [1] * 7
        everybody_has_it_once(stage)
