"""A Resend on loopback that remembers what it accepted.

In a process: ``with FakeResend() as resend: ... resend.accepted``. On its own, for tests that kill
processes: ``python -m bypost.testing.fake_resend --port 0 --log accepted.jsonl`` prints its URL on
the first line; ``GET /_count`` and ``GET /_log`` tell what it accepted, ``POST /_faults`` takes a
JSON list of faults (the fields of :class:`bypost.testing.fault.Fault`; null goes well).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import orjson

from bypost.testing.acceptances import Acceptances
from bypost.testing.fake_server import KEPT_REQUESTS, FakeServer, Reply, Request
from bypost.testing.fault import Chooser, Fault, Script
from scheduler.clock import Clock, SystemClock

KEY_LIFETIME = timedelta(hours=24)
MAX_MESSAGES = 100
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


@dataclass(slots=True)
class _Remembered:
    """A request under its idempotency key; without a reply it is still running."""

    digest: bytes
    at: datetime
    reply: Reply | None = None


class FakeResend(FakeServer):
    """Behaves as Resend's batch endpoint does, and holds the ground truth.

    An address that is malformed or contains ``bounce-now`` is refused. A key is remembered for 24
    hours of ``clock`` with the bytes and the answer of its request.
    """

    plain = frozenset({"/_count", "/_log", "/_faults"})

    def __init__(
        self,
        *,
        port: int = 0,
        faults: Iterable[Fault | None] | Chooser = (),
        log_path: Path | None = None,
        api_key: str = "re_test_key",
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
            clock: Says how old a key is; the machine's by default.
        """
        self.acceptances = Acceptances(log_path)
        self._api_key = api_key
        self._latency_s = latency_s
        self._discard = discard
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._keys: dict[str, _Remembered] = {}
        self._ids = itertools.count(1)
        super().__init__(port=port, script=Script(faults), keep=0 if discard else KEPT_REQUESTS)

    @property
    def accepted(self) -> Mapping[str, int]:
        """How often each reference was accepted."""
        return self.acceptances.counts

    def close(self) -> None:
        """Stop the server and close the log."""
        super().close()
        self.acceptances.close()

    def process(self, request: Request, *, delay_s: float) -> Reply:
        """Answer as Resend does."""
        if request.path in self.plain:
            return self._control(request)
        if (request.method, request.path) != ("POST", "/emails/batch"):
            return _error(404, "not_found", "The requested endpoint does not exist")
        given = request.headers.get("authorization", "")
        if given != f"Bearer {self._api_key}":
            return _error(401, "validation_error", "API key is invalid")
        if self._discard:
            self.stopping.wait(self._latency_s + delay_s)
            # Inside a text every quote is escaped, so this occurs once per message.
            return self._ids_reply(request.body.count(b'"from":'), [])
        key = request.headers.get("idempotency-key", "")
        earlier = self._begin(key, request.body)
        if earlier is not None:
            return earlier
        self.stopping.wait(self._latency_s + delay_s)
        reply = self._accept(request, key)
        self._finish(key, reply)
        return reply

    def _begin(self, key: str, body: bytes) -> Reply | None:
        """Take ``key`` for this request, or return what to answer because it was taken."""
        if not key:
            return None
        digest, now = hashlib.blake2b(body).digest(), self._clock.now()
        with self._lock:
            known = self._keys.get(key)
            if known is None or now - known.at >= KEY_LIFETIME:
                self._keys[key] = _Remembered(digest, now)
                return None
            if known.digest != digest:
                text = "This idempotency key has been used on a request with a different payload"
                return _error(409, "invalid_idempotent_request", text)
            text = "Another request with the same idempotency key is in progress"
            return known.reply or _error(409, "concurrent_idempotent_requests", text)

    def _finish(self, key: str, reply: Reply) -> None:
        """Remember the answer; that of a refused request is forgotten, so it may be mended."""
        with self._lock:
            if reply.status != 200:
                self._keys.pop(key, None)
            elif key:
                self._keys[key].reply = reply

    def _accept(self, request: Request, key: str) -> Reply:
        try:
            messages = orjson.loads(request.body)
        except ValueError:
            messages = None
        if not isinstance(messages, list) or not 1 <= len(messages) <= MAX_MESSAGES:
            text = f"The body must be an array of 1 to {MAX_MESSAGES} emails"
            return _error(422, "validation_error", text)
        faults = [_complaint(message) for message in messages]
        errors = [{"index": i, "message": text} for i, text in enumerate(faults) if text]
        if errors and request.headers.get("x-batch-validation") != "permissive":
            return _error(422, "validation_error", str(errors[0]["message"]))
        taken = [
            (_ref(message), parseaddr(message["to"][0])[1])
            for message, fault in zip(messages, faults, strict=True)
            if not fault
        ]
        self.acceptances.add(taken, at=self._clock.now(), key=key)
        return self._ids_reply(len(taken), errors)

    def _ids_reply(self, count: int, errors: list[dict[str, object]]) -> Reply:
        answer: dict[str, object] = {
            "data": [
                {"id": f"{number:08x}-0000-4000-8000-0000000fa4e0"}
                for number in itertools.islice(self._ids, count)
            ]
        }
        if errors:
            answer["errors"] = errors
        return Reply(200, orjson.dumps(answer))

    def _control(self, request: Request) -> Reply:
        if request.path == "/_faults":
            self.script.add(*(item and Fault(**item) for item in orjson.loads(request.body)))
        elif request.path == "/_log":
            return Reply(200, orjson.dumps(self.acceptances.listing()))
        return Reply(200, orjson.dumps(self.acceptances.summary()))


def _complaint(message: Any) -> str:
    """Return why a message is not accepted; empty when it is."""
    if not isinstance(message, dict):
        return "Each email must be an object"
    for name in ("from", "to", "subject"):
        if not message.get(name):
            return f"Missing `{name}` field."
    recipients = message["to"]
    if not isinstance(recipients, list) or len(recipients) != 1:
        return "Invalid `to` field. This fake takes a list of one recipient."
    address = parseaddr(recipients[0])[1]
    if "bounce-now" in address or not _ADDRESS.fullmatch(address):
        return "Invalid `to` field. The email address needs to follow the expected format."
    return ""


def _ref(message: Mapping[str, Any]) -> str:
    tags = {tag["name"]: tag["value"] for tag in message.get("tags", [])}
    return str(tags.get("ref", ""))


def _error(status: int, name: str, text: str) -> Reply:
    return Reply(status, orjson.dumps({"statusCode": status, "name": name, "message": text}))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A Resend on loopback, for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument("--log", type=Path, help="file that gets a JSON line per accepted message")
    parser.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds a request")
    parser.add_argument("--api-key", default="re_test_key", help="the only key that is let in")
    parser.add_argument("--discard", action="store_true", help="keep nothing: for benchmarks")
    given = parser.parse_args()
    with FakeResend(
        port=given.port,
        log_path=given.log,
        api_key=given.api_key,
        latency_s=given.latency,
        discard=given.discard,
    ) as fake:
        sys.stdout.write(f"{fake.url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
