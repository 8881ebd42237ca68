"""The button "Go to the next send": a copy of the database, on a clock that moves when asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.delivery.context import Context
from bypost.delivery.rehearsal import Sent
from bypost.web.copies import Copy, make_copy

#: Instants at which a pass may find nothing to send, one after another.
_MOST_EMPTY_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Where the simulation stands.

    Attributes:
        sent: What it sent so far, oldest first.
        step: What the latest step sent; empty if nothing comes any more.
    """

    now: datetime
    sent: Sequence[Sent]
    step: Sequence[Sent]


class Simulation:
    """Steps a copy from one send to the next, until told to go back."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._copy: Copy | None = None
        self._state: Simulated | None = None

    @property
    def state(self) -> Simulated | None:
        """Return where the simulation stands; None while there is none."""
        return self._state

    @property
    def copy(self) -> Copy | None:
        """Return the copy that is simulated on."""
        return self._copy

    def go(self) -> None:
        """Go to the next instant at which something is sent; begin if need be."""
        with self._lock:
            if self._copy is None:
                self._copy = make_copy(self._context)
                self._copy.rehearsal.start()
            copy = self._copy
            before = len(self._state.sent) if self._state else 0
            sent = copy.rehearsal.sent(after=copy.last)
            steps = 0
            while len(sent) == before and steps < _MOST_EMPTY_STEPS:
                if copy.rehearsal.step() is None:
                    break
                sent = copy.rehearsal.sent(after=copy.last)
                steps += 1
            self._state = Simulated(now=copy.rehearsal.now, sent=sent, step=sent[before:])

    def back(self) -> None:
        """Throw the simulation away."""
        with self._lock:
            if self._copy is not None:
                self._copy.close()
            self._copy = self._state = None
