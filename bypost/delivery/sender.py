"""Bringing every ready batch to its provider, several at once, at the provider's pace."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from bypost.delivery import disk
from bypost.delivery.claim import Blocked, Later
from bypost.delivery.context import Context
from bypost.delivery.deliver import deliver
from bypost.store import counts, ledger

_LOG = logging.getLogger(__name__)

#: Seconds between two reports of progress.
_TELL_EVERY = 0.2
#: Seconds between two looks for a notice while there is nothing else to do.
_LOOK_EVERY = 1.0
#: How soon to look again at a batch that waits for a stopped provider while others go elsewhere:
#: longer than any pass is patient.
_BLOCKED = timedelta(hours=1)
#: Told (deliveries settled so far, deliveries to settle) while sending.
Progress = Callable[[int, int], None]


class Sender:
    """Brings every ready batch to its provider, several at once."""

    def __init__(self, context: Context, patience: timedelta, on_progress: Progress | None) -> None:
        self._context = context
        self._patience = patience
        self._on_progress = on_progress
        self._told_at = 0.0
        #: Nothing leaves before: the provider's pace.
        self._not_before: datetime | None = None
        #: Batches to leave alone until: their own failure, or somebody else's lease.
        self._resting: dict[int, datetime] = {}
        self.troubles: list[str] = []
        self.blocked: str = ""

    def send_ready(self) -> None:
        """Send until nothing is ready, or what is left must wait longer than our patience."""
        threads = self._context.settings.sending.threads
        running: dict[Future[object], int] = {}
        with ThreadPoolExecutor(threads, thread_name_prefix="send") as pool:
            while True:
                for batch_id in self._choose(threads - len(running), set(running.values())):
                    running[pool.submit(deliver, self._context, batch_id)] = batch_id
                if running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._note(running.pop(future), future.result())
                    self._tell()
                elif not self._wait():
                    return

    def _choose(self, room: int, busy: set[int]) -> list[int]:
        """Return batches to start now."""
        now = self._context.clock.now()
        if room <= 0 or self.blocked or (self._not_before and self._not_before > now):
            return []
        if short := disk.shortage(self._context):
            self.blocked = short
            self._note_trouble(short)
            return []
        self._resting = {i: until for i, until in self._resting.items() if until > now}
        passed_over = busy | set(self._resting)
        with self._context.store.read() as connection:
            ids = ledger.ready(connection, now, limit=room + len(passed_over))
        return [i for i in ids if i not in passed_over][:room]

    def _note(self, batch_id: int, progress: object) -> None:
        """Take in what became of one batch."""
        match progress:
            case Blocked(reason, everybody=True):
                self.blocked = reason
            case Blocked(reason):  # the others go to another provider; the report names this one
                self._resting[batch_id] = self._context.clock.now() + _BLOCKED
            case Later(until, everybody=True):
                self._not_before = until
            case Later(until, trouble):
                self._resting[batch_id] = until
                self._note_trouble(trouble)

    def _note_trouble(self, trouble: str) -> None:
        """Remember a trouble for the report, and log it the first time."""
        if trouble and trouble not in self.troubles:
            self.troubles.append(trouble)
            _LOG.warning("%s", trouble)

    def _wait(self) -> bool:
        """Sleep until something can be tried; False if there is nothing, or it is too far off."""
        now = self._context.clock.now()
        return self.wait_until(None if self.blocked else self._next_chance(now))

    def wait_until(self, at: datetime | None) -> bool:
        """Sleep until ``at``; False if there is no such instant, or patience ends before.

        A notice that comes meanwhile ends the sleep: whoever has just signed up waits for it.
        """
        now = self._context.clock.now()
        if at is None or at - now > self._patience:
            return False
        wait = (at - now).total_seconds()
        while wait > 0 and not self._has_notice():
            step = min(wait, _LOOK_EVERY)
            self._patience -= timedelta(seconds=step)
            self._context.clock.sleep(step)
            wait -= step
        return True

    def _has_notice(self) -> bool:
        """Tell whether a notice could leave now."""
        now = self._context.clock.now()
        if self.blocked or (self._not_before and self._not_before > now):
            return False
        with self._context.store.read() as connection:
            ids = ledger.ready_notices(connection, now, limit=len(self._resting) + 1)
        return any(self._resting.get(i, now) <= now for i in ids)

    def _next_chance(self, now: datetime) -> datetime | None:
        """Return when to look again; None if nothing is open."""
        with self._context.store.read() as connection:
            later = ledger.next_try(connection, after=now)
            waiting = bool(ledger.ready(connection, now, limit=1))
        chances = [*self._resting.values(), *filter(None, [later])]
        pace = max(self._not_before or now, now)
        if waiting and pace > now:
            chances.append(pace)
        # Whoever rests less long than the pace lasts gains nothing by it.
        return max(min(chances), pace) if chances else None

    def _tell(self) -> None:
        """Report progress, a few times a second at most."""
        elapsed = self._context.clock.elapsed()
        if self._on_progress is None or elapsed - self._told_at < _TELL_EVERY:
            return
        self._told_at = elapsed
        with self._context.store.read() as connection:
            now = counts.count(connection)
        self._on_progress(now.owed - now.pending, now.owed)
