"""Settling what is unknown: asked once the time has come, believed with care, owed again once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bypost.delivery import reconcile
from bypost.delivery.reconcile import settle_due
from bypost.model.message import Search
from bypost.store import settle
from bypost.store.schema import deliveries
from bypost.testing import ending
from scheduler.pacing import Rate
from tests.conftest import MONDAY
from tests.delivery.doubtful import (
    LEASE,
    MINUTE,
    QUIET,
    TUESDAY,
    everybody_has_it_once,
    lose,
    owe_all_again,
    the_second_course_day,
)
from tests.delivery.stage import Crash, Stage, Theatre, crash_at

SEARCH = Search(lag=MINUTE)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"))


@pytest.fixture
def stage(theatre: Theatre) -> Iterator[Stage]:
    """Three people in one batch, through a provider that can be asked."""
    with theatre.stage(SEARCH) as opened:
        yield opened


def provider_ids(stage: Stage) -> dict[str, str]:
    query = select(deliveries.c.id, deliveries.c.provider_id)
    with stage.context.store.read() as connection:
        return {stage.context.reference(number): name for number, name in connection.execute(query)}


# The provider can be asked


def test_what_the_provider_has_is_accepted_with_its_id(stage: Stage) -> None:
    lose(stage, accepted=True)
    stage.clock.advance(QUIET)
    stage.run()
    everybody_has_it_once(stage)
    assert provider_ids(stage) == {taken.ref: taken.provider_id for taken in stage.provider.log}
    assert len(stage.provider.requests) == 1


def test_what_the_provider_does_not_have_is_owed_again_once_and_accepted_once(
    stage: Stage,
) -> None:
    lose(stage, accepted=False)
    stage.clock.advance(QUIET)
    stage.run()
    everybody_has_it_once(stage)
    assert [len(request.refs) for request in stage.provider.requests] == [3, 3]
    stage.clock.advance(QUIET)
    stage.run()
    assert len(stage.provider.requests) == 2


def test_of_a_batch_that_was_taken_in_part_the_rest_is_owed_again(stage: Stage) -> None:
    stage.provider.script.add(replace(ending.lost(accepted=True), refused={1}))
    stage.run()
    one, two, three = sorted(stage.states())
    stage.clock.advance(QUIET)
    stage.run()
    everybody_has_it_once(stage)
    assert [request.refs for request in stage.provider.requests] == [(one, two, three), (two,)]


def test_nothing_is_asked_before_the_quiet_period_is_over(stage: Stage) -> None:
    lose(stage, accepted=False)
    stage.clock.advance(QUIET - timedelta(microseconds=1))
    stage.run()
    assert stage.provider.asked == []
    assert len(stage.refs("unknown")) == 3
    stage.clock.advance(timedelta(microseconds=1))
    stage.run()
    assert len(stage.provider.asked) == 3


def test_a_provider_that_shows_mails_late_is_asked_later(theatre: Theatre) -> None:
    late = Search(lag=2 * QUIET)
    with theatre.stage(late) as stage:
        assert stage.context.quiet > late.lag + timedelta(
            seconds=stage.context.settings.sending.timeout_seconds
        )
    with theatre.stage(late, quiet_seconds=60) as stage:  # what is written is what is meant
        assert stage.context.quiet == MINUTE


def test_the_quiet_period_begins_when_the_request_has_ended(stage: Stage) -> None:
    slow = ending.lost(accepted=False).and_then(lambda: stage.clock.advance(MINUTE / 2))
    stage.provider.script.add(slow)
    stage.run()
    stage.clock.advance_to(MONDAY + QUIET)
    stage.run()
    assert stage.provider.asked == []
    stage.clock.advance(MINUTE / 2)
    stage.run()
    assert len(stage.provider.asked) == 3


def test_after_a_process_died_the_quiet_period_begins_when_its_lease_has_ended(
    stage: Stage,
) -> None:
    """Until then it may only have stood still, and send after all."""
    with crash_at("intended"), pytest.raises(Crash):
        stage.run()
    stage.clock.advance(LEASE)
    stage.run()
    assert len(stage.refs("unknown")) == 3
    stage.clock.advance(QUIET - timedelta(seconds=1))
    stage.run()
    assert stage.provider.asked == []
    stage.clock.advance(timedelta(seconds=1))
    stage.run()
    everybody_has_it_once(stage)


def test_a_question_that_is_not_answered_stays_open_and_is_asked_later(stage: Stage) -> None:
    lose(stage, accepted=False)
    stage.clock.advance(QUIET)
    stage.provider.questions.add(ending.lost(accepted=False))
    report = stage.run()
    assert report.troubles == ("simulated: no answer",)
    assert report.exit_code == 1
    assert (len(stage.provider.asked), len(stage.refs("unknown"))) == (1, 3)
    stage.run()
    assert len(stage.provider.asked) == 1
    stage.clock.advance(timedelta(seconds=30))
    stage.run()
    everybody_has_it_once(stage)


def test_what_was_answered_before_a_question_failed_is_kept(stage: Stage) -> None:
    lose(stage, accepted=True)
    one, two, three = sorted(stage.states())
    stage.clock.advance(QUIET)
    stage.provider.questions.add(None, ending.lost(accepted=False))
    stage.run()
    assert stage.refs("accepted") == {one}
    assert stage.refs("unknown") == {two, three}
    stage.clock.advance(MINUTE)
    stage.run()
    everybody_has_it_once(stage)
    assert stage.provider.asked == [one, two, two, three]


def test_a_process_that_stood_still_while_asking_does_not_believe_that_nothing_is_there(
    stage: Stage,
) -> None:
    stage.provider.script.add(replace(ending.lost(accepted=True), refused={1}))
    stage.run()
    one, two, three = sorted(stage.states())
    stage.clock.advance(QUIET)
    stage.provider.questions.add(None, ending.ok().and_then(lambda: stage.clock.advance(LEASE)))
    stage.run()
    assert stage.refs("accepted") == {one, three}
    assert stage.refs("unknown") == {two}
    stage.clock.advance(QUIET - timedelta(seconds=1))
    stage.run()
    assert stage.refs("unknown") == {two}
    stage.clock.advance(timedelta(seconds=1))
    stage.run()
    everybody_has_it_once(stage)


def test_a_slow_provider_is_believed_all_the_same(stage: Stage) -> None:
    """Every answer comes within a request's time; together they take longer than the lease."""
    lose(stage, accepted=False)
    stage.clock.advance(QUIET)
    stage.provider.questions.rule = lambda _: ending.ok().and_then(
        lambda: stage.clock.advance(MINUTE / 2)
    )
    stage.run()
    everybody_has_it_once(stage)


