"""The runner, with real threads and short intervals."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from scheduler.clock import SystemClock
from scheduler.runner import Runner

SHORT = timedelta(milliseconds=50)
LONG = timedelta(hours=1)
PATIENCE = 5.0


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return condition()


class Work:
    """Counts its calls, notices two at once, and can be held up."""

    def __init__(self) -> None:
        self.calls = 0
        self.at_once = 0
        self.most_at_once = 0
        self.free = threading.Event()
        self.free.set()
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.calls += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.free.wait(12 * PATIENCE)
        with self._lock:
            self.at_once -= 1


class WallClock(SystemClock):
    """The machine's clock, as it would show if someone had set it."""

    def __init__(self) -> None:
        self.set_by = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.set_by


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.free.set()


@pytest.fixture
def wall_clock() -> WallClock:
    return WallClock()


@pytest.fixture
def runners() -> Iterator[list[Runner]]:
    made: list[Runner] = []
    yield made
    for runner in made:
        runner.stop()


@pytest.fixture
def make(runners: list[Runner], work: Work, wall_clock: WallClock) -> Callable[..., Runner]:
    def make_runner(tick: Callable[[], None] = work, *, every: timedelta = SHORT) -> Runner:
        runner = Runner(tick, every=every, clock=wall_clock)
        runners.append(runner)
        return runner

    return make_runner


@pytest.fixture
def settable_apscheduler(monkeypatch, wall_clock: WallClock) -> None:
    """Let APScheduler read ``wall_clock``; it asks ``datetime.now`` in these two modules."""

    class SetDatetime(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + wall_clock.set_by

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SetDatetime)
    monkeypatch.setattr("apscheduler.triggers.interval.datetime", SetDatetime)


# --- ticking ---


def test_it_ticks_at_once_and_then_at_intervals(make, work: Work) -> None:
    runner = make()
    runner.start()
    assert wait_for(lambda: work.calls >= 4)
    assert runner.last_tick is not None
    assert runner.last_error is None


def test_the_interval_is_kept(make, work: Work) -> None:
    make().start()
    wait_for(lambda: work.calls >= 1)
    begin = time.monotonic()
    assert wait_for(lambda: work.calls >= 5)
    assert time.monotonic() - begin > 3 * SHORT.total_seconds()


def test_a_wake_does_not_wait_for_the_interval(make, work: Work) -> None:
    runner = make(every=LONG)
    runner.start()
    assert wait_for(lambda: work.calls == 1)
    runner.wake()
    assert wait_for(lambda: work.calls == 2)


def test_a_wake_during_a_tick_causes_exactly_one_more_after_it(make, work: Work) -> None:
    work.free.clear()
    runner = make(every=LONG)
    runner.start()
    assert wait_for(lambda: work.calls == 1)
    for _ in range(5):
        runner.wake()
    time.sleep(0.05)
    assert work.calls == 1
    work.free.set()
    assert wait_for(lambda: work.calls == 2)
    time.sleep(0.1)
    assert (work.calls, work.most_at_once) == (2, 1)


def test_two_ticks_never_run_at_once_whoever_wakes_it(make, work: Work) -> None:
    runner = make(lambda: (work(), time.sleep(0.01)), every=timedelta(milliseconds=5))
    runner.start()
    stop = threading.Event()
    wakers = [
        threading.Thread(target=lambda: [runner.wake() for _ in iter(stop.is_set, True)])
        for _ in range(3)
    ]
    for waker in wakers:
        waker.start()
    assert wait_for(lambda: work.calls >= 10)
    stop.set()
    for waker in wakers:
        waker.join()
    assert work.most_at_once == 1


def test_a_tick_longer_than_the_interval_piles_nothing_up(make, work: Work) -> None:
    work.free.clear()
    make(every=timedelta(milliseconds=20)).start()
    time.sleep(0.3)
    begin = work.calls
    work.free.set()
    time.sleep(0.05)
    assert begin == 1
    assert work.calls <= 5


def test_a_timer_that_rang_during_a_tick_is_not_made_up_for_after_it(make, work: Work) -> None:
    work.free.clear()
    make(every=timedelta(seconds=1)).start()
    time.sleep(1.2)
    work.free.set()
    time.sleep(0.2)
    assert work.calls == 1


