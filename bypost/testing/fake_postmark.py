"""A Postmark on loopback that remembers what it accepted, and can be searched.

In a process: ``with FakePostmark() as postmark: ... postmark.accepted``. On its own, for tests that
kill processes: ``python -m bypost.testing.fake_postmark --port 0 --log accepted.jsonl`` prints its
URL on the first line; what it can be asked says :mod:`bypost.testing.fake_provider`.
"""

from __future__ import annotations

import argparse
import base64
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from bypost.model.event import EventKind
from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

MAX_MESSAGES = 500
#: User name and password that this fake gives with its events.
WEBHOOK_SECRET = "fake-hooks:a secret word of no real webhook"  # noqa: S105 - invented
#: What happened -> the field with its instant, and how Postmark calls it.
_EVENTS: Mapping[EventKind, tuple[str, Mapping[str, object]]] = {
    EventKind.DELIVERED: ("DeliveredAt", {"RecordType": "Delivery"}),
    EventKind.DEFERRED: ("BouncedAt", {"RecordType": "Bounce", "Type": "Transient"}),
    EventKind.BOUNCED: ("BouncedAt", {"RecordType": "Bounce", "Type": "HardBounce"}),
    EventKind.SOFT_BOUNCED: ("BouncedAt", {"RecordType": "Bounce", "Type": "SoftBounce"}),
    EventKind.COMPLAINED: ("BouncedAt", {"RecordType": "SpamComplaint", "Type": "SpamComplaint"}),
    EventKind.UNSUBSCRIBED: (
        "ChangedAt",
        {
            "RecordType": "SubscriptionChange",
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
            "Origin": "Recipient",
        },
    ),
    EventKind.OPENED: ("ReceivedAt", {"RecordType": "Open"}),
    EventKind.CLICKED: ("ReceivedAt", {"RecordType": "Click"}),
    EventKind.REJECTED: ("BouncedAt", {"RecordType": "Bounce", "Type": "Blocked"}),
    EventKind.OTHER: ("ReceivedAt", {"RecordType": "OfANewKind"}),
}
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


