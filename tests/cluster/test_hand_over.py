"""Handing over: an offer and its job are one, each batch waits once, a job names a batch alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bypost.cluster.jobs import BATCHES, NOTICES, Jobs
from bypost.delivery import hand_over as module
from bypost.delivery.hand_over import LONGEST_REST, give_back, hand_over
from bypost.errors import StoreError
from bypost.store import Connection, budgets, ledger
from tests.cluster.place import Place

BATCHES_OF_ALL = [1, 2, 3]


class Broken(Jobs):
    """Fails when the jobs are written already."""

    def put(self, connection: Connection, *, notices: Sequence[int], others: Sequence[int]) -> None:
        super().put(connection, notices=notices, others=others)
        raise StoreError("the power went out")


class Hasty(Jobs):
    """Does not see what waits: as if the rescue put it back right after the look."""

    def known(self, connection: Connection, batch_ids: Sequence[int]) -> set[int]:
        return set()


def owed(place: Place) -> Place:
    """Owe the welcomes, and take back that they were handed over."""
    place.run()
    place.order("DELETE FROM procrastinate_jobs")
    place.order("UPDATE batches SET offered_until = NULL")
    return place


def test_a_transaction_that_rolls_back_leaves_neither_an_offer_nor_a_job(place: Place) -> None:
    owed(place)
    with pytest.raises(StoreError, match="power"):
        hand_over(place.context, Broken())
    assert place.jobs() == []
    assert place.offers() == [None] * 3

    assert hand_over(place.context, Jobs()) == 3
    assert place.queued() == BATCHES_OF_ALL
    assert None not in place.offers()


def test_a_pass_hands_over_and_sends_nothing_itself(place: Place) -> None:
    report = place.run()
    assert (report.this_pass.owed, report.this_pass.accepted) == (6, 0)
    assert place.provider.requests == []
    assert place.queued() == BATCHES_OF_ALL


def test_a_batch_waits_once_however_many_clocks_there_are(place: Place) -> None:
    for _ in range(3):
        place.run()
    assert place.queued() == BATCHES_OF_ALL
    # Nobody has come for it until its offer ran out: it waits on, and not twice.
    place.clock.advance(2 * place.context.lease)
    place.run()
    assert place.queued() == BATCHES_OF_ALL


def test_a_job_that_comes_back_at_this_moment_keeps_no_other_from_being_made(place: Place) -> None:
    owed(place)
    hand_over(place.context, Jobs())
    place.order("DELETE FROM procrastinate_jobs WHERE queueing_lock <> 'batch 2'")
    place.order("UPDATE batches SET offered_until = NULL")
    hand_over(place.context, Hasty())
    assert sorted(place.queued()) == BATCHES_OF_ALL
    assert None not in place.offers()


def test_a_batch_whose_job_was_lost_is_offered_again_when_the_offer_ends(place: Place) -> None:
    place.run()
    place.order("DELETE FROM procrastinate_jobs WHERE queueing_lock = 'batch 2'")
    place.run()
    assert place.queued() == [1, 3]
    place.clock.advance(place.context.lease)
    place.run()
    assert sorted(place.queued()) == BATCHES_OF_ALL


def test_a_batch_under_a_lease_is_not_offered(place: Place) -> None:
    owed(place)
    until = place.clock.now() + place.context.lease
    with place.context.store.write() as connection:
        ledger.lease(connection, 2, fence=0, until=until, owner="another machine")
    place.run()
    assert place.queued() == [1, 3]
    place.clock.advance(place.context.lease)
    place.run()
    assert sorted(place.queued()) == BATCHES_OF_ALL


def test_a_job_holds_the_number_of_a_batch_and_nothing_of_a_person(place: Place) -> None:
    place.run()
    place.owe_a_notice()
    place.run()
    jobs = place.jobs()
    assert len(jobs) == 4
    assert {frozenset(job["args"]) for job in jobs} == {frozenset({"batch"})}
    assert {type(job["args"]["batch"]) for job in jobs} == {int}
    tables = place.rows("SELECT tablename FROM pg_tables WHERE tablename LIKE 'procrastinate%'")
    for table in (row["tablename"] for row in tables):
        for row in place.rows(f"SELECT t::text AS words FROM {table} t"):
            assert not any(secret in row["words"] for secret in ("@", "example", "Person"))


def test_a_notice_has_a_queue_of_its_own_and_goes_first(place: Place) -> None:
    place.run()
    place.owe_a_notice()
    place.run()
    by_queue = {row["queue_name"]: row["priority"] for row in place.jobs()}
    assert by_queue[NOTICES] > by_queue[BATCHES]
    place.work()
    first, *others = place.provider.log
    assert first.to == "p0@example.org"
    assert len(others) == 6


def test_so_many_batches_wait_at_most_and_a_notice_waits_beside_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOM", 2)
    place.run()
    assert place.queued() == [1, 2]
    place.owe_a_notice()
    place.run()
    assert place.queued() == [1, 2, 4]
    place.work()
    place.run()
    assert place.queued() == [3]


def test_what_is_stopped_waits_for_resume_except_what_an_attempt_left_open(place: Place) -> None:
    owed(place)
    name = place.provider.name
    place.order("UPDATE batches SET ambiguous = true WHERE id = 3")
    with place.context.store.write() as connection:
        budgets.open_breaker(connection, name, "401: the key is wrong", place.clock.now())
    place.run()
    assert place.queued() == [3]
    place.work()
    assert place.provider.requests == []
    place.run()
    assert place.queued() == []

    with place.context.store.write() as connection:
        budgets.close_breaker(connection, name, place.clock.now())
        ledger.wake_waiting(connection, name, place.clock.now())
    place.run()
    assert sorted(place.queued()) == BATCHES_OF_ALL


def test_what_is_given_back_rests_no_longer_than_an_operator_needs_to_mend_it(
    place: Place,
) -> None:
    place.run()
    place.order("DELETE FROM procrastinate_jobs")
    give_back(place.context, 1)
    give_back(place.context, 2, place.clock.now() + timedelta(days=1))
    place.run()
    assert place.queued() == [1]
    place.clock.advance(LONGEST_REST)
    place.run()
    assert 2 in place.queued()
