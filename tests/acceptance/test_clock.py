"""Clocks that jump, stand still and change to summer time, with requests open meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bypost.model.message import Key, Search, SendClass
from bypost.store import subscribers
from bypost.testing import ending
from scheduler.clock import SimulatedClock
from tests.delivery.stage import A_WHILE, Stage, Theatre, crash_at
from tests.regressions.meanwhile import once_at

PEOPLE = 4
LESSONS = 3
HOUR = timedelta(hours=1)
KEY = Key(lifetime=timedelta(hours=24))
CLASSES: dict[str, SendClass] = {"key": KEY, "search": Search(lag=timedelta(minutes=1))}


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    """A lesson a day, at an hour that some days do not have."""
    delays = ("at once", *["1 day"] * (LESSONS - 1))
    folder = tmp_path_factory.mktemp("theatre")
    return Theatre(folder, people=PEOPLE, delays=delays, hour="02:15")


@pytest.fixture(params=CLASSES)
def send_class(request: pytest.FixtureRequest) -> SendClass:
    return CLASSES[request.param]


@pytest.fixture
def stage(theatre: Theatre, send_class: SendClass) -> Iterator[Stage]:
    with theatre.stage(send_class, batch_size=2) as opened:
        yield opened


def had(stage: Stage) -> dict[str, list[datetime]]:
    """Return when each address was accepted for, by the provider's own log."""
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for taken in stage.provider.log:
        found[taken.to].append(taken.at)
    return dict(found)


def come_to_the_end(stage: Stage) -> None:
    """Let days pass: everybody has each lesson once, one a day."""
    for _ in range((LESSONS + 2) * 3):
        stage.clock.advance(8 * HOUR)
        stage.run()
    assert stage.numbers().accepted == stage.numbers().owed == PEOPLE * LESSONS
    assert sorted(stage.provider.accepted.values()) == [1] * PEOPLE * LESSONS


def set_forward(clock: SimulatedClock, by: timedelta) -> None:
    """Set the wall clock forward: no time passes."""
    clock._now += by


CHANGES = {
    "Berlin, forward": ("Europe/Berlin", date(2027, 3, 28)),
    "Berlin, back": ("Europe/Berlin", date(2027, 10, 31)),
    "New York, back": ("America/New_York", date(2027, 11, 7)),
    "Lord Howe, back by half an hour": ("Australia/Lord_Howe", date(2027, 4, 4)),
    "Lord Howe, forward by half an hour": ("Australia/Lord_Howe", date(2027, 10, 3)),
}


def first_valid(day: date, zone: ZoneInfo) -> datetime:
    """Return a quarter past two of a day; where there is none, the first instant after."""
    instant = datetime.combine(day, time(0), zone).astimezone(UTC)
    while instant.astimezone(zone).time() < time(2, 15):
        instant += timedelta(minutes=5)
    return instant


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("trouble", ["none", "no answer", "killed"])
def test_across_a_change_of_clocks_everybody_has_one_lesson_a_day_at_its_hour(
    theatre: Theatre, name: str, trouble: str
) -> None:
    zone, change = ZoneInfo(CHANGES[name][0]), CHANGES[name][1]
    with theatre.stage(KEY, batch_size=2) as stage:
        with stage.context.store.write() as connection:
            for number in range(1, PEOPLE + 1):
                subscribers.change(connection, number, {"time_zone": zone.key})
        stage.clock.advance_to(datetime.combine(change - timedelta(days=1), time(12), zone))
        stage.run()  # the welcome, on the eve; the second lesson falls on the change
        stage.clock.advance_to(datetime.combine(change, time(0, 20), zone))
        if trouble == "no answer":
            stage.provider.script.add(ending.lost(accepted=True), ending.lost(accepted=False))
        for number in range(24 * (LESSONS - 1) + 4):
            with crash_at("intended") if trouble == "killed" and number % 2 else nullcontext():
                stage.survive()
            stage.clock.advance(HOUR)
        assert len(had(stage)) == PEOPLE
        for instants in had(stage).values():
            assert len(instants) == LESSONS
            for number, at in enumerate(instants[1:]):
                due = first_valid(change + timedelta(days=number), zone)
                assert due <= at < due + 2 * HOUR
        assert set(stage.provider.accepted.values()) == {1}


def back(by: timedelta) -> Callable[[SimulatedClock], None]:
    return lambda clock: clock.step_back(by)


def forward(by: timedelta) -> Callable[[SimulatedClock], None]:
    return lambda clock: set_forward(clock, by)


def suspended(by: timedelta) -> Callable[[SimulatedClock], None]:
    return lambda clock: clock.advance(by)


STEPS = {
    "back an hour": back(HOUR),
    "forward an hour": forward(HOUR),
    "suspended for a night": suspended(9 * HOUR),
}


@pytest.mark.parametrize("how", STEPS)
@pytest.mark.parametrize("label", ["owed", "leased", "intended", "answered"])
def test_a_clock_that_jumps_after_a_kill_holds_nobody_up_and_nobody_has_it_twice(
    stage: Stage, how: str, label: str
) -> None:
    with crash_at(label):
        assert stage.survive() is None
    STEPS[how](stage.clock)
    for _ in range(4):  # what was owed and never begun may wait for the clock to catch up
        stage.run()
        stage.clock.advance(A_WHILE)
    assert stage.numbers().accepted == stage.numbers().owed == PEOPLE
    come_to_the_end(stage)


@pytest.mark.parametrize("how", STEPS)
@pytest.mark.parametrize("label", ["leased", "intended", "answered"])
def test_a_clock_that_jumps_in_the_middle_of_a_request_sends_nothing_twice(
    stage: Stage, how: str, label: str
) -> None:
    with once_at(label, lambda: STEPS[how](stage.clock)):
        stage.run()
    come_to_the_end(stage)


@pytest.mark.parametrize("label", ["leased", "built", "intended", "answered"])
def test_a_jump_that_ends_a_lease_early_lets_two_send_the_same_and_nobody_has_it_twice(
    stage: Stage, label: str
) -> None:
    """The clock is set forward, and a second scheduler takes the first one for dead."""

    def meanwhile() -> None:
        set_forward(stage.clock, HOUR)
        stage.run(patience=timedelta(0))

    with once_at(label, meanwhile):
        stage.run()
    come_to_the_end(stage)


def test_whoever_was_suspended_before_its_request_does_not_send_it(stage: Stage) -> None:
    before = stage.clock.now()
    with once_at("intended", lambda: stage.clock.advance(HOUR)):
        stage.run(patience=timedelta(0))
    # The first request was given up; what left, left under a lease taken after the suspension.
    assert all(taken.at >= before + HOUR for taken in stage.provider.log)
    assert stage.numbers().accepted == PEOPLE - 2
    come_to_the_end(stage)
