"""The runner: wakes up at intervals and does the work. The only importer of APScheduler.

APScheduler holds one job and rings one bell; a thread of our own does the work when it rings.
What is due is never kept here, so a bell that did not ring costs lateness and nothing else.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.clock import Clock

logger = logging.getLogger(__name__)

JOB_ID = "tick"
#: A tick that ran within this time, or within three intervals, is recent.
RECENT = timedelta(seconds=30)
#: A tick that runs for longer than this is taken to be stuck.
LONGEST_TICK = timedelta(hours=1)

#: A wall clock that goes back by more than this has been set, not merely adjusted.
_STEP_SECONDS = 1.0
#: Two clocks cannot be read at once; a pair of readings further apart is not compared.
_READING_SECONDS = 0.1


class Runner:
    """Calls ``tick`` at start and then every so often, and whenever someone asks; one at a time.

    An exception in ``tick`` is logged and the next tick comes as usual. A tick longer than the
    interval delays the next one and piles nothing up.

    Args:
        tick: The work. It runs in a thread of the runner.
        every: The interval, at least a millisecond.
        clock: For :attr:`last_tick` and to notice a wall clock that was set back. The interval
            itself is real time, whatever this clock says.

    Raises:
        ValueError: ``every`` is too short.

    Attributes:
        last_tick: When a tick last came to its end without an exception.
        last_error: What the latest tick raised, None if it raised nothing.
        steps_back: How often the wall clock was seen to go back by more than a second.
    """

    def __init__(self, tick: Callable[[], None], *, every: timedelta, clock: Clock) -> None:
        if every < timedelta(milliseconds=1):
            raise ValueError(f"a tick every {every} is too often; write at least a millisecond")
        self.last_tick: datetime | None = None
        self.last_error: Exception | None = None
        self.steps_back = 0
        self._tick = tick
        self._every = every
        self._clock = clock
        self._lock = threading.Lock()  # guards the three instants and nothing slow
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._started_at: datetime | None = None
        self._ticking_since: datetime | None = None
        self._last_offset: float | None = None
        self._worker = threading.Thread(target=self._work, name="runner-tick", daemon=True)
        self._watchdog = threading.Thread(target=self._watch, name="runner-watchdog", daemon=True)
        self._scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(1)}
        )

    def start(self) -> None:
        """Start ticking, the first time now, and return at once.

        Raises:
            RuntimeError: It was started or stopped before; a runner runs once.
        """
        if self._started_at is not None or self._stopping.is_set():
            raise RuntimeError("this runner was used before; make a new one")
        _quieten_apscheduler()
        self._started_at = self._clock.now()
        self._last_offset = self._offset()
        self._set_bell_timer()
        self._scheduler.start()
        self._bell.set()
        self._worker.start()
        self._watchdog.start()

    def wake(self) -> None:
        """Ask for a tick now, from any thread, and return at once.

        During a tick this asks for one more after it, because that tick may have looked already;
        asking several times still asks for one.
        """
        self._bell.set()

    def stop(self, *, wait: bool = True) -> None:
        """Tick no more. Safe to call twice, from a tick, and before :meth:`start`.

        Args:
            wait: Return only when a tick that is running has come to its end.
        """
        self._stopping.set()
        self._bell.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if not wait:
            return
        for thread in (self._watchdog, self._worker):
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()

    def run_until(self, stop: threading.Event) -> None:
        """Start, block until ``stop`` is set, then stop and wait for the last tick."""
        self.start()
        try:
            # Not one endless wait: on Windows that would not hear Ctrl-C.
            while not stop.wait(timeout=1.0):
                pass
        finally:
            self.stop()

    def healthy(self, now: datetime) -> bool:
        """Return whether ticks come as they should.

        True if the last good tick (or the start, before the first) is less than three intervals
        or 30 seconds old, whichever is longer; or if a tick is running that began in such a state
        less than an hour ago. A runner whose ticks all raise is therefore not healthy, nor is one
        that was stopped.
        """
        with self._lock:
            seen = self.last_tick or self._started_at
            ticking_since = self._ticking_since
        if seen is None or self._stopping.is_set():
            return False
        recent = max(3 * self._every, RECENT)
        if ticking_since is not None:
            began_well = abs(ticking_since - seen) < recent
            return began_well and abs(now - ticking_since) < max(recent, LONGEST_TICK)
        return abs(now - seen) < recent

    def _set_bell_timer(self) -> None:
        """Add the one job, or put it back in place with its next run one interval from now."""
        self._scheduler.add_job(
            self._ring_by_timer,
            IntervalTrigger(seconds=self._every.total_seconds(), timezone=UTC),
            id=JOB_ID,
            replace_existing=True,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    def _ring_by_timer(self) -> None:
        # A tick that is running will be followed by another soon enough; only wake() insists.
        if self._ticking_since is None:
            self._bell.set()

    def _work(self) -> None:
        while True:
            self._bell.wait()
            self._bell.clear()
            if self._stopping.is_set():
                return
            self._tick_once()

    def _tick_once(self) -> None:
        with self._lock:
            self._ticking_since = self._clock.now()
        failure: Exception | None = None
        try:
            self._tick()
        except Exception as error:
            logger.exception("a tick failed; the next one comes as usual")
            failure = error
        with self._lock:
            self._ticking_since = None
            self.last_error = failure
            if failure is None:
                self.last_tick = self._clock.now()

    def _watch(self) -> None:
        while not self._stopping.wait(min(self._every.total_seconds(), 1.0)):
            offset = self._offset()
            if offset is None:
                continue
            step = 0.0 if self._last_offset is None else offset - self._last_offset
            self._last_offset = offset
            if abs(step) > _STEP_SECONDS:
                # APScheduler 3.11 waits for an instant of the wall clock: after a step back by an
                # hour it is silent for that hour. After a step forward by months, as on a machine
                # that boots without a clock, it lists every run it missed.
                self._set_bell_timer()
            if step < -_STEP_SECONDS:
                self._after_step_back(-step)

    def _after_step_back(self, seconds: float) -> None:
        logger.warning("the clock stepped back by %.1f s; ticking goes on", seconds)
        self.steps_back += 1
        # What happened has happened by now; left in the future it would look recent for an hour.
        with self._lock:
            now = self._clock.now()
            self.last_tick = self.last_tick and min(self.last_tick, now)
            self._started_at = self._started_at and min(self._started_at, now)
            self._ticking_since = self._ticking_since and min(self._ticking_since, now)

    def _offset(self) -> float | None:
        """Return how far the wall clock is ahead of the one nobody sets; None if in doubt."""
        before = self._clock.elapsed()
        now = self._clock.now().timestamp()
        after = self._clock.elapsed()
        return now - after if after - before < _READING_SECONDS else None


def _quieten_apscheduler() -> None:
    """Keep its per-run notes out of the log, unless someone asked for them by name."""
    theirs = logging.getLogger("apscheduler")
    if theirs.level == logging.NOTSET:
        theirs.setLevel(logging.ERROR)
