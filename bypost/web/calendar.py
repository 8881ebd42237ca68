"""What comes next for everybody: the real pass, run ahead on a copy of the database."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bypost.content.watch import signature
from bypost.delivery.context import Context
from bypost.delivery.rehearsal import Sent
from bypost.delivery.run import Pass
from bypost.errors import ByPostError, Problem
from bypost.web.copies import Copy, make_copy

#: How far the calendar looks.
AHEAD = timedelta(days=60)
#: Seconds after which looking ahead is given up, so that a mistake never keeps a machine busy.
_LONGEST_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Everything that comes within :data:`AHEAD`.

    Attributes:
        coming: Mails that are not sent yet, soonest first.
        people: How many people are in a course; beyond the first ones nobody is looked at.
        held: Folders that send nothing as they stand, and why.
        trouble: Why nothing could be worked out; empty if it could.
    """

    coming: Sequence[Sent] = ()
    people: int = 0
    held: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    trouble: str = ""


@dataclass(slots=True)
class _Work:
    """One look ahead, in a thread of its own."""

    key: object
    done: threading.Event = field(default_factory=threading.Event)
    outlook: Outlook = field(default_factory=Outlook)
    copy: Copy | None = None


class Calendar:
    """Looks ahead when asked, and again when the database or the content changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._work: _Work | None = None
        self._closing = False

    def outlook(self, patience: timedelta = timedelta(seconds=10)) -> Outlook | None:
        """Return what comes; None if working that out takes longer than ``patience``."""
        work = self._current()
        return work.outlook if work.done.wait(patience.total_seconds()) else None

    @property
    def copy(self) -> Copy | None:
        """Return the copy with the coming mails, once there is one."""
        work = self._work
        return work.copy if work and work.done.is_set() else None

    def close(self) -> None:
        """Stop looking and throw the copies away."""
        self._closing = True
        with self._lock:
            if self._work and self._work.done.wait(2) and self._work.copy:
                self._work.copy.close()

    def _current(self) -> _Work:
        """Return the look ahead for the present state, begun if need be."""
        with self._lock:
            key = self._state()
            if self._work is None or (self._work.done.is_set() and self._work.key != key):
                before, self._work = self._work, _Work(key)
                args = (self._work, before)
                threading.Thread(target=self._look, args=args, daemon=True).start()
            return self._work

    def _state(self) -> object:
        """Return what the calendar depends on: the database's files and the content's."""
        return self._context.store.stamp(), signature(self._context.root)

    def _look(self, work: _Work, before: _Work | None) -> None:
        began = self._context.clock.elapsed()

        def go_on(_at: datetime) -> None:
            if self._closing or self._context.clock.elapsed() - began > _LONGEST_S:
                raise ByPostError(f"looking {AHEAD.days} days ahead took too long")

        try:
            work.copy = make_copy(self._context)
            rehearsal = work.copy.rehearsal
            rehearsal.run(rehearsal.now + AHEAD, on_step=go_on)
            work.outlook = Outlook(
                coming=rehearsal.sent(after=work.copy.last),
                people=work.copy.people,
                held=Pass(rehearsal.context, csv=False).status().held,
            )
        except ByPostError as error:
            work.outlook = Outlook(trouble=str(error))
        finally:
            work.done.set()
            if before and before.copy:
                before.copy.close()
