"""What a dead worker had in hand goes to another one, and only that."""

from __future__ import annotations

from typing import Any

import pytest
from procrastinate import App

from bypost.cluster.tasks import forget_failures, rescue
from tests.cluster.conftest import PEOPLE
from tests.cluster.place import SILENCE, Place


def taken_by(place: Place, *, seconds_ago: float) -> int:
    """Let the first job be in the hand of a worker that was last seen so long ago."""
    found = place.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM procrastinate_workers")
    place.order(
        "INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE"
        " VALUES (:id, now() - :ago * interval '1 second')",
        id=found[0]["id"],
        ago=seconds_ago,
    )
    place.order(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = :id WHERE id ="
        " (SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo')",
        id=found[0]["id"],
    )
    return int(found[0]["id"])


def rescued(place: Place) -> int:
    async def look(app: App) -> Any:
        return await rescue(app, silence=SILENCE)

    return int(place.in_an_app(look))


def workers(place: Place) -> list[int]:
    return [row["id"] for row in place.rows("SELECT id FROM procrastinate_workers")]


def test_a_job_of_a_dead_worker_goes_to_others_and_the_worker_is_forgotten(place: Place) -> None:
    place.run()
    taken_by(place, seconds_ago=SILENCE.total_seconds() + 5)
    assert place.queued() == [2, 3]
    assert rescued(place) == 1
    assert place.queued() == [1, 2, 3]
    assert workers(place) == []
    place.work()
    assert set(place.provider.accepted.values()) == {1}
    assert len(place.provider.accepted) == PEOPLE


def test_a_job_whose_worker_is_alive_is_left_alone(place: Place) -> None:
    place.run()
    alive = taken_by(place, seconds_ago=SILENCE.total_seconds() - 5)
    assert rescued(place) == 0
    assert place.queued() == [2, 3]
    assert workers(place) == [alive]


def test_a_job_of_a_worker_that_was_forgotten_before_is_rescued_too(place: Place) -> None:
    place.run()
    number = taken_by(place, seconds_ago=1)
    place.order("DELETE FROM procrastinate_workers WHERE id = :id", id=number)
    assert rescued(place) == 1
    assert place.queued() == [1, 2, 3]


def test_a_batch_that_was_offered_anew_meanwhile_does_not_wait_twice(place: Place) -> None:
    place.run()
    taken_by(place, seconds_ago=SILENCE.total_seconds() + 5)
    place.clock.advance(place.context.lease)
    place.run()
    assert sorted(place.queued()) == [1, 2, 3]
    rescued(place)
    assert sorted(place.queued()) == [1, 2, 3]
    assert {job["status"] for job in place.jobs()} == {"todo"}


@pytest.mark.parametrize(("hours", "left"), [(23, 1), (25, 0)])
def test_a_job_that_failed_can_be_looked_at_for_a_day(place: Place, hours: int, left: int) -> None:
    place.run()
    place.order(
        "DELETE FROM procrastinate_jobs WHERE id > (SELECT min(id) FROM procrastinate_jobs)"
    )
    place.order("UPDATE procrastinate_jobs SET status = 'doing'")
    place.order("UPDATE procrastinate_jobs SET status = 'failed'")
    place.order(
        "UPDATE procrastinate_events SET at = now() - :hours * interval '1 hour'", hours=hours
    )
    place.in_an_app(forget_failures)
    assert len(place.jobs()) == left
