"""What a provider tells by itself: an event for a part of the mails it has accepted."""

from __future__ import annotations

import heapq
import threading
import time
import urllib.error
import urllib.request
from random import Random

from bypost.model.event import EventKind
from bypost.testing.fake_provider import FakeProvider
from tests.soak.plan import TOLD_EVERY

#: Seconds until a post that was not taken is made again.
_AGAIN = 0.5
#: Of the events, so many are posted a second time, as services do.
_TWICE = 0.1


class Teller:
    """Posts ``delivered`` events, some at once and before the answer, until each was taken.

    Attributes:
        told: References whose event was answered with 200.
    """

    def __init__(self, fake: FakeProvider, seed: int) -> None:
        self._fake = fake
        self._seed = seed
        self._read = 0
        self._due: list[tuple[float, str]] = []
        self._url = ""
        self.told: set[str] = set()

    @property
    def untold(self) -> int:
        """Return how many events are still to be posted, counting what was not looked at yet."""
        if not self._url:
            return 0
        return len(self._due) + len(self._fake.acceptances.log) - self._read

    def start(self, url: str) -> None:
        """Post events to ``url`` from now on."""
        self._url = url
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while not self._fake.stopping.wait(0.02):
            self._choose()
            while self._due and self._due[0][0] <= time.monotonic():
                self._post()

    def _choose(self) -> None:
        """Take up what was accepted since the last look."""
        new = self._fake.acceptances.log[self._read :]
        for _, ref in new:
            rng = Random(f"{self._seed}:{ref}:event")
            if rng.random() < 1 / TOLD_EVERY:
                wait = rng.choice((0.0, 3 * rng.random()))
                heapq.heappush(self._due, (time.monotonic() + wait, ref))
                if rng.random() < _TWICE:
                    heapq.heappush(self._due, (time.monotonic() + wait + 1, ref))
        self._read += len(new)

    def _post(self) -> None:
        """Post the next event; it stays in the list until it was taken."""
        _, ref = self._due[0]
        headers, body = self._fake.event(ref, EventKind.DELIVERED)
        request = urllib.request.Request(self._url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                taken = answer.status == 200
        except (urllib.error.URLError, OSError):  # the pages were killed, or are not up yet
            taken = False
        heapq.heappop(self._due)
        if taken:
            self.told.add(ref)
        else:
            heapq.heappush(self._due, (time.monotonic() + _AGAIN, ref))