class FakePostmark(FakeProvider):
    """Behaves as Postmark's batch endpoint and its search do, and holds the ground truth.

    It knows no idempotency keys: what comes twice is accepted twice. A malformed address is
    refused (300), and one that contains ``inactive`` (406).
    """

    name = "postmark"
    webhook_secret = WEBHOOK_SECRET

    def __init__(
        self,
        *,
        api_key: str = "pm_test_key",
        lag_s: float = 0.0,
        streams: Sequence[str] = ("outbound", "broadcast"),
        **options: Any,
    ) -> None:
        """Start the fake.

        Args:
            api_key: The only server token that is let in.
            lag_s: Seconds of its clock before a search sees a message.
            streams: Message streams that exist.
            options: As for :class:`FakeProvider`.
        """
        self._lag = timedelta(seconds=lag_s)
        self._streams = frozenset(streams)
        self._stream_of: dict[str, str] = {}
        super().__init__(api_key=api_key, **options)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as Postmark does."""
        if request.headers.get("x-postmark-server-token", "") != self._api_key:
            return _error(401, 10, "No Account or Server API tokens were supplied in the headers.")
        parts = urlsplit(request.path)
        if (request.method, parts.path) == ("POST", "/email/batch"):
            self.stopping.wait(wait_s)
            return self._accept(request)
        if (request.method, parts.path) == ("GET", "/messages/outbound"):
            self.stopping.wait(wait_s)
            return self._search(dict(parse_qsl(parts.query)))
        if (request.method, parts.path) == ("GET", "/server"):
            return Reply(200, orjson.dumps({"ID": 1, "Name": "Course", "DeliveryType": "Live"}))
        return _error(404, 0, "The requested resource does not exist.")

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
            raise ValueError(f"Postmark tells of no event {kind}")
        message, (instant, fields) = self.message(ref, to), _EVENTS[kind]
        told: dict[str, object] = {
            "MessageID": message.provider_id,
            "MessageStream": self._stream_of.get(message.provider_id, "broadcast"),
            "Metadata": {"ref": ref},
            "Details": detail,
            instant: at or self._clock.now(),
            **fields,
        }
        if instant == "BouncedAt":
            told |= {"ID": next(self._numbers), "Email": message.to}
        else:
            told["Recipient"] = message.to
        credentials = base64.b64encode(self.webhook_secret.encode()).decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {credentials}"}
        return headers, orjson.dumps(told)

    def _accept(self, request: Request) -> Reply:
        if self._discard:  # inside a text every quote is escaped: this occurs once per message
            count = request.body.count(b'"From":')
            return Reply(200, orjson.dumps([_taken("", self.new_id()) for _ in range(count)]))
        try:
            messages = orjson.loads(request.body)
        except ValueError:
            return _error(422, 402, "Received invalid JSON input.")
        if not isinstance(messages, list):
            return _error(422, 403, "The JSON is not a list of messages.")
        if len(messages) > MAX_MESSAGES:
            return _error(422, 410, f"A batch may not hold more than {MAX_MESSAGES} messages.")
        results = [self._result(message) for message in messages]
        now = self._clock.now()
        taken = []
        for message, result in zip(messages, results, strict=True):
            if result["ErrorCode"]:
                continue
            ref = str((message.get("Metadata") or {}).get("ref", ""))
            identity = str(result["MessageID"])
            self._stream_of[identity] = message.get("MessageStream", "outbound")
            taken.append(Accepted(ref=ref, to=str(result["To"]), provider_id=identity, at=now))
        self.acceptances.add(taken, key="")
        return Reply(200, orjson.dumps(results))

    def _result(self, message: Any) -> dict[str, object]:
        if not isinstance(message, dict) or not message.get("From") or not message.get("To"):
            return _refused(300, "Zero recipients specified")
        if not (message.get("HtmlBody") or message.get("TextBody")):
            return _refused(300, "Provide either email TextBody or HtmlBody or both.")
        stream = message.get("MessageStream", "outbound")
        if stream not in self._streams:
            return _refused(1235, f"The stream provided: '{stream}' does not exist on this server.")
        address = parseaddr(message["To"])[1]
        if not _ADDRESS.fullmatch(address):
            return _refused(300, f"Invalid 'To' address: '{address}'.")
        if "inactive" in address:
            text = "You tried to send to recipient(s) that have been marked as inactive. "
            return _refused(406, f"{text}Found inactive addresses: {address}.")
        return _taken(address, self.new_id())

    def _search(self, query: Mapping[str, str]) -> Reply:
        """List what a search sees by now: of the stream ``outbound`` if none is named."""
        try:
            count, offset = int(query["count"]), int(query["offset"])
        except (KeyError, ValueError):
            return _error(422, 700, "Parameters 'count' and 'offset' are required.")
        ref, stream = query.get("metadata_ref"), query.get("messagestream", "outbound")
        if stream not in self._streams:
            return _error(422, 1226, "The message stream for the provided ID was not found.")
        now = self._clock.now()
        messages = self.acceptances.all() if ref is None else self.acceptances.of(ref)
        seen = [
            self._listed(message)
            for message in reversed(messages)
            if now - message.at >= self._lag
            and query.get("recipient", message.to) == message.to
            and self._stream_of[message.provider_id] == stream
        ]
        page = seen[offset : offset + count]
        return Reply(200, orjson.dumps({"TotalCount": len(seen), "Messages": page}))

    def _listed(self, message: Accepted) -> dict[str, object]:
        return {
            "MessageID": message.provider_id,
            "MessageStream": self._stream_of[message.provider_id],
            "To": [{"Email": message.to, "Name": None}],
            "Recipients": [message.to],
            "ReceivedAt": message.at,
            "Status": "Sent",
            "Metadata": {"ref": message.ref},
        }


def _taken(address: str, identity: str) -> dict[str, object]:
    return {"To": address, "MessageID": identity, "ErrorCode": 0, "Message": "OK"}


def _refused(code: int, text: str) -> dict[str, object]:
    return {"ErrorCode": code, "Message": text}


def _error(status: int, code: int, text: str) -> Reply:
    return Reply(status, orjson.dumps(_refused(code, text)))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A Postmark on loopback, for tests.")
    parser.add_argument("--api-key", default="pm_test_key", help="the only token that is let in")
    parser.add_argument("--lag", dest="lag_s", type=float, default=0.0, help="before it is found")
    serve(FakePostmark, parser)


if __name__ == "__main__":
    main()
