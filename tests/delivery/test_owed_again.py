"""Owed again: without a provider to ask, for people who left, in courses that have gone on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bypost.delivery import reconcile
from bypost.delivery.reconcile import settle_due
from bypost.model.course import Kind
from bypost.model.message import Events, Key, Nothing, Search, SendClass
from bypost.people import leave
from bypost.store import binding, enrollments, settle
from bypost.testing import ending
from tests.conftest import MONDAY
from tests.delivery.desk import put
from tests.delivery.doubtful import (
    MINUTE,
    QUIET,
    TUESDAY,
    everybody_has_it_once,
    lose,
    owe_all_again,
    the_second_course_day,
)
from tests.delivery.stage import Stage, Theatre

SEARCH = Search(lag=MINUTE)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"))


@pytest.fixture
def stage(theatre: Theatre) -> Iterator[Stage]:
    """Three people in one batch, through a provider that can be asked."""
    with theatre.stage(SEARCH) as opened:
        yield opened


# Nobody can be asked


@pytest.mark.parametrize("send_class", [Events(), Nothing()])
def test_where_nobody_can_be_asked_it_stays_unknown(
    theatre: Theatre, send_class: SendClass
) -> None:
    with theatre.stage(send_class) as stage:
        lose(stage, accepted=False)
        for _ in range(3):
            stage.clock.advance(timedelta(hours=1))
            assert stage.run(csv=False).total.unknown == 3
        assert len(stage.provider.requests) == 1


@pytest.mark.parametrize("send_class", [Events(), Nothing()])
def test_a_course_that_wants_it_at_least_once_sends_it_again_after_the_quiet_period(
    theatre: Theatre, send_class: SendClass
) -> None:
    with theatre.stage(send_class) as stage:
        at_least_once(stage)
        lose(stage, accepted=False)
        stage.clock.advance(QUIET - timedelta(seconds=1))
        assert stage.run().total.unknown == 3
        stage.clock.advance(timedelta(seconds=1))
        stage.run()
        everybody_has_it_once(stage)


def test_a_course_that_wants_it_at_least_once_sends_it_again_when_the_key_has_expired(
    theatre: Theatre,
) -> None:
    with theatre.stage(Key(lifetime=timedelta(hours=1))) as stage:
        at_least_once(stage)
        stage.provider.script.add(ending.lost(accepted=False))
        stage.run(patience=timedelta(0))
        stage.clock.advance(timedelta(minutes=50))
        assert stage.run().total.unknown == 3
        stage.clock.advance(QUIET)
        stage.run()
        everybody_has_it_once(stage)
        first, second = stage.provider.requests
        assert first.key != second.key


def test_a_course_that_wants_it_at_least_once_still_asks_whom_it_can_ask(theatre: Theatre) -> None:
    with theatre.stage(SEARCH) as stage:
        at_least_once(stage)
        lose(stage, accepted=True)
        stage.clock.advance(QUIET)
        stage.run()
        everybody_has_it_once(stage)


def test_issues_are_never_sent_at_least_once(theatre: Theatre) -> None:
    """Not even those of a newsletter that is called like such a course."""
    with theatre.stage(Nothing()) as stage:
        issue = {
            "provider": stage.provider.name,
            "kind": Kind.ISSUE,
            "collection": "letters",
            "item": "letters/first",
            "content_hash": stage.shelf.take_over(patient=False)
            .shapes["letters"]
            .steps[0]
            .content_hash,
            "due_at": MONDAY,
        }
        with stage.context.store.write() as connection:
            number = binding.owe(connection, issue, [{"subscriber_id": 1}], now=MONDAY)
            put(connection, number, "unknown", members=1, next_try=MONDAY)
        stage.clock.advance(timedelta(days=1))
        assert settle_due(stage.context, {"letters"}).owed_again == 0
        assert stage.batch(number)["state"] == "unknown"


def at_least_once(stage: Stage) -> None:
    """Let the course of a stage say so."""
    published = stage.shelf.take_over(patient=False)
    shapes = {name: replace(shape, at_least_once=True) for name, shape in published.shapes.items()}
    stage.shelf._versions = [replace(published, shapes=shapes)]


# The person and their course


def test_whoever_left_meanwhile_is_cancelled_when_it_is_owed_again(stage: Stage) -> None:
    lose(stage, accepted=False)
    with stage.context.store.write() as connection:
        run = enrollments.of_subscribers(connection, [2])[0]
        member = leave.find(connection, run["link_id"])
        assert member is not None
        leave.leave(connection, member, by="test", now=stage.clock.now())
    stage.clock.advance(QUIET)
    stage.run()
    assert stage.numbers().cancelled == 1
    assert sorted(taken.to for taken in stage.provider.log) == ["p0@example.org", "p2@example.org"]


def test_an_unknown_lesson_holds_the_course_for_some_hours_and_counts_as_had(
    theatre: Theatre,
) -> None:
    with theatre.stage(Nothing(), unknown_hold_hours=26) as stage:
        lose(stage, accepted=False)
        stage.clock.advance_to(MONDAY + timedelta(hours=26) - timedelta(seconds=1))
        stage.run()
        assert stage.numbers().owed == 3
        stage.clock.advance(timedelta(seconds=1))
        stage.run()
        assert [stage.batch(number)["item"] for number in (1, 2)] == ["one", "two"]
        assert (stage.numbers().unknown, stage.numbers().accepted) == (3, 3)
        assert len(stage.provider.accepted) == 3


def test_a_lesson_that_was_settled_releases_the_course(theatre: Theatre) -> None:
    with theatre.stage(Nothing(), unknown_hold_hours=26) as stage:
        lose(stage, accepted=True)
        with stage.context.store.read() as connection:
            ids = settle.all_unknown(connection)
        reconcile.mark_sent(stage.context, ids)
        the_second_course_day(stage)
        assert stage.numbers().accepted == 6


def test_it_counts_as_accepted_when_it_was_sent_so_that_the_course_keeps_its_days(
    stage: Stage,
) -> None:
    """Sent shortly before midnight, found after it: the next lesson comes the day after."""
    stage.clock.advance_to(datetime.fromisoformat("2026-11-23T23:55+01:00"))
    lose(stage, accepted=True)
    sent_at = stage.clock.now()
    stage.clock.advance(QUIET)
    stage.run()
    assert stage.batch(1)["accepted_at"] == sent_at
    the_second_course_day(stage)
    assert stage.numbers().accepted == 6


def test_a_lesson_owed_again_reaches_the_person_though_it_is_late_and_the_course_went_on(
    theatre: Theatre,
) -> None:
    with theatre.stage(Nothing()) as stage:
        lose(stage, accepted=False)
        stage.clock.advance(timedelta(days=1))
        stage.run()
        assert (stage.numbers().unknown, stage.numbers().accepted) == (3, 3)
        stage.clock.advance(timedelta(days=1))
        assert owe_all_again(stage) == 3
        stage.run()
        everybody_has_it_once(stage)
        assert stage.numbers().accepted == 6


def test_the_last_lesson_owed_again_reaches_the_person_though_the_course_is_over(
    theatre: Theatre,
) -> None:
    with theatre.stage(Nothing()) as stage:
        stage.run()
        stage.clock.advance_to(TUESDAY)
        lose(stage, accepted=False)
        stage.clock.advance(timedelta(days=3))
        stage.run()
        with stage.context.store.read() as connection:
            runs = enrollments.of_subscribers(connection, [1, 2, 3])
        assert [run["status"] for run in runs] == ["finished"] * 3
        assert owe_all_again(stage) == 3
        stage.run()
        everybody_has_it_once(stage)
        assert stage.numbers().accepted == 6


def test_a_lesson_that_the_course_has_overtaken_waits_for_the_end_of_a_pause(
    theatre: Theatre,
) -> None:
    with theatre.stage(Nothing()) as stage:
        lose(stage, accepted=False)
        stage.clock.advance(timedelta(days=1))
        stage.run()
        now = stage.clock.now()
        with stage.context.store.write() as connection:
            run = enrollments.of_subscribers(connection, [1])[0]
            enrollments.change(connection, run["id"], {"paused_until": now + timedelta(weeks=1)})
        owe_all_again(stage)
        assert stage.run().total.accepted == 5
        stage.clock.advance(timedelta(days=6, hours=23))
        assert stage.run().total.pending == 1
        stage.clock.advance(timedelta(hours=1))
        stage.run()
        everybody_has_it_once(stage)
        assert stage.numbers().accepted == 6


def test_a_lesson_that_the_course_has_overtaken_outlives_a_long_stop(theatre: Theatre) -> None:
    with theatre.stage(Nothing()) as stage:
        lose(stage, accepted=False)
        stage.clock.advance(timedelta(days=1))
        stage.run()
        owe_all_again(stage)
        stage.provider.script.add(ending.refused(401))
        assert stage.run().total.pending == 3
        stage.clock.advance(timedelta(days=3))
        stage.resume()
        stage.run()
        everybody_has_it_once(stage)
        assert stage.numbers().accepted == 6


def test_a_late_lesson_that_is_still_the_next_one_waits_for_its_hour(theatre: Theatre) -> None:
    with theatre.stage(Nothing(), unknown_hold_hours=100) as stage:
        stage.run()
        stage.clock.advance_to(TUESDAY)
        lose(stage, accepted=False)
        stage.clock.advance(timedelta(days=1, hours=12))
        assert owe_all_again(stage) == 3
        assert stage.run().total.accepted == 3
        stage.clock.advance_to(TUESDAY + timedelta(days=2))
        stage.run()
        everybody_has_it_once(stage)
        assert stage.numbers().accepted == 6
