"""A SendGrid on loopback that remembers what it accepted.

In a process: ``with FakeSendGrid() as sendgrid: ... sendgrid.accepted``. On its own, for tests that
kill processes: ``python -m bypost.testing.fake_sendgrid --port 0 --log accepted.jsonl`` prints its
URL on the first line; what it can be asked says :mod:`bypost.testing.fake_provider`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

import orjson

from bypost.model.message import Message
from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

MAX_PERSONALIZATIONS = 1000
MAX_SUBSTITUTIONS = 10_000
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


class FakeSendGrid(FakeProvider):
    """Behaves as SendGrid's Mail Send endpoint does, and holds the ground truth.

    It knows no idempotency keys: what comes twice is accepted twice. A malformed address spoils the
    whole request, which is told by its place.
    """

    name = "sendgrid"

    def __init__(self, *, api_key: str = "SG.test", **options: Any) -> None:
        """Start the fake; ``options`` as for :class:`FakeProvider`."""
        #: What the key may do.
        self.scopes = ["mail.send", "whitelabel.read"]
        #: Authenticated domains of the account, as SendGrid lists them.
        self.domains: list[dict[str, Any]] = []
        super().__init__(api_key=api_key, **options)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as SendGrid does."""
        if request.headers.get("authorization", "") != f"Bearer {self._api_key}":
            return _error(401, "The provided authorization grant is invalid, expired, or revoked")
        where = (request.method, urlsplit(request.path).path)
        if where == ("GET", "/v3/scopes"):
            return Reply(200, orjson.dumps({"scopes": self.scopes}))
        if where == ("GET", "/v3/whitelabel/domains"):
            return Reply(200, orjson.dumps(self.domains))
        if where != ("POST", "/v3/mail/send"):
            return _error(404, "Not Found")
        self.stopping.wait(wait_s)
        return self._accept(request)

    def _accept(self, request: Request) -> Reply:
        identity = self.new_id()
        taken = Reply(202, b"", {"X-Message-Id": identity})
        if self._discard:
            return taken
        try:
            body = orjson.loads(request.body)
        except ValueError:
            return _error(400, "Bad Request")
        if not isinstance(body, dict) or not isinstance(body.get("personalizations"), list):
            return _error(400, "The personalizations field is required and must have at least one")
        errors = _complaints(body)
        if errors:
            return Reply(400, orjson.dumps({"errors": errors}))
        now = self._clock.now()
        mails = [
            Accepted(ref=one.ref, to=one.to, provider_id=identity, at=now)
            for one in merged(body, now)
        ]
        self.acceptances.add(mails, key="")
        return taken


def merged(body: Mapping[str, Any], date: datetime) -> list[Message]:
    """Return the mails that SendGrid makes of a request.

    As its page "Substitution Tags" says, each tag is replaced by its text wherever it stands in the
    subject and the content: one tag after another, so that a text with a tag in it would be read.
    """
    content = {part["type"]: part["value"] for part in body["content"]}
    mails = []
    for own in body["personalizations"]:
        tags = own.get("substitutions", {})
        (to,) = own["to"]
        # Read as the text of a header, which its name for the sender is not.
        to_name, address = parseaddr(f"{to.get('name', '')} <{to['email']}>")
        mails.append(
            Message(
                ref=own["custom_args"]["ref"],
                date=date,
                to=address,
                to_name=to_name,
                from_email=body["from"]["email"],
                from_name=body["from"].get("name", ""),
                reply_to=body.get("reply_to", {}).get("email", ""),
                subject=_fill(own.get("subject", body["subject"]), tags),
                html=_fill(content.get("text/html", ""), tags),
                text=_fill(content.get("text/plain", ""), tags),
                headers=own["headers"] if "headers" in own else body.get("headers", {}),
            )
        )
    return mails


def _fill(text: str, tags: Mapping[str, str]) -> str:
    for tag, value in tags.items():
        text = text.replace(tag, value)
    return text


def _complaints(body: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return what is wrong with a request, in SendGrid's words and by its fields."""
    people = body["personalizations"]
    if not 1 <= len(people) <= MAX_PERSONALIZATIONS:
        words = f"The personalization block is limited to {MAX_PERSONALIZATIONS} personalizations"
        return [_wrong("personalizations", words)]
    if not body.get("subject"):
        return [_wrong("subject", "The subject is required.")]
    kinds = [part["type"] for part in body.get("content", []) if part.get("value")]
    if kinds not in (["text/plain", "text/html"], ["text/plain"], ["text/html"]):
        return [_wrong("content", "text/plain must be first, followed by text/html")]
    errors = []
    seen: set[str] = set()
    for place, own in enumerate(people):
        (to,) = own["to"]
        known = to["email"].casefold()
        if not _ADDRESS.fullmatch(known):
            words = "Does not contain a valid address."
            errors.append(_wrong(f"personalizations.{place}.to.0.email", words))
        if known in seen:
            words = (
                "Each unique email address in the personalizations array should be included once"
            )
            errors.append(_wrong("personalizations", words))
        seen.add(known)
        tags = own.get("substitutions", {})
        if sum(len(f"{tag}{text}".encode()) for tag, text in tags.items()) > MAX_SUBSTITUTIONS:
            words = "Substitutions may not exceed 10000 bytes"
            errors.append(_wrong(f"personalizations.{place}.substitutions", words))
    return errors


def _wrong(field: str | None, words: str) -> dict[str, object]:
    return {"message": words, "field": field, "help": None}


def _error(status: int, words: str) -> Reply:
    return Reply(status, orjson.dumps({"errors": [_wrong(None, words)]}))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A SendGrid on loopback, for tests.")
    parser.add_argument("--api-key", default="SG.test", help="the only key that is let in")
    serve(FakeSendGrid, parser)


if __name__ == "__main__":
    main()
