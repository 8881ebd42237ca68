"""How much one token may ask for.

Counted in memory by each process: a request must not cost a commit, and the limit is there against
a loop that got out of hand, not to be met to the last request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Rate:
    """A bucket for each token: full, it holds the requests of a minute, and it fills evenly.

    Args:
        elapsed: Seconds on a clock that never goes backwards.
    """

    def __init__(self, per_minute: int, elapsed: Callable[[], float]) -> None:
        self._most = float(per_minute)
        self._elapsed = elapsed
        self._lock = threading.Lock()
        #: Token -> requests left, and when that was counted. Only known tokens come here.
        self._left: dict[int, tuple[float, float]] = {}

    def take(self, token_id: int) -> float:
        """Count one request; return 0, or after how many seconds there is room for it."""
        each = 60 / self._most
        with self._lock:
            now = self._elapsed()
            left, at = self._left.get(token_id, (self._most, now))
            left = min(self._most, left + max(0.0, now - at) / each)
            wait = 0.0 if left >= 1 else (1 - left) * each
            self._left[token_id] = (left if wait else left - 1, now)
            return wait
