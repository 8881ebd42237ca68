"""What the fakes of all providers share: the ground truth, the questions about it, the faults.

``GET /_count`` and ``GET /_log`` tell what was accepted, ``POST /_faults`` takes a JSON list of
faults (the fields of :class:`bypost.testing.fault.Fault`; null goes well).
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import orjson

from bypost.model.event import EventKind
from bypost.testing import told
from bypost.testing.acceptances import Acceptances, Accepted
from bypost.testing.fake_server import KEPT_REQUESTS, FakeServer, Reply, Request
from bypost.testing.fault import Chooser, Fault, Script
from scheduler.clock import Clock, SystemClock


class FakeProvider(FakeServer):
    """An email service on loopback that remembers what it accepted.

    A subclass answers the requests of its service in :meth:`answer`.

    Attributes:
        name: As it stands in the settings.
        acceptances: What it accepted.
    """

    name: ClassVar[str]
    plain = frozenset({"/_count", "/_log", "/_faults"})

    def __init__(
        self,
        *,
        port: int = 0,
        faults: Iterable[Fault | None] | Chooser = (),
        log_path: Path | None = None,
        api_key: str,
        latency_s: float = 0.0,
        discard: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Start the fake.

        Args:
            port: 0 for a free one.
            faults: What goes wrong with the requests to come.
            log_path: A file that gets a JSON line per accepted message.
            api_key: The only key that is let in.
            latency_s: Seconds that every request takes before it is accepted.
            discard: Answer with ids and look at nothing: for benchmarks.
            clock: Says when something was accepted; the machine's by default.
        """
        self.acceptances = Acceptances(log_path)
        self._api_key = api_key
        self._latency_s = latency_s
        self._discard = discard
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        super().__init__(port=port, script=Script(faults), keep=0 if discard else KEPT_REQUESTS)

    @property
    def webhook_secret(self) -> str:
        """What its events are signed with; asked for late, since it may take cryptography."""
        return told.secret(self.name)

    @property
    def accepted(self) -> Mapping[str, int]:
        """How often each reference was accepted."""
        return self.acceptances.counts

    def close(self) -> None:
        """Stop the server and close the log."""
        super().close()
        self.acceptances.close()

    def process(self, request: Request, *, delay_s: float) -> Reply:
        """Answer questions about the truth, and everything else as the service does."""
        if request.path == "/_faults":
            self.script.add(*(item and Fault(**item) for item in orjson.loads(request.body)))
        elif request.path == "/_log":
            return Reply(200, orjson.dumps(self.acceptances.listing()))
        elif request.path != "/_count":
            return self.answer(request, wait_s=self._latency_s + delay_s)
        return Reply(200, orjson.dumps(self.acceptances.summary()))

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as the service does; it takes ``wait_s`` seconds to accept something."""
        raise NotImplementedError

    def event(
        self,
        ref: str,
        kind: EventKind,
        *,
        to: str = "",
        at: datetime | None = None,
        detail: str = "",
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the request in which the service tells of an event.

        It is for a test to post them, as often and in whatever order it likes.

        Args:
            ref: The reference of the message; it need not have been accepted.
            kind: What happened; OTHER for an event of a kind that does not exist.
            to: Who got it, where that is not known here.
            at: When; now by default, which is also when it is signed.
            detail: The service's own words.

        Raises:
            ValueError: The service tells of no such events.
        """
        message, now = self.message(ref, to), self._clock.now()
        event = told.Told(
            ref=ref,
            kind=kind,
            provider_id=message.provider_id,
            to=message.to,
            at=at or now,
            detail=detail,
            now=now,
        )
        return told.tell(self.name, event)

    def new_id(self) -> str:
        """Return an id that no other message has."""
        return f"{next(self._numbers):08x}-0000-4000-8000-0000000fa4e0"

    def message(self, ref: str, to: str = "") -> Accepted:
        """Return the message ``ref`` for an event about it; an invented one where there is none."""
        if accepted := self.acceptances.of(ref):
            return accepted[0]
        return Accepted(ref=ref, to=to, provider_id=self.new_id(), at=self._clock.now())


def serve(make: Callable[..., FakeProvider], parser: argparse.ArgumentParser) -> None:
    """Serve until the process ends; the first line of the output is the URL.

    Args:
        make: Makes the fake; the options of the command line are its arguments.
        parser: Of the command line, with the options that this fake has of its own.
    """
    option = parser.add_argument
    option("--port", type=int, default=0, help="0 (default) takes a free one")
    option("--log", dest="log_path", type=Path, help="gets a JSON line per accepted message")
    option("--latency", dest="latency_s", type=float, default=0.0, help="seconds a request")
    option("--discard", action="store_true", help="keep nothing: for benchmarks")
    with make(**vars(parser.parse_args())) as fake:
        sys.stdout.write(f"{fake.url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
