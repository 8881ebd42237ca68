"""A Mailgun on loopback that remembers what it accepted, and lists its events.

In a process: ``with FakeMailgun() as mailgun: ... mailgun.accepted``. On its own, for tests that
kill processes: ``python -m bypost.testing.fake_mailgun --port 0 --log accepted.jsonl`` prints its
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
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import orjson

from bypost.model.message import Message
from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

DOMAIN = "mg.example.org"
MAX_RECIPIENTS = 1000
MAX_OPTIONS = 16 * 1024
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")
_BOUNDARY = re.compile(r"multipart/form-data; boundary=([\w-]{1,70})")
_NAME = re.compile(rb'Content-Disposition: form-data; name="([^"]+)"')
#: Its page "Batch Sending": ``%recipient.yourkey%``; and the variables of its own it knows besides.
_VARIABLE = re.compile(
    r"%recipient\.([^%]+)%|%(recipient(?:_\w+)?|(?:tag_|mailing_list_)?unsubscribe_\w+)%"
)
Form = Sequence[tuple[str, str]]


class FakeMailgun(FakeProvider):
    """Behaves as Mailgun's endpoints for messages and events do, and holds the ground truth.

    It knows no idempotency keys: what comes twice is accepted twice. A malformed address spoils the
    whole request.
    """

    name = "mailgun"

    def __init__(
        self, *, api_key: str = "mg_test_key", domain: str = DOMAIN, lag_s: float = 0.0, **rest: Any
    ) -> None:
        """Start the fake.

        Args:
            api_key: The only key that is let in.
            domain: The only domain it has.
            lag_s: Seconds of its clock before an event is listed.
            rest: As for :class:`FakeProvider`.
        """
        self._lag = timedelta(seconds=lag_s)
        self._domain = domain
        #: State of the domain, as Mailgun calls it.
        self.state = "active"
        super().__init__(api_key=api_key, **rest)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as Mailgun does."""
        login = base64.b64encode(f"api:{self._api_key}".encode()).decode()
        if request.headers.get("authorization", "") != f"Basic {login}":
            return Reply(401, b"Forbidden")
        parts = urlsplit(request.path)
        base = f"/v3/{self._domain}"
        if (request.method, parts.path) == ("POST", f"{base}/messages"):
            self.stopping.wait(wait_s)
            return self._accept(request)
        if request.method == "GET" and parts.path.startswith(f"{base}/events"):
            self.stopping.wait(wait_s)
            return self._events(parts.path.removeprefix(f"{base}/events/"), parts.query)
        if (request.method, parts.path) == ("GET", f"/v4/domains/{self._domain}"):
            return Reply(200, orjson.dumps(self._about()))
        return _error(404, f"Domain not found: {unquote(parts.path).split('/')[2:3]}")

    def _accept(self, request: Request) -> Reply:
        identity = f"<{self.new_id()}@{self._domain}>"
        queued = Reply(200, orjson.dumps({"id": identity, "message": "Queued. Thank you."}))
        if self._discard:
            return queued
        boundary = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
        try:
            form = read_form(request.body, boundary[1] if boundary else "")
        except ValueError as error:
            return _error(400, str(error))
        if complaint := _complaint(form):
            return _error(400, complaint)
        now = self._clock.now()
        mails = {message.to: message for message in merged(form, now)}
        taken = [
            Accepted(ref=one.ref, to=one.to, provider_id=identity, at=now) for one in mails.values()
        ]
        self.acceptances.add(taken, key="")
        return queued

    def _events(self, token: str, query: str) -> Reply:
        """List a page of events, oldest first; the last page is an empty one."""
        if token.startswith("page-"):
            query = base64.urlsafe_b64decode(token.removeprefix("page-")).decode()
        wanted = dict(parse_qsl(query))
        begin, start = float(wanted.get("begin", 0)), int(wanted.get("start", 0))
        limit, now = min(int(wanted.get("limit", 100)), 300), self._clock.now()
        seen = [
            one
            for one in sorted(self.acceptances.all(), key=lambda one: one.at)
            if one.at.timestamp() >= begin
            and now - one.at >= self._lag
            and wanted.get("recipient", one.to).casefold() == one.to.casefold()
        ]
        following = urlencode(wanted | {"start": str(start + limit)})
        page = base64.urlsafe_b64encode(following.encode()).decode()
        after = f"https://api.mailgun.net/v3/{self._domain}/events/page-{page}"
        items = [_listed(one) for one in seen[start : start + limit]]
        return Reply(200, orjson.dumps({"items": items, "paging": {"next": after}}))

    def _about(self) -> Mapping[str, object]:
        record = {"is_active": True, "cached": [], "valid": "valid", "record_type": "TXT"}
        spf = {**record, "name": self._domain, "value": "v=spf1 include:mailgun.org ~all"}
        dkim = {**record, "name": f"pic._domainkey.{self._domain}", "value": "k=rsa; p=MIGf"}
        return {
            "domain": {"name": self._domain, "state": self.state},
            "receiving_dns_records": [],
            "sending_dns_records": [spf, dkim],
        }


