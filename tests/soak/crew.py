"""The crew: processes that are killed and stopped at random, and always replaced."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.soak.plan import STALL

#: Starts one kind of process; is told how many were started before it, and whether to be peaceful.
Start = Callable[[int, bool], int]
#: A process that ends by itself is a mistake; after so many there is no use in going on.
_MOST_ENDED = 20


@dataclass(slots=True)
class _Member:
    """A process.

    Attributes:
        killed: By us, so its end is no surprise.
        wake_at: It is stopped until then; None while it runs.
    """

    start: Start
    pid: int
    killed: bool = False
    wake_at: float | None = None


class Crew:
    """Keeps one process of each kind alive.

    Attributes:
        counts: ``killed`` from outside, ``died`` by own hand at a step, ``stopped``, ``restarted``
            (the database), and ``ended`` by themselves, which none should.

    Args:
        restart: Stops the database at once, as after a power cut, and starts it again.
        restart_every: Mean seconds between two of those; 0: none.
    """

    def __init__(
        self,
        starts: Sequence[Start],
        rng: Random,
        *,
        kill_every: float,
        restart: Callable[[], object] = lambda: None,
        restart_every: float = 0.0,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._rng = rng
        self._kill_every = kill_every
        self._peaceful = False
        self._started = 0
        self._members = [_Member(start, self._begin(start)) for start in starts]
        self._next_kill = self._after(kill_every)
        self._next_stop = self._after(2 * kill_every)
        self._restart, self._restart_every = restart, restart_every
        self._next_restart = self._after(restart_every) if restart_every else math.inf

    def turn(self) -> None:
        """Look after everybody; to be called often.

        Raises:
            RuntimeError: They end by themselves, again and again.
        """
        for member in self._members:
            self._look(member)
            if member.wake_at is not None and time.monotonic() >= member.wake_at:
                member.wake_at = None
                self._signal(member, signal.SIGCONT)
        if not self._peaceful:
            self._trouble()
        if self.counts["ended"] > _MOST_ENDED:
            raise RuntimeError("the workers end by themselves; what they said is in their log")

    def calm(self) -> None:
        """Replace everybody by peaceful processes that are left alone."""
        self.close()
        self._peaceful = True
        for member in self._members:
            self._replace(member)

    def close(self) -> None:
        """Kill everybody."""
        for member in self._members:
            self._signal(member, signal.SIGKILL)
        for member in self._members:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(member.pid, 0)

    def _look(self, member: _Member) -> None:
        """Notice a death or a stop."""
        pid, status = os.waitpid(member.pid, os.WNOHANG | os.WUNTRACED)
        if not pid:
            return
        if os.WIFSTOPPED(status):
            if member.wake_at is None:  # by its own hand
                self._sleep(member)
            return
        by_signal = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if not member.killed:
            self.counts["died" if by_signal else "ended"] += 1
            if not by_signal:
                code = os.waitstatus_to_exitcode(status)
                print(f"a process ended by itself: {code}", file=sys.stderr, flush=True)  # noqa: T201 - the report of a command
        self._replace(member)

    def _trouble(self) -> None:
        """Kill or stop somebody, when it is time."""
        now = time.monotonic()
        if now >= self._next_kill:
            self._next_kill = self._after(self._kill_every)
            self._kill(self._rng.choice(self._members))
        elif now >= self._next_stop:
            self._next_stop = self._after(2 * self._kill_every)
            self._stop(self._rng.choice(self._members))
        elif now >= self._next_restart:
            self._restart()
            self.counts["restarted"] += 1
            self._next_restart = self._after(self._restart_every)

    def _kill(self, member: _Member) -> None:
        if not member.killed:
            member.killed = True
            self.counts["killed"] += 1
            self._signal(member, signal.SIGKILL)

    def _stop(self, member: _Member) -> None:
        if member.wake_at is None and not member.killed:
            self._signal(member, signal.SIGSTOP)
            self._sleep(member)

    def _sleep(self, member: _Member) -> None:
        self.counts["stopped"] += 1
        member.wake_at = time.monotonic() + self._rng.uniform(*STALL)

    def _replace(self, member: _Member) -> None:
        member.pid = self._begin(member.start)
        member.killed, member.wake_at = False, None

    def _begin(self, start: Start) -> int:
        self._started += 1
        return start(self._started, self._peaceful)

    def _after(self, mean: float) -> float:
        return time.monotonic() + self._rng.expovariate(1 / mean)

    def _signal(self, member: _Member, what: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.pid, what)
