"""What takes longer than a page may: worked out beside it, and shown when it is there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bypost.errors import ByPostError

_LOG = logging.getLogger(__name__)
#: A page waits so long for what may be there at once, in seconds.
_PATIENCE = 0.2
#: Results that are kept, of so many things.
_KEPT = 20
Result = TypeVar("Result")


@dataclass(slots=True)
class Work(Generic[Result]):
    """One result, or the way to it.

    Attributes:
        key: What it is of; another key is another work.
        done: How far it is, where that can be told.
        error: Why there is no result, as people read it.
        ended: When it ended, by a clock that only counts up; 0: not yet.
    """

    key: str
    done: int = 0
    result: Result | None = None
    error: ByPostError | None = None
    ended: float = 0.0

    @property
    def is_over(self) -> bool:
        """Tell whether it has come to its end."""
        return bool(self.ended)

    @property
    def trouble(self) -> str:
        """Return why there is no result; empty where there is one, or may be."""
        return str(self.error) if self.error else ""

    def count(self, done: int) -> None:
        """Note how far it is."""
        self.done = done


class Beside(Generic[Result]):
    """Works things out in threads, each thing once at a time.

    Args:
        fresh: Seconds for which a result is good.
    """

    def __init__(self, *, fresh: float) -> None:
        self._fresh = fresh
        self._lock = threading.Lock()
        self._works: dict[str, Work[Result]] = {}

    def work(
        self,
        name: str,
        key: str,
        make: Callable[[Work[Result]], Result],
        *,
        anew: bool = False,
        old: bool = False,
    ) -> Work[Result]:
        """Return the work on something; begun where none is under way or good enough.

        Args:
            anew: A result that is there is not good enough.
            old: A result of any age is.
        """
        with self._lock:
            known = self._works.get(name)
            if known is not None and known.key == key:
                aged = not old and time.monotonic() - known.ended > self._fresh
                if not known.is_over or not (anew or aged):
                    return known
            work = self._works[name] = Work[Result](key)
            for other in list(self._works)[:-_KEPT]:
                del self._works[other]
        thread = threading.Thread(target=_go, args=(work, make), daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        return work

    def forget(self, name: str) -> None:
        """Work something out anew the next time."""
        with self._lock:
            self._works.pop(name, None)


def _go(work: Work[Result], make: Callable[[Work[Result]], Result]) -> None:
    try:
        work.result = make(work)
    except ByPostError as error:
        work.error = error
    except Exception:  # noqa: BLE001 - whatever it was, its page must not wait for ever
        _LOG.exception("what a page waits for could not be worked out")
        work.error = ByPostError("it could not be worked out; the log says why")
    finally:
        work.ended = time.monotonic()
