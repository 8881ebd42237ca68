"""The ground truth of a fake: which message was accepted, when and how often."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson


class Acceptances:
    """Counts what a fake took over; safe to use from threads.

    Attributes:
        counts: How often each reference was accepted; a 2 is a mail sent twice.
        log: Instant and reference of every acceptance, in order.
    """

    def __init__(self, log_path: Path | None = None) -> None:
        """Start empty; ``log_path`` is appended to, a JSON object per line."""
        self.counts: Counter[str] = Counter()
        self.log: list[tuple[datetime, str]] = []
        self._lock = threading.Lock()
        self._file = log_path.open("ab") if log_path else None

    def add(self, accepted: Sequence[tuple[str, str]], *, at: datetime, key: str) -> None:
        """Note a reference and an address per message; the file has them before this returns."""
        with self._lock:
            self.counts.update(ref for ref, _ in accepted)
            self.log.extend((at, ref) for ref, _ in accepted)
            if self._file:
                lines = ({"t": at, "ref": ref, "to": to, "key": key} for ref, to in accepted)
                self._file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
                self._file.flush()

    def summary(self) -> dict[str, int]:
        """Return how many were accepted, and how many of these were different."""
        with self._lock:
            accepted, distinct = self.counts.total(), len(self.counts)
        return {"accepted": accepted, "distinct": distinct, "repeated": accepted - distinct}

    def listing(self) -> dict[str, Any]:
        """Return everything, in a form that JSON can carry."""
        with self._lock:
            return {"accepted": dict(self.counts), "log": [[at, ref] for at, ref in self.log]}

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
