"""Who is there to bring what is handed over: each worker says so every few seconds."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.store import Connection, offers, workers

#: Between two signs of life.
BEAT = timedelta(seconds=10)
#: After so long without one a worker is not there any more.
GONE = timedelta(seconds=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The workers, as the database knows them.

    Attributes:
        engine: Who brings batches: ``threads`` (the passes themselves) or ``procrastinate``.
        alive: Workers that were seen lately.
        slots: Batches they bring at a time, all together.
        last_seen: When any of them was last seen; None: not for a day.
        waiting: Batches that are ready and that nobody has in hand.
        waiting_since: Since when the oldest of them is ready.
    """

    engine: str = "threads"
    alive: int = 0
    slots: int = 0
    last_seen: datetime | None = None
    waiting: int = 0
    waiting_since: datetime | None = None

    @property
    def is_missing(self) -> bool:
        """Tell whether passes hand over and nobody is there to take it."""
        return self.engine == "procrastinate" and not self.alive

    def idle(self, now: datetime) -> timedelta | None:
        """Return how long batches have waited while no worker was there; None: none is needed."""
        if not self.is_missing or self.waiting_since is None:
            return None
        seen = self.last_seen or self.waiting_since
        return max(now - max(seen, self.waiting_since), timedelta(0))


def look(context: Context, connection: Connection, now: datetime) -> Crew:
    """Return who is there."""
    there = workers.alive(connection, now - GONE)
    waiting, since = offers.ready(connection, now)
    return Crew(
        engine=context.settings.sending.engine,
        alive=len(there),
        slots=sum(row["slots"] for row in there),
        last_seen=workers.last_seen(connection),
        waiting=waiting,
        waiting_since=since,
    )


class Presence:
    """One worker's own row."""

    def __init__(self, context: Context, slots: int) -> None:
        self._context = context
        self._slots = slots
        self._id: int | None = None

    def show(self) -> None:
        """Say that this worker is there.

        Raises:
            StoreError: The database cannot be written.
        """
        now = self._context.clock.now()
        with self._context.store.write(together=True) as connection:
            if self._id is None or not workers.seen(connection, self._id, now):
                self._id = workers.begin(connection, name=_name(), slots=self._slots, now=now)

    def end(self) -> None:
        """Say that this worker stops in good order."""
        if self._id is not None:
            with self._context.store.write(together=True) as connection:
                workers.end(connection, self._id, self._context.clock.now())


def _name() -> str:
    return f"{socket.gethostname()} {os.getpid()}"
