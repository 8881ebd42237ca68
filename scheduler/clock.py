"""What time is it: the only place that asks the machine.

Everything else is given a :class:`Clock`, so a test or a rehearsal can stand at any instant and
move on at will.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from scheduler.wall import to_utc

# CLOCK_BOOTTIME also counts the time a machine spent suspended; Linux has it, others do not.
_ELAPSED_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """Return the present instant: aware, in UTC, to the microsecond."""
        ...

    def elapsed(self) -> float:
        """Return seconds since some fixed but unknown moment; never goes backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` have passed on this clock."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the machine's present instant; it can step back when someone sets it."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Return seconds that no one can set; suspended time counts where the system can tell."""
        if _ELAPSED_CLOCK is None:
            return time.monotonic()
        return time.clock_gettime(_ELAPSED_CLOCK)

    def sleep(self, seconds: float) -> None:
        """Block this thread for ``seconds``; nothing happens for zero or less."""
        time.sleep(max(0.0, seconds))


class SimulatedClock:
    """A clock that stands still until it is moved; any thread may move or read it.

    Args:
        start: The instant at which it stands, aware.

    Raises:
        ValueError: ``start`` carries no time zone.
    """

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._now = to_utc(start)
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return the instant at which the clock stands."""
        with self._lock:
            return self._now

    def elapsed(self) -> float:
        """Return the seconds it was moved forward so far; :meth:`step_back` takes none away."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Move forward by ``seconds`` and return at once; nothing happens for zero or less."""
        self.advance(timedelta(seconds=max(0.0, seconds)))

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``.

        Raises:
            ValueError: ``by`` is negative; :meth:`step_back` is the way to do that on purpose.
        """
        with self._lock:
            self._move(self._now + by)

    def advance_to(self, instant: datetime) -> None:
        """Move forward to ``instant``; to the present instant is allowed and changes nothing.

        Raises:
            ValueError: ``instant`` is in the past of this clock, or carries no time zone.
        """
        target = to_utc(instant)
        with self._lock:
            self._move(target)

    def step_back(self, by: timedelta) -> None:
        """Set the clock back by ``by``, as an operator or a time server may do to a machine.

        Raises:
            ValueError: ``by`` is negative.
        """
        if by < timedelta(0):
            raise ValueError(f"step_back({by}) would go forward; use advance()")
        with self._lock:
            self._now -= by

    def _move(self, target: datetime) -> None:
        if target < self._now:
            raise ValueError(
                f"the clock stands at {self._now.isoformat()} and cannot advance to "
                f"{target.isoformat()}; use step_back() to set it back"
            )
        self._elapsed += (target - self._now).total_seconds()
        self._now = target