# Somebody else was quicker


def test_two_who_ask_at_once_owe_it_again_once(stage: Stage) -> None:
    lose(stage, accepted=False)
    stage.clock.advance(QUIET)
    second: list[reconcile.Settled] = []
    stage.provider.questions.add(
        ending.ok().and_then(lambda: second.append(settle_due(stage.context, ())))
    )
    first = settle_due(stage.context, ())
    assert [s.owed_again for s in (*second, first)] == [3, 0]
    stage.run()
    everybody_has_it_once(stage)


def test_a_late_answer_about_a_settled_batch_changes_nothing(stage: Stage) -> None:
    lose(stage, accepted=True)
    stage.clock.advance(QUIET)
    with stage.context.store.read() as connection:
        ids = settle.all_unknown(connection)

    def meanwhile() -> None:
        """Be told by the operator, who looked it up; the search does not see it yet."""
        assert reconcile.mark_sent(stage.context, ids) == 3

    stage.provider.questions.add(ending.ok().and_then(meanwhile))
    stage.provider.send_class = Search(lag=timedelta(hours=1))  # type: ignore[misc]  # of this one
    assert settle_due(stage.context, ()).owed_again == 0
    everybody_has_it_once(stage)


def test_a_late_answer_about_a_batch_whose_mails_are_in_another_one_changes_nothing(
    stage: Stage,
) -> None:
    lose(stage, accepted=False)
    stage.clock.advance(QUIET)

    def meanwhile() -> None:
        """Owe it again by hand, and lose the answer once more: this time it was taken over."""
        owe_all_again(stage)
        lose(stage, accepted=True)

    stage.provider.questions.add(ending.ok().and_then(meanwhile))
    assert settle_due(stage.context, ()).owed_again == 0
    assert len(stage.refs("unknown")) == 3
    stage.clock.advance(QUIET)
    stage.run()
    everybody_has_it_once(stage)