def test_a_long_tick_makes_no_noise(make, work: Work, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        work.free.clear()
        runner = make(every=timedelta(milliseconds=10))
        runner.start()
        time.sleep(0.15)
        work.free.set()
        runner.stop()
    assert [record.getMessage() for record in caplog.records] == []


# --- errors ---


def test_an_exception_is_logged_and_the_next_tick_comes(make, caplog) -> None:
    calls = []

    def tick() -> None:
        calls.append(None)
        if len(calls) < 3:
            raise OSError("no connection")

    runner = make(tick)
    runner.start()
    assert wait_for(lambda: len(calls) >= 2)
    assert wait_for(lambda: runner.last_tick is not None)
    assert runner.last_error is None
    failures = [record for record in caplog.records if record.name == "scheduler.runner"]
    assert len(failures) == 2
    assert failures[0].levelno == logging.ERROR
    assert "no connection" in str(failures[0].exc_info)


def test_a_failed_tick_is_not_the_last_good_one(make) -> None:
    def tick() -> None:
        raise OSError("no connection")

    runner = make(tick)
    runner.start()
    assert wait_for(lambda: runner.last_error is not None)
    assert isinstance(runner.last_error, OSError)
    assert runner.last_tick is None


# --- starting and stopping ---


def test_after_stop_nothing_ticks(make, work: Work) -> None:
    runner = make()
    runner.start()
    wait_for(lambda: work.calls >= 2)
    runner.stop()
    calls = work.calls
    runner.wake()
    time.sleep(0.15)
    assert work.calls == calls


def test_stop_waits_for_the_tick_that_is_running(make, work: Work) -> None:
    work.free.clear()
    runner = make()
    runner.start()
    wait_for(lambda: work.calls == 1)
    threading.Timer(0.1, work.free.set).start()
    runner.stop()
    assert work.at_once == 0


def test_stop_without_waiting_returns_during_the_tick(make, work: Work) -> None:
    work.free.clear()
    runner = make()
    runner.start()
    wait_for(lambda: work.calls == 1)
    runner.stop(wait=False)
    assert work.at_once == 1
    work.free.set()


def test_stop_may_be_called_twice_and_from_a_tick(make, work: Work) -> None:
    runner = make(lambda: (work(), runner.stop()))
    runner.start()
    assert wait_for(lambda: work.calls == 1)
    runner.stop()
    assert work.calls == 1


def test_a_runner_runs_once(make) -> None:
    runner = make()
    runner.start()
    with pytest.raises(RuntimeError, match="make a new one"):
        runner.start()
    stopped = make()
    stopped.stop()
    with pytest.raises(RuntimeError, match="make a new one"):
        stopped.start()


def test_run_until_blocks_and_leaves_nothing_running(make, work: Work) -> None:
    stop = threading.Event()
    runner = make()
    threading.Timer(0.2, stop.set).start()
    before = set(threading.enumerate())
    runner.run_until(stop)
    calls = work.calls
    assert calls >= 2
    time.sleep(0.12)
    assert work.calls == calls
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if "runner" in name or "APScheduler" in name}


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least a millisecond"):
        Runner(lambda: None, every=timedelta(0), clock=SystemClock())


# --- health ---


def test_health_is_a_recent_good_tick(make, work: Work, wall_clock: WallClock) -> None:
    runner = make()
    assert not runner.healthy(wall_clock.now())  # not started
    runner.start()
    assert runner.healthy(wall_clock.now())
    assert wait_for(lambda: runner.last_tick is not None)
    assert runner.healthy(wall_clock.now())
    runner.stop()
    assert not runner.healthy(wall_clock.now())


def test_health_ends_after_three_intervals_or_half_a_minute(make, wall_clock: WallClock) -> None:
    for every, limit in ((timedelta(seconds=5), 30), (timedelta(seconds=20), 60)):
        runner = make(every=every)
        runner.start()
        assert wait_for(lambda runner=runner: runner.last_tick is not None)
        seconds = timedelta(seconds=1)
        assert runner.healthy(runner.last_tick + (limit - 1) * seconds)
        assert not runner.healthy(runner.last_tick + (limit + 1) * seconds)


def test_a_runner_that_cannot_finish_a_tick_is_unhealthy_in_the_end(make, work: Work) -> None:
    work.free.clear()
    runner = make()
    runner.start()
    assert wait_for(lambda: work.calls == 1)
    now = datetime.now(UTC)
    assert runner.healthy(now + timedelta(minutes=59))
    assert not runner.healthy(now + timedelta(minutes=61))
    work.free.set()


