"""The one clock of several machines: the database's.

Machines differ by seconds or, badly set, by hours. A lease, the lifetime of a key or a quiet period
written by one of them and read by another would be wrong by as much. So each asks the database what
time it is, now and then, and counts on from there by a clock of its own that nobody can set.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from bypost.errors import StoreError
from scheduler.clock import Clock

#: Seconds after which the database is asked again; crystals drift by far less than a second a day.
_AGAIN = 30.0


class ServerClock:
    """Tells the database's time.

    Args:
        ask: Returns the database's present instant.
        machine: Counts the seconds in between.

    Raises:
        StoreError: from the first question, where the database cannot be asked.
    """

    def __init__(self, ask: Callable[[], datetime], machine: Clock) -> None:
        self._ask = ask
        self._machine = machine
        self._lock = threading.Lock()
        self._told, self._at = self._asked()

    def now(self) -> datetime:
        """Return the present instant; while the database is away, counted on from its last word."""
        with self._lock:
            elapsed = self._machine.elapsed()
            if elapsed - self._at > _AGAIN:
                with suppress(StoreError):
                    self._told, self._at = self._asked()
                elapsed = self._machine.elapsed()
            return self._told + timedelta(seconds=elapsed - self._at)

    def elapsed(self) -> float:
        """Return the machine's seconds that nobody can set."""
        return self._machine.elapsed()

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        self._machine.sleep(seconds)

    def _asked(self) -> tuple[datetime, float]:
        """Return the database's instant and when, by our seconds, it was so."""
        before = self._machine.elapsed()
        told = self._ask()
        return told, (before + self._machine.elapsed()) / 2
