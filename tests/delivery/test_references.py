"""A reference names one mail for ever, whatever becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bypost.delivery import events, reconcile
from bypost.model.message import Events
from bypost.people import join, pace
from bypost.store import enrollments, subscribers
from bypost.testing import ending
from tests.delivery.stage import Stage, Theatre


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"), people=1)


def join_the_course(stage: Stage, number: int) -> None:
    now = stage.clock.now()
    with stage.context.store.write() as connection:
        person = join.new_subscriber(
            subscriber_id=number,
            email=f"late{number}@example.org",
            name="",
            time_zone="",
            status="confirmed",
            now=now,
        )
        subscribers.add_all(connection, [person])
        run = join.new_enrollment(subscriber_id=number, course="letters", now=now)
        enrollments.add_all(connection, [run])


def test_a_lesson_taken_back_leaves_its_reference_to_nobody_else(theatre: Theatre) -> None:
    with theatre.stage(Events()) as stage:
        stage.provider.script.add(ending.lost(accepted=True))
        stage.run()
        (first,) = stage.refs("unknown")
        # Sent again at the risk of a second copy; before it leaves, the person pauses.
        reconcile.owe_again(stage.context, [1])
        with stage.context.store.write() as connection:
            (run,) = enrollments.of_subscribers(connection, [1])
            pace.pause(connection, run, weeks=1, now=stage.clock.now())
        stage.run()
        join_the_course(stage, 2)
        stage.provider.script.add(ending.not_sent())
        stage.run(patience=timedelta(0))
        # Only now the webhook tells of the first mail: that is nothing to the newcomer.
        events.take(stage.context, stage.provider.name, [stage.provider.event(first)])
        stage.clock.advance(timedelta(minutes=5))
        stage.run()
        assert [taken.to for taken in stage.provider.log] == [
            "p0@example.org",
            "late2@example.org",
        ], "the newcomer is passed over"
        assert set(stage.provider.accepted.values()) == {1}, "a reference names two mails"
