"""What a soak is run with: options of the command, and figures that are the same in every run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bypost.model.message import Events, Nothing, Search, SendClass

#: Seconds.
LEASE, TIMEOUT, RETRY = 1.5, 0.7, 0.3
#: A late request is accepted so long after it came, when its sender has given up.
LATE = 1.0
#: What the provider has accepted shows in its search so much later.
LAG = 0.5
#: A worker that is stopped goes on after so long: longer than its lease at least.
STALL = (1.6, 3.0)
#: Longer than a late acceptance and the lag together, with room for a busy machine. A request that
#: was stopped on its way out is accepted within its lease and the quiet period as well.
QUIET = 4.0
assert STALL[1] + LATE + LAG < LEASE + QUIET
BATCH, THREADS = 10, 4
#: Seconds a worker rests between two passes.
REST = 0.2
#: One person in so many has an address that the provider refuses.
REFUSED_EVERY = 97
#: One accepted mail in so many is told of by an event, where the class has events.
TOLD_EVERY = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """A send class on trial.

    Attributes:
        provider: Its name in the settings.
        send_class: What the adapter declares in this run; None for its own word.
        settles: Nothing may be unknown at the end.
    """

    name: str
    provider: str
    send_class: SendClass | None
    settles: bool


SUBJECTS = {
    one.name: one
    for one in (
        Subject("key", "resend", None, settles=True),
        Subject("search", "postmark", Search(lag=timedelta(seconds=LAG)), settles=True),
        Subject("events", "postmark", Events(), settles=False),
        Subject("none", "postmark", Nothing(), settles=False),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The options.

    Attributes:
        deliveries: In a round; half of them lessons, half issues.
        workers: Processes that send.
        kill_every: Mean seconds between two kills from outside; stops come half as often.
        step_kills: Share of batches at which a worker kills itself; it stops itself at half as
            many.
        database: URL in the settings, relative to the folder of a round; empty for a new one of
            a PostgreSQL that this run starts.
        jobs: Workers get their batches from procrastinate, and one process more keeps the time.
        restart_every: Mean seconds between two restarts of the database; 0 for none.
    """

    deliveries: int
    workers: int
    seed: int
    kill_every: float
    step_kills: float
    database: str
    jobs: bool = False
    restart_every: float = 0.0

    @property
    def people(self) -> int:
        """Return how many people there are; each is owed a lesson and an issue."""
        return max(1, self.deliveries // 2)
