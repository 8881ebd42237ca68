"""A Resend on loopback that remembers what it accepted.

In a process: ``with FakeResend() as resend: ... resend.accepted``. On its own, for tests that kill
processes: ``python -m bypost.testing.fake_resend --port 0 --log accepted.jsonl`` prints its URL on
the first line; what it can be asked says :mod:`bypost.testing.fake_provider`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

import orjson
import standardwebhooks

from bypost.model.event import EventKind
from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

#: What this fake signs its events with; the form is that of Resend's secrets.
WEBHOOK_SECRET = "whsec_dGhlIHNlY3JldCBvZiBubyByZWFsIHdlYmhvb2s="  # noqa: S105 - invented

#: What happened -> how Resend calls it, and the part of the event that says more.
_EVENTS: Mapping[EventKind, tuple[str, Mapping[str, Mapping[str, str]]]] = {
    EventKind.SENT: ("email.sent", {}),
    EventKind.DELIVERED: ("email.delivered", {}),
    EventKind.DEFERRED: ("email.delivery_delayed", {}),
    EventKind.BOUNCED: ("email.bounced", {"bounce": {"type": "Permanent", "subType": "General"}}),
    EventKind.SOFT_BOUNCED: (
        "email.bounced",
        {"bounce": {"type": "Transient", "subType": "General"}},
    ),
    EventKind.COMPLAINED: ("email.complained", {}),
    EventKind.OPENED: ("email.opened", {}),
    EventKind.CLICKED: ("email.clicked", {}),
    EventKind.REJECTED: ("email.suppressed", {"suppressed": {"type": "OnAccountSuppressionList"}}),
    EventKind.OTHER: ("email.of_a_new_kind", {}),
}
KEY_LIFETIME = timedelta(hours=24)
MAX_MESSAGES = 100
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


@dataclass(slots=True)
class _Remembered:
    """A request under its idempotency key; without a reply it is still running."""

    digest: bytes
    at: datetime
    reply: Reply | None = None


class FakeResend(FakeProvider):
    """Behaves as Resend's batch endpoint does, and holds the ground truth.

    An address that is malformed or contains ``bounce-now`` is refused. A key is remembered for 24
    hours of ``clock`` with the bytes and the answer of its request.
    """

    name = "resend"
    webhook_secret = WEBHOOK_SECRET

    def __init__(self, *, api_key: str = "re_test_key", **options: Any) -> None:
        """Start the fake; ``options`` as for :class:`FakeProvider`."""
        self._keys: dict[str, _Remembered] = {}
        #: Domains of the account, as Resend lists them; with ``records``. None: the key only sends.
        self.domains: list[dict[str, Any]] | None = []
        super().__init__(api_key=api_key, **options)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as Resend does."""
        if request.method == "GET" and request.path.startswith("/domains"):
            return self._about_domains(request)
        if (request.method, request.path) != ("POST", "/emails/batch"):
            return _error(404, "not_found", "The requested endpoint does not exist")
        given = request.headers.get("authorization", "")
        if given != f"Bearer {self._api_key}":
            return _error(401, "validation_error", "API key is invalid")
        if self._discard:
            self.stopping.wait(wait_s)
            # Inside a text every quote is escaped, so this occurs once per message.
            count = request.body.count(b'"from":')
            return _taken([self.new_id() for _ in range(count)], [])
        key = request.headers.get("idempotency-key", "")
        earlier = self._begin(key, request.body)
        if earlier is not None:
            return earlier
        self.stopping.wait(wait_s)
        reply = self._accept(request, key)
        self._finish(key, reply)
        return reply

    def event(
        self,
        ref: str,
        kind: EventKind,
        *,
        to: str = "",
        at: datetime | None = None,
        detail: str = "",
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of an event; see :meth:`FakeProvider.event`."""
        if kind not in _EVENTS:
            raise ValueError(f"Resend tells of no event {kind}")
        now, message = self._clock.now(), self.message(ref, to)
        name, more = _EVENTS[kind]
        data = {
            "email_id": message.provider_id,
            "to": [message.to],
            "created_at": message.at,
            "tags": {"ref": ref},
            **{part: {**fields, "message": detail} for part, fields in more.items()},
        }
        body = orjson.dumps({"type": name, "created_at": at or now, "data": data})
        identity = f"msg_{self.new_id()}"
        signer = standardwebhooks.Webhook(self.webhook_secret)
        headers = {
            "content-type": "application/json",
            "svix-id": identity,
            "svix-timestamp": str(int(now.timestamp())),
            "svix-signature": signer.sign(identity, now, body.decode()),
        }
        return headers, body

    def _about_domains(self, request: Request) -> Reply:
        """List the domains, or tell all of one."""
        if request.headers.get("authorization", "") != f"Bearer {self._api_key}":
            return _error(401, "validation_error", "API key is invalid")
        if self.domains is None:
            text = "This API key is restricted to only send emails"
            return _error(401, "restricted_api_key", text)
        number = request.path.removeprefix("/domains").strip("/")
        if number:
            return Reply(200, orjson.dumps(next(d for d in self.domains if d["id"] == number)))
        short = [{k: d[k] for k in ("id", "name", "status")} for d in self.domains]
        return Reply(200, orjson.dumps({"object": "list", "data": short}))

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
        now = self._clock.now()
        taken = [
            Accepted(ref=_ref(m), to=parseaddr(m["to"][0])[1], provider_id=self.new_id(), at=now)
            for m, text in zip(messages, faults, strict=True)
            if not text
        ]
        self.acceptances.add(taken, key=key)
        return _taken([message.provider_id for message in taken], errors)


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


def _taken(ids: Sequence[str], errors: Sequence[Mapping[str, object]]) -> Reply:
    answer: dict[str, object] = {"data": [{"id": identity} for identity in ids]}
    if errors:
        answer["errors"] = errors
    return Reply(200, orjson.dumps(answer))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A Resend on loopback, for tests.")
    parser.add_argument("--api-key", default="re_test_key", help="the only key that is let in")
    serve(FakeResend, parser)


if __name__ == "__main__":
    main()
