"""The clock of several machines is the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bypost.errors import StoreError
from bypost.store.server_clock import ServerClock
from scheduler.clock import SimulatedClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Server:
    """A database's clock, which can be away."""

    def __init__(self, clock: SimulatedClock, ahead: timedelta) -> None:
        self.clock, self.ahead, self.asked, self.away = clock, ahead, 0, False

    def __call__(self) -> datetime:
        self.asked += 1
        if self.away:
            raise StoreError("away")
        return self.clock.now() + self.ahead


def test_a_machine_that_is_an_hour_late_goes_by_the_database() -> None:
    machine = SimulatedClock(NOON)
    clock = ServerClock(Server(machine, HOUR), machine)
    assert clock.now() == NOON + HOUR


def test_the_database_is_asked_seldom_and_seconds_are_counted_in_between() -> None:
    machine = SimulatedClock(NOON)
    server = Server(machine, HOUR)
    clock = ServerClock(server, machine)
    for second in range(1, 30):
        machine.advance(timedelta(seconds=1))
        assert clock.now() == NOON + HOUR + timedelta(seconds=second)
    assert server.asked == 1
    machine.advance(timedelta(seconds=2))
    clock.now()
    assert server.asked == 2


def test_a_machine_whose_clock_is_set_back_notices_nothing() -> None:
    machine = SimulatedClock(NOON)
    clock = ServerClock(Server(machine, timedelta(0)), machine)
    machine.step_back(HOUR)
    assert clock.now() == NOON


def test_while_the_database_is_away_time_goes_on() -> None:
    machine = SimulatedClock(NOON)
    server = Server(machine, HOUR)
    clock = ServerClock(server, machine)
    server.away = True
    machine.advance(timedelta(minutes=5))
    assert clock.now() == NOON + HOUR + timedelta(minutes=5)


def test_a_database_that_cannot_be_asked_at_first_is_an_error() -> None:
    machine = SimulatedClock(NOON)
    server = Server(machine, HOUR)
    server.away = True
    with pytest.raises(StoreError):
        ServerClock(server, machine)
