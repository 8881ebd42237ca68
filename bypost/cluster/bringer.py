"""Bringing one batch in a worker's slot: what a pass does with many, done with one."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from datetime import datetime, timedelta

from bypost.delivery import claim
from bypost.delivery.claim import Blocked, Claim, Done, Later, Progress
from bypost.delivery.context import Context
from bypost.delivery.deliver import bring
from bypost.delivery.hand_over import give_back
from bypost.errors import ByPostError
from bypost.store import offers

_LOG = logging.getLogger(__name__)

#: How long a slot waits for a provider's pace; never longer than half the lease.
PATIENCE = timedelta(seconds=60)
#: A batch whose provider is stopped is offered again after so long; ``resume`` does so at once.
_BLOCKED = timedelta(minutes=1)
#: Seconds between two looks whether to stop, while waiting.
_STEP = 0.5
#: Seconds after which a trouble that lasts is logged again.
_REMIND = 60.0
#: How often a batch that moved to another provider, say, is brought further by the same slot.
_ROUNDS = 5


class Bringer:
    """Brings the batches of one process, in any number of threads.

    Attributes:
        stopping: Set it to begin nothing more; what waits for its pace is given back.
    """

    def __init__(self, context: Context) -> None:
        self.stopping = threading.Event()
        self._context = context
        #: A trouble -> when it was logged.
        self._told: dict[str, float] = {}
        #: One claims at a time, in each queue: where all wait for the same pace, all would ask the
        #: database again at the same moment, for one request that may leave.
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def bring(self, batch_id: int, queue: str) -> None:
        """Bring a batch as far as it goes now; what comes of it is in the database.

        Where that fails, the offer runs out with the lease, and the clock offers the batch again.
        """
        try:
            until, ended = self._bring(batch_id, self._turns[queue])
            if not ended:
                give_back(self._context, batch_id, until)
        except ByPostError as error:
            _LOG.warning("batch %s: %s", batch_id, str(error).partition("\n")[0])
        except Exception:  # noqa: BLE001 - as a tick: a mistake of ours must not end the slot
            _LOG.exception("batch %s: could not be brought; it is offered again", batch_id)

    def _bring(self, batch_id: int, turn: threading.Lock) -> tuple[datetime | None, bool]:
        """Return when to offer the batch again, and whether it needs no offer."""
        for _ in range(_ROUNDS):
            match self._attempt(batch_id, turn):
                case Done():
                    if not self._is_ready(batch_id):
                        return None, True
                case Later(until, trouble):
                    self._remark(trouble)
                    return until, False
                case Blocked(reason):
                    self._remark(reason)
                    return self._context.clock.now() + _BLOCKED, False
                case None:
                    return None, False
        return None, False

    def _remark(self, trouble: str) -> None:
        """Log what went wrong, once a minute while it is the same for many batches."""
        now = self._context.clock.elapsed()
        last = self._told.get(trouble)
        if trouble and (last is None or now - last > _REMIND):
            self._told = {text: at for text, at in self._told.items() if now - at <= _REMIND}
            self._told[trouble] = now
            _LOG.warning("%s", trouble)

    def _attempt(self, batch_id: int, turn: threading.Lock) -> Progress | None:
        """Bring the batch one attempt further; None: the process is about to end."""
        with turn:
            taken = self._claim(batch_id)
        return bring(self._context, taken) if isinstance(taken, Claim) else taken

    def _claim(self, batch_id: int) -> Claim | Progress | None:
        """Take the lease, in time with the provider's pace."""
        patience = min(PATIENCE, self._context.lease / 2)
        while not self.stopping.is_set():
            taken = claim.take(self._context, batch_id)
            if not (isinstance(taken, Later) and taken.everybody):
                return taken
            wait = taken.until - self._context.clock.now()
            if wait > patience:
                return taken
            patience -= wait
            self._sleep(wait.total_seconds())
        return None

    def _sleep(self, seconds: float) -> None:
        """Let time pass, unless the process is about to end."""
        while seconds > 0 and not self.stopping.is_set():
            self._context.clock.sleep(min(seconds, _STEP))
            seconds -= _STEP

    def _is_ready(self, batch_id: int) -> bool:
        with self._context.store.read() as connection:
            return offers.is_ready(connection, batch_id, self._context.clock.now())
