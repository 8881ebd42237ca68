"""Workers: everything once, in the provider's time, and nothing is lost that goes wrong."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from procrastinate import App
from rich.console import Console

from bypost.cli.screen import screen
from bypost.cluster.jobs import Jobs
from bypost.delivery.hand_over import hand_over
from bypost.delivery.presence import GONE, Presence
from bypost.delivery.standing import NO_WORKER, look
from bypost.testing import ending
from bypost.web.metrics import _Ledger as Metrics
from scheduler.pacing import Rate
from tests.cluster.conftest import PEOPLE, Open
from tests.cluster.place import Place


def everybody_once(place: Place, mails: int = PEOPLE) -> None:
    assert len(place.provider.accepted) == mails
    assert set(place.provider.accepted.values()) == {1}


@pytest.mark.parametrize("slots", [1, 4])
def test_workers_bring_what_passes_hand_over_and_leave_no_job_behind(
    place: Place, slots: int
) -> None:
    place.run()
    place.work(slots)
    everybody_once(place)
    assert place.jobs() == []
    place.clock.advance(timedelta(days=1))
    place.run()
    place.work(slots)
    everybody_once(place, 2 * PEOPLE)
    assert place.run().total.pending == 0


def test_a_slot_waits_for_the_pace_of_the_provider(place: Place) -> None:
    place.context.rates[place.provider.name] = Rate(per_second=0.1)
    place.run()
    began = place.clock.now()
    place.work(2)
    everybody_once(place)
    assert place.clock.now() - began >= timedelta(seconds=20)


def test_what_would_wait_too_long_is_given_back_and_comes_later(place: Place) -> None:
    place.context.rates[place.provider.name] = Rate(per_day=4)
    place.run()
    place.work(2)
    assert place.provider.accepted.total() == 4
    assert place.jobs() == []
    assert place.run().total.pending == 2
    assert place.queued() == []  # it rests
    for _ in range(2):  # a day later those who had theirs are owed the second lesson too
        place.clock.advance(timedelta(days=1))
        place.run()
        place.work(2)
    assert max(place.provider.accepted.values()) == 1
    assert place.provider.accepted.total() > PEOPLE


def test_a_process_that_is_about_to_end_gives_back_what_it_has_not_begun(place: Place) -> None:
    place.run()
    place.bringer.stopping.set()
    place.work()
    assert place.provider.requests == []
    assert place.offers() == [None] * 3
    place.bringer.stopping.clear()
    place.run()
    place.work()
    everybody_once(place)


def test_a_request_that_failed_is_offered_again_when_its_time_has_come(place: Place) -> None:
    place.provider.script.add(ending.not_sent())
    place.run()
    place.work()
    assert place.provider.accepted.total() == 4
    place.run()
    assert place.queued() == []
    place.clock.advance(timedelta(minutes=1))
    place.run()
    place.work()
    everybody_once(place)


def test_a_mistake_of_ours_ends_neither_the_slot_nor_the_batch(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    send = place.provider.send
    calls = iter(range(100))

    def broken(body: bytes, *, count: int, key: str) -> object:
        if next(calls) == 0:
            raise ZeroDivisionError
        return send(body, count=count, key=key)

    monkeypatch.setattr(place.provider, "send", broken)
    place.run()
    place.work()
    assert place.provider.accepted.total() == 4
    assert "could not be brought" in caplog.text
    place.clock.advance(place.context.lease)
    place.run()
    place.work()
    everybody_once(place)


def test_a_batch_whose_provider_is_stopped_moves_to_another_one(place: Place) -> None:
    second = type(place.provider)(clock=place.clock, batch_size=2)
    second.name = "second"  # type: ignore[misc]  # a fact of a class; here of each
    place.context.providers["second"] = second
    place.run()
    place.order(
        "INSERT INTO budgets (provider, tokens, used_today, breaker)"
        " VALUES ('simulated', 0, 0, '401') ON CONFLICT (provider) DO UPDATE SET breaker = '401'"
    )
    place.work()
    place.run()
    place.work()
    assert place.provider.requests == []
    assert second.accepted.total() == PEOPLE


def test_a_worker_may_hand_over_on_our_own_connection_while_its_app_is_open(place: Place) -> None:
    # Through the worker's own app this is a TypeError (procrastinate 3.10): it is asynchronous.
    place.run()
    place.order("DELETE FROM procrastinate_jobs")
    place.order("UPDATE batches SET offered_until = NULL")

    async def within(_app: App) -> int:
        return await asyncio.to_thread(hand_over, place.context, Jobs())

    assert place.in_an_app(within, ThreadPoolExecutor(1)) == 3
    assert place.queued() == [1, 2, 3]


def test_status_tells_of_workers_and_says_when_none_is_there(open_place: Open) -> None:
    place = open_place()
    place.run()
    found = look(place.context)
    assert NO_WORKER in found.obstacles
    assert found.exit_code == 1
    assert (found.crew.alive, found.crew.waiting) == (0, 3)

    first, second = Presence(place.context, 4), Presence(place.context, 8)
    first.show()
    second.show()
    told = look(place.context).as_json()["workers"]
    assert (told["engine"], told["alive"], told["slots"]) == ("procrastinate", 2, 12)
    assert NO_WORKER not in look(place.context).troubles

    second.end()
    place.clock.advance(GONE - timedelta(seconds=1))
    assert look(place.context).crew.alive == 1
    place.clock.advance(timedelta(seconds=2))
    assert look(place.context).crew.alive == 0
    first.show()
    assert look(place.context).crew.alive == 1


def test_batches_that_wait_without_a_worker_are_an_alarm(place: Place) -> None:
    place = Place(replace(place.context, guarded=True), place.clock, place.provider)

    def alarms() -> list[str]:
        place.run()
        found = place.rows("SELECT name FROM alarms WHERE ended_at IS NULL")
        return [row["name"] for row in found]

    worker = Presence(place.context, 1)
    worker.show()
    assert alarms() == []
    place.clock.advance(timedelta(minutes=4))
    assert alarms() == []
    place.clock.advance(timedelta(minutes=3))
    assert alarms() == ["workers"]
    worker.show()
    place.work()
    place.clock.advance(timedelta(minutes=61))
    worker.show()
    assert alarms() == []


def test_the_screen_and_prometheus_are_told_of_workers_too(place: Place) -> None:
    place.run()
    assert "none; 3 batches wait" in shown(place)
    Presence(place.context, 4).show()
    assert "1 for 4 at a time; 3 batches wait" in shown(place)
    found = {
        metric.name: metric.samples[0].value
        for metric in Metrics(place.context).collect()
        if "worker" in metric.name or "waiting" in metric.name
    }
    assert found == {
        "bypost_workers_alive": 1,
        "bypost_workers_slots": 4,
        "bypost_batches_waiting": 3,
    }


def shown(place: Place) -> str:
    console = Console(width=200)
    with console.capture() as caught:
        console.print(screen(look(place.context)))
    return caught.get()