def read_form(body: bytes, boundary: str) -> Form:
    """Return the fields of a form (RFC 7578), in order.

    Raises:
        ValueError: It is not a form of that boundary.
    """
    first, *parts = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    if not boundary or first or not parts or parts.pop() != b"--\r\n":
        raise ValueError("The body is not a form")
    fields = []
    for part in parts:
        head, found, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.fullmatch(head)
        if not name or not found:
            raise ValueError("A part of the form has no name")
        fields.append((name[1].decode(), value.decode()))
    return fields


def merged(form: Form, date: datetime) -> list[Message]:
    """Return the mails that Mailgun makes of a form, with variables replaced once.

    A variable that nobody defined stays as it is.
    """
    fields = dict(form)
    variables = orjson.loads(fields["recipient-variables"])
    from_name, from_email = parseaddr(fields["from"])
    mails = []
    for to_name, to in (parseaddr(value) for name, value in form if name == "to"):
        own = {name: _fill(text, variables[to]) for name, text in fields.items()}
        headers = {name[2:]: text for name, text in own.items() if name.startswith("h:")}
        mails.append(
            Message(
                ref=own["v:ref"],
                date=date,
                to=to,
                to_name=to_name,
                from_email=from_email,
                from_name=from_name,
                reply_to=headers.pop("Reply-To", ""),
                subject=own["subject"],
                html=own.get("html", ""),
                text=own.get("text", ""),
                headers=headers,
            )
        )
    return mails


def _fill(text: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        return values.get(found[1], found[0]) if found[1] else f"({found[2]} of Mailgun)"

    return _VARIABLE.sub(value, text)


def _complaint(form: Form) -> str:
    """Return why a request is not accepted, in words like Mailgun's; empty when it is."""
    fields = dict(form)
    recipients = [parseaddr(value)[1] for name, value in form if name == "to"]
    for name in ("from", "to", "subject"):
        if not fields.get(name):
            return f"{name} parameter is missing"
    if not fields.get("html") and not fields.get("text"):
        return "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
    if len(recipients) > MAX_RECIPIENTS:
        return "to parameter is too long"
    if not all(_ADDRESS.fullmatch(one) for one in recipients):
        return "to parameter is not a valid address. please check documentation"
    options = [name + text for name, text in form if name[:2] in {"o:", "h:", "v:", "t:"}]
    if sum(len(one.encode()) for one in options) > MAX_OPTIONS:
        return "Send options (parameters starting with o:, h:, or v:) are limited to 16KB total"
    if set(orjson.loads(fields.get("recipient-variables", "{}"))) != set(recipients):
        return "recipient-variables do not name the recipients"  # Mailgun would show them all
    return ""


def _listed(message: Accepted) -> dict[str, object]:
    return {
        "event": "accepted",
        "id": f"event-{message.ref}",
        "timestamp": message.at.timestamp(),
        "recipient": message.to,
        "message": {"headers": {"to": message.to, "message-id": message.provider_id.strip("<>")}},
        "user-variables": {"ref": message.ref},
    }


def _error(status: int, text: str) -> Reply:
    return Reply(status, orjson.dumps({"message": text}))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A Mailgun on loopback, for tests.")
    parser.add_argument("--api-key", default="mg_test_key", help="the only key that is let in")
    parser.add_argument("--domain", default=DOMAIN, help="the only domain it has")
    parser.add_argument("--lag", dest="lag_s", type=float, default=0.0, help="before it is listed")
    serve(FakeMailgun, parser)


if __name__ == "__main__":
    main()