def test_the_operators_word_about_what_is_settled_changes_nothing(stage: Stage) -> None:
    lose(stage, accepted=True)
    with stage.context.store.read() as connection:
        ids = settle.all_unknown(connection)
    assert reconcile.mark_sent(stage.context, ids) == 3
    before = stage.batch(1)
    assert reconcile.owe_again(stage.context, ids) == 0
    assert reconcile.mark_sent(stage.context, ids) == 0
    assert stage.batch(1) == before


# How much is asked, and how fast


def test_any_number_of_batches_is_settled(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also more of them than one turn takes up."""
    monkeypatch.setattr(reconcile, "_MOST", 10)
    theatre = Theatre(tmp_path_factory.mktemp("many"), people=35, delays=("at once",))
    with theatre.stage(SEARCH, batch_without_key=1) as stage:
        stage.provider.script.rule = lambda request: ending.lost(accepted=request.number % 2 == 0)
        stage.run()
        assert stage.numbers().unknown == 35
        stage.provider.script.clear()
        stage.clock.advance(QUIET)
        for _ in range(4):
            stage.run()
        everybody_has_it_once(stage)
        assert sorted(stage.provider.asked) == sorted(stage.states())


def test_a_provider_that_asks_for_time_is_left_alone_with_all_its_batches(
    theatre: Theatre,
) -> None:
    with theatre.stage(SEARCH, batch_without_key=1) as stage:
        stage.provider.script.rule = lambda _: ending.lost(accepted=True)
        stage.run()
        stage.provider.script.clear()
        stage.clock.advance(QUIET)
        stage.provider.questions.add(ending.throttled(timedelta(seconds=90)))
        assert settle_due(stage.context, ()).troubles == ("simulated: HTTP 429",)
        assert len(stage.provider.asked) == 1
        stage.clock.advance(timedelta(seconds=89))
        settle_due(stage.context, ())
        assert len(stage.provider.asked) == 1
        stage.clock.advance(timedelta(seconds=1))
        stage.run()
        everybody_has_it_once(stage)


def test_a_pause_that_answers_a_question_holds_for_requests_as_well(theatre: Theatre) -> None:
    with theatre.stage(SEARCH, batch_size=2) as stage:
        lose(stage, accepted=True)
        stage.clock.advance_to(TUESDAY - timedelta(seconds=20))
        stage.provider.questions.add(ending.throttled(timedelta(seconds=40)))
        settle_due(stage.context, ())
        the_second_course_day(stage)  # for the third person; the others' is held
        assert stage.clock.now() == TUESDAY + timedelta(seconds=20)
        assert len(stage.provider.requests) == 3


def test_a_provider_that_does_not_answer_is_asked_once_and_not_for_every_batch(
    theatre: Theatre,
) -> None:
    """Each question may take as long as a request; whoever sends meanwhile would wait."""
    with theatre.stage(SEARCH, batch_without_key=1) as stage:
        stage.provider.script.rule = lambda _: ending.lost(accepted=True)
        stage.run()
        stage.clock.advance(QUIET)
        stage.provider.questions.rule = lambda _: ending.lost(accepted=False)
        stage.run()
        assert len(stage.provider.asked) == 1
        stage.provider.questions.clear()
        stage.clock.advance(timedelta(seconds=30))
        stage.run()
        everybody_has_it_once(stage)


def test_questions_count_against_the_providers_rate(theatre: Theatre) -> None:
    with theatre.stage(SEARCH, batch_without_key=1) as stage:
        stage.provider.script.rule = lambda _: ending.lost(accepted=True)
        stage.run()
        stage.clock.advance(QUIET)
        stage.context = replace(stage.context, rates={"simulated": Rate(per_second=0.5)})
        asked = []
        for _ in range(5):
            settle_due(stage.context, ())
            asked.append(len(stage.provider.asked))
            stage.clock.advance(timedelta(seconds=1))
        assert asked == [1, 1, 2, 2, 3]
        everybody_has_it_once(stage)


def test_a_request_waits_for_the_questions_asked_before_it(stage: Stage) -> None:
    lose(stage, accepted=False)
    stage.clock.advance(QUIET)
    stage.context = replace(stage.context, rates={"simulated": Rate(per_second=1)})
    stage.run()
    everybody_has_it_once(stage)
    # Three questions at one a second, then the request.
    assert stage.clock.now() == MONDAY + QUIET + timedelta(seconds=3)
