"""The machine's clock, and the one that stands still until it is moved."""

import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.clock import Clock, SimulatedClock, SystemClock

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_both_clocks_can_stand_where_a_clock_is_asked_for() -> None:
    clocks: list[Clock] = [SystemClock(), SimulatedClock(START)]
    assert all(clock.now().tzinfo is UTC for clock in clocks)


def test_the_system_clock_tells_the_time_of_the_machine() -> None:
    clock = SystemClock()
    assert abs(clock.now().timestamp() - time.time()) < 1


def test_elapsed_counts_the_seconds_slept() -> None:
    clock = SystemClock()
    before = clock.elapsed()
    clock.sleep(0.02)
    clock.sleep(-1)  # no time to wait, no error
    assert 0.02 <= clock.elapsed() - before < 5


def test_elapsed_falls_back_where_the_system_has_no_boot_clock(monkeypatch) -> None:
    monkeypatch.setattr("scheduler.clock._ELAPSED_CLOCK", None)
    assert abs(SystemClock().elapsed() - time.monotonic()) < 1


def test_a_simulated_clock_stands_until_it_is_moved() -> None:
    clock = SimulatedClock(START)
    assert (clock.now(), clock.now(), clock.elapsed()) == (START, START, 0)
    clock.advance(timedelta(days=1))
    clock.sleep(90)
    clock.advance_to(START + timedelta(days=2))
    assert clock.now() == START + timedelta(days=2)
    assert clock.elapsed() == 2 * 86_400


def test_a_simulated_clock_keeps_utc_whatever_it_is_given() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    clock = SimulatedClock(START.astimezone(berlin))
    clock.advance_to((START + timedelta(hours=1)).astimezone(berlin))
    assert clock.now().tzinfo is UTC
    assert clock.now() == START + timedelta(hours=1)


def test_a_simulated_clock_refuses_to_advance_into_the_past() -> None:
    clock = SimulatedClock(START)
    with pytest.raises(ValueError, match="use step_back"):
        clock.advance_to(START - timedelta(microseconds=1))
    with pytest.raises(ValueError, match="use step_back"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="go forward"):
        clock.step_back(timedelta(seconds=-1))
    assert clock.now() == START


def test_a_step_back_moves_the_time_shown_and_not_the_time_elapsed() -> None:
    clock = SimulatedClock(START)
    clock.advance(timedelta(hours=2))
    clock.step_back(timedelta(hours=1))
    assert clock.now() == START + timedelta(hours=1)
    assert clock.elapsed() == 2 * 3600


def test_a_simulated_clock_refuses_a_start_without_a_time_zone() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        SimulatedClock(datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake under test


def test_threads_that_move_a_simulated_clock_lose_no_step() -> None:
    clock = SimulatedClock(START)

    def walk() -> None:
        for _ in range(500):
            clock.advance(timedelta(seconds=1))

    threads = [threading.Thread(target=walk) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == START + timedelta(seconds=4000)
