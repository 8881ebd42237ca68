"""How a request to a :class:`~bypost.testing.simulated.SimulatedProvider` ends."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bypost.errors import NotSent, OutcomeUnknown, Refused, SendError, Throttled

_NOW = timedelta(0)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the provider got it, or a question (one reference and an empty key).

    Attributes:
        number: Counts requests and questions apart, from 0.
        refs: Reference of each message, in order.
        to: Address of each message, in order.
    """

    number: int
    refs: tuple[str, ...]
    to: tuple[str, ...]
    key: str
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the provider does with one request, and what the sender hears of it.

    Attributes:
        accept: Whether it takes the messages over.
        after: How long after the sender heard its error it does so.
        refused: Places (from 0) of messages that are refused one by one.
        retried: Places of messages that are not taken now, through no fault of theirs.
        error: What the sender hears in place of the results; None for the results.
        then: Done when the messages are accepted and before the sender hears of it: an event that
            overtakes the answer, a clock that moves, a process that dies.
    """

    accept: bool = True
    after: timedelta = _NOW
    refused: Collection[int] = ()
    retried: Collection[int] = ()
    error: SendError | None = None
    then: Callable[[], None] | None = None

    def and_then(self, act: Callable[[], None]) -> Ending:
        """Return the same ending with something that happens before the sender hears of it."""
        return replace(self, then=act)


def ok() -> Ending:
    """Take everything over and say so."""
    return Ending()


def lost(*, accepted: bool) -> Ending:
    """Answer nothing usable, after taking everything over or nothing."""
    return Ending(accept=accepted, error=OutcomeUnknown("simulated: no answer"))


def late(after: timedelta) -> Ending:
    """Answer nothing, and take everything over only when ``after`` has passed."""
    return Ending(after=after, error=OutcomeUnknown("simulated: no answer in time"))


def not_sent() -> Ending:
    """Let no byte of the request leave."""
    return Ending(accept=False, error=NotSent("simulated: no connection"))


def throttled(retry_after: timedelta | None = timedelta(seconds=7)) -> Ending:
    """Refuse for now, with or without a time to come back."""
    error = Throttled("simulated: HTTP 429", status=429, retry_after=retry_after)
    return Ending(accept=False, error=error)


def refused(status: int) -> Ending:
    """Refuse the request as a whole, as for a wrong key (401) or for its content (422)."""
    return Ending(accept=False, error=Refused(f"simulated: HTTP {status}", status=status))


def some_refused(*places: int) -> Ending:
    """Take over all but the messages at these places (from 0), which are refused for good."""
    return Ending(refused=frozenset(places))


def some_retried(*places: int) -> Ending:
    """Take over all but the messages at these places (from 0), which are still owed."""
    return Ending(retried=frozenset(places))


#: Asked about each request that the queue holds nothing for; None for one that goes well.
Rule = Callable[[Request], Ending | None]


class Endings:
    """Which ending meets which request: a queue first, then a rule; safe to use from threads."""

    def __init__(self, endings: Iterable[Ending | None] | Rule = ()) -> None:
        """Make a script.

        Args:
            endings: In the order of the requests, None for one that goes well; or a rule.
        """
        self._lock = threading.Lock()
        self.rule: Rule | None = endings if callable(endings) else None
        self._queue: deque[Ending | None] = deque(() if callable(endings) else endings)

    def add(self, *endings: Ending | None) -> None:
        """Put endings at the end of the queue."""
        with self._lock:
            self._queue.extend(endings)

    def clear(self) -> None:
        """Let everything from now on go well."""
        with self._lock:
            self._queue.clear()
        self.rule = None

    def next(self, request: Request) -> Ending:
        """Return the ending of ``request``; it goes well where nothing else is said."""
        with self._lock:
            if self._queue:
                return self._queue.popleft() or ok()
        return (self.rule(request) if self.rule else None) or ok()
