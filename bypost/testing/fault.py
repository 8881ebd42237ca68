"""What can go wrong with one request, and when."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong with one request.

    Attributes:
        accept: Whether the request is processed as usual before it goes wrong.
        delay_s: Seconds before it is processed: a second request with its key is "concurrent".
        hang_s: Seconds between processing and the answer.
        reset: The connection is reset instead of an answer.
        status: Status to answer with; None for the one the request would have got.
        headers: Further headers of the answer.
        body: Body of the answer; None for the one the request would have got.
        drip_s: Seconds between two bytes of the answer; 0 sends it whole.
        truncate: Only half of the announced body is sent before the connection closes.
    """

    accept: bool = False
    delay_s: float = 0.0
    hang_s: float = 0.0
    reset: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    drip_s: float = 0.0
    truncate: bool = False

    @property
    def replaces_answer(self) -> bool:
        """Whether the request's own answer plays no part."""
        return self.status is not None or self.body is not None


def answer(status: int, body: str = "", headers: Mapping[str, str] | None = None) -> Fault:
    """Answer so; nothing is accepted."""
    return Fault(status=status, body=body, headers=headers or {})


def error(status: int = 500, *, accept: bool) -> Fault:
    """Answer with a server error, before or after accepting."""
    body = '{"statusCode":500,"name":"application_error","message":"An unexpected error occurred"}'
    return Fault(accept=accept, status=status, body=body)


def throttled(retry_after: str | None = "7") -> Fault:
    """Answer 429, with a ``Retry-After`` unless it is None."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    body = '{"statusCode":429,"name":"rate_limit_exceeded","message":"Too many requests"}'
    return answer(429, body, headers)


def redirect(to: str) -> Fault:
    """Answer 302 with a page, as a login wall does."""
    return answer(302, "<html>Please sign in</html>", {"Location": to})


def garbage(*, accept: bool = True) -> Fault:
    """Answer 200 with something that is not JSON."""
    return Fault(accept=accept, status=200, body="<html>It works</html>")


def reset(*, accept: bool) -> Fault:
    """Reset the connection, before or after accepting."""
    return Fault(accept=accept, reset=True)


def hang(seconds: float) -> Fault:
    """Accept, then keep the answer back."""
    return Fault(accept=True, hang_s=seconds)


def slow(seconds: float) -> Fault:
    """Take this long before accepting; it is accepted even when nobody waits any more."""
    return Fault(accept=True, delay_s=seconds)


def drip(seconds: float = 0.05) -> Fault:
    """Accept, then answer a byte at a time."""
    return Fault(accept=True, drip_s=seconds)


def truncated() -> Fault:
    """Accept, then break off in the middle of the answer."""
    return Fault(accept=True, truncate=True)


#: Asked with the number of the request, counting from 0.
Chooser = Callable[[int], Fault | None]


class Script:
    """Which fault meets which request: a queue first, then a rule; safe to use from threads."""

    def __init__(self, faults: Iterable[Fault | None] | Chooser = ()) -> None:
        """Make a script.

        Args:
            faults: In the order of the requests, None for one that goes well; or a rule.
        """
        self._lock = threading.Lock()
        self._requests = 0
        self._choose: Chooser | None = faults if callable(faults) else None
        self._queue: deque[Fault | None] = deque(() if callable(faults) else faults)

    def add(self, *faults: Fault | None) -> None:
        """Put faults at the end of the queue."""
        with self._lock:
            self._queue.extend(faults)

    def next(self) -> Fault:
        """Return the fault for the next request; one that does nothing where none is due."""
        with self._lock:
            number, self._requests = self._requests, self._requests + 1
            if self._queue:
                fault = self._queue.popleft()
            else:
                fault = self._choose(number) if self._choose else None
        return fault or Fault(accept=True)