def test_a_runner_whose_ticks_all_fail_is_unhealthy_in_the_end(make) -> None:
    def tick() -> None:
        raise OSError("no connection")

    runner = make(tick)
    runner.start()
    assert wait_for(lambda: runner.last_error is not None)
    now = datetime.now(UTC)
    assert runner.healthy(now)
    assert not runner.healthy(now + timedelta(seconds=31))


# --- a wall clock that is set back ---


@pytest.mark.usefixtures("settable_apscheduler")
def test_apscheduler_alone_falls_silent_when_the_clock_steps_back(wall_clock: WallClock) -> None:
    """Why the watchdog exists; when this fails, APScheduler has changed and it may go."""
    calls = []
    alone = BackgroundScheduler(timezone=UTC)
    alone.add_job(lambda: calls.append(None), "interval", seconds=0.05, coalesce=True)
    alone.start()
    try:
        assert wait_for(lambda: len(calls) >= 2)
        wall_clock.set_by = timedelta(hours=-1)
        time.sleep(0.1)  # a run that was already on its way
        before = len(calls)
        time.sleep(0.3)
        assert len(calls) == before
    finally:
        alone.shutdown()


@pytest.mark.usefixtures("settable_apscheduler")
def test_ticks_go_on_after_the_clock_steps_back(
    make, work: Work, wall_clock: WallClock, caplog
) -> None:
    runner = make()
    runner.start()
    assert wait_for(lambda: work.calls >= 2)
    wall_clock.set_by = timedelta(hours=-1)
    assert wait_for(lambda: runner.steps_back == 1)
    before = work.calls
    assert wait_for(lambda: work.calls >= before + 4)
    assert runner.healthy(wall_clock.now())
    assert runner.last_tick is not None
    assert runner.last_tick <= wall_clock.now()
    assert "the clock stepped back by 3600." in caplog.text


@pytest.mark.usefixtures("settable_apscheduler")
def test_every_step_back_is_counted_and_survived(make, work: Work, wall_clock: WallClock) -> None:
    runner = make()
    runner.start()
    for step in (1, 2, 3):
        wall_clock.set_by -= timedelta(minutes=10)
        assert wait_for(lambda step=step: runner.steps_back == step)
        before = work.calls
        assert wait_for(lambda before=before: work.calls >= before + 2)


@pytest.mark.usefixtures("settable_apscheduler")
def test_the_last_tick_is_never_left_in_the_future(make, wall_clock: WallClock) -> None:
    runner = make(every=LONG)
    runner.start()
    assert wait_for(lambda: runner.last_tick is not None)
    wall_clock.set_by = timedelta(hours=-10)
    assert wait_for(lambda: runner.steps_back == 1)
    assert wait_for(lambda: runner.last_tick is not None and runner.last_tick <= wall_clock.now())
    assert runner.healthy(wall_clock.now())


@pytest.mark.usefixtures("settable_apscheduler")
def test_a_step_forward_and_a_small_adjustment_are_no_steps_back(
    make, work: Work, wall_clock: WallClock
) -> None:
    runner = make()
    runner.start()
    wait_for(lambda: work.calls >= 1)
    for step in (timedelta(hours=1), timedelta(seconds=-0.4), timedelta(seconds=-0.4)):
        wall_clock.set_by += step
        time.sleep(0.12)
    before = work.calls
    assert wait_for(lambda: work.calls >= before + 2)
    assert runner.steps_back == 0


@pytest.mark.usefixtures("settable_apscheduler")
def test_after_a_step_forward_by_years_no_missed_runs_are_listed(
    make, wall_clock: WallClock
) -> None:
    runner = make(every=timedelta(seconds=30))
    runner.start()
    wall_clock.set_by = timedelta(days=3650)

    def next_ring() -> datetime:
        return runner._scheduler.get_job("tick").next_run_time

    assert wait_for(lambda: next_ring() > wall_clock.now())
    assert next_ring() <= wall_clock.now() + timedelta(seconds=30)


@pytest.mark.usefixtures("settable_apscheduler")
def test_a_step_back_does_not_make_an_old_tick_look_recent(
    make, work: Work, wall_clock: WallClock
) -> None:
    runner = make(every=timedelta(seconds=0.2))
    runner.start()
    assert wait_for(lambda: runner.last_tick is not None)
    work.free.clear()
    assert wait_for(lambda: work.at_once == 1)
    wall_clock.set_by = timedelta(hours=-2)
    assert wait_for(lambda: runner.steps_back == 1)
    assert wait_for(lambda: runner.healthy(wall_clock.now()))
    assert not runner.healthy(wall_clock.now() + timedelta(minutes=61))
    work.free.set()
