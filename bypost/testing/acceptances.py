"""The ground truth of a fake: which message was accepted, when and how often."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One message that a fake took over.

    Attributes:
        ref: The sender's reference.
        to: The address, without a name.
        provider_id: The id it was given.
        at: When it was taken over.
    """

    ref: str
    to: str
    provider_id: str
    at: datetime


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
        self._messages: defaultdict[str, list[Accepted]] = defaultdict(list)
        self._lock = threading.Lock()
        self._file = log_path.open("ab") if log_path else None

    def add(self, messages: Sequence[Accepted], *, key: str) -> None:
        """Note what one request brought; the file has it before this returns."""
        with self._lock:
            self.counts.update(message.ref for message in messages)
            self.log.extend((message.at, message.ref) for message in messages)
            for message in messages:
                self._messages[message.ref].append(message)
            if self._file:
                lines = ({"t": m.at, "ref": m.ref, "to": m.to, "key": key} for m in messages)
                self._file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
                self._file.flush()

    def of(self, ref: str) -> Sequence[Accepted]:
        """Return every message that carried ``ref``, oldest first."""
        with self._lock:
            return tuple(self._messages.get(ref, ()))

    def all(self) -> Sequence[Accepted]:
        """Return every message, by reference in the order these were first seen."""
        with self._lock:
            return [message for messages in self._messages.values() for message in messages]

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
