"""A Mailjet on loopback that remembers what it accepted, and can be searched.

In a process: ``with FakeMailjet() as mailjet: ... mailjet.accepted``; on its own ``python -m
bypost.testing.fake_mailjet``: see :mod:`bypost.testing.fake_provider`.
"""

from __future__ import annotations

import argparse
import base64
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

MAX_MESSAGES = 50
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")
_FORBIDDEN = frozenset({"list-id", "user-agent", "x-mailer", "x-mj-customid"})


class FakeMailjet(FakeProvider):
    """Behaves as Mailjet's Send API v3.1 and its messages do, and holds the ground truth.

    It knows no idempotency keys: what comes twice is accepted twice. A malformed address is
    refused alone, with HTTP 400 for the whole answer; so is one of its own headers. A sender whose
    address contains ``unverified`` refuses all.
    """

    name = "mailjet"

    def __init__(
        self,
        *,
        api_key: str = "mj_test_key",
        secret_key: str = "mj_test_secret",  # noqa: S107 - invented
        lag_s: float = 0.0,
        **options: Any,
    ) -> None:
        """Start the fake.

        Args:
            api_key: The public half of the only key that is let in.
            secret_key: The secret half.
            lag_s: Seconds of its clock before a search sees a message.
            options: As for :class:`FakeProvider`.
        """
        self._lag = timedelta(seconds=lag_s)
        pair = base64.b64encode(f"{api_key}:{secret_key}".encode()).decode()
        self._authorization = f"Basic {pair}"
        #: Domains, with what Mailjet says of each.
        self.domains: dict[str, dict[str, Any]] = {}
        super().__init__(api_key=api_key, **options)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as Mailjet does."""
        if request.headers.get("authorization", "") != self._authorization:
            return _error(401, "mj-0001", "API key authentication/authorization failure.")
        parts = urlsplit(request.path)
        self.stopping.wait(wait_s)
        if (request.method, parts.path) == ("POST", "/v3.1/send"):
            return self._accept(request)
        if (request.method, parts.path) == ("GET", "/v3/REST/message"):
            return self._search(dict(parse_qsl(parts.query)))
        if request.method == "GET" and parts.path.startswith("/v3/REST/dns/"):
            domain = self.domains.get(parts.path.rpartition("/")[2])
            if domain is None:
                return _error(404, "mj-0012", "Object not found")
            return Reply(200, orjson.dumps({"Count": 1, "Data": [domain], "Total": 1}))
        return _error(404, "mj-0012", "Object not found")

    def new_id(self) -> str:
        """Return an id that no other message has: a whole number."""
        return str(576460752303420000 + next(self._numbers))

    def _accept(self, request: Request) -> Reply:
        if self._discard:  # inside a text every quote is escaped: this occurs once per message
            count = request.body.count(b'"CustomID":')
            taken = [_taken("", "", self.new_id()) for _ in range(count)]
            return Reply(200, orjson.dumps({"Messages": taken}))
        try:
            given = orjson.loads(request.body)
            shared, messages = given.get("Globals", {}), given["Messages"]
        except (ValueError, KeyError, AttributeError):
            return _error(400, "mj-0031", "Malformed JSON, please review the syntax.")
        if len(messages) > MAX_MESSAGES:
            return _error(400, "mj-0031", f"More than {MAX_MESSAGES} messages")
        whole = [{**shared, **one} for one in messages]
        results = [self._result(one) for one in whole]
        now = self._clock.now()
        taken_over = [
            Accepted(
                ref=result["CustomID"],
                to=result["To"][0]["Email"],
                provider_id=str(result["To"][0]["MessageID"]),
                at=now,
            )
            for result in results
            if result["Status"] == "success"
        ]
        self.acceptances.add(taken_over, key="")
        status = 200 if len(taken_over) == len(results) else 400
        return Reply(status, orjson.dumps({"Messages": results}))

    def _result(self, message: Mapping[str, Any]) -> dict[str, Any]:
        to, sender = message["To"][0]["Email"], message["From"]["Email"]
        if "unverified" in sender:
            words = f'"{sender}" is not an authorized sender email address for your account.'
            return _refused(400, "send-0008", words, "From")
        if not _ADDRESS.fullmatch(to):
            return _refused(400, "mj-0013", f'"{to}" is an invalid email address.', "To[0].Email")
        for name in message.get("Headers", {}):
            if name.lower() in _FORBIDDEN:
                return _refused(400, "send-0011", "Header cannot be customized.", f"Headers.{name}")
        return _taken(message["CustomID"], to, self.new_id())

    def _search(self, query: Mapping[str, str]) -> Reply:
        now, ref = self._clock.now(), query.get("CustomID")
        messages = self.acceptances.all() if ref is None else self.acceptances.of(ref)
        seen = [
            {"ID": int(one.provider_id), "ArrivedAt": one.at, "Status": "sent"}
            | ({"CustomID": one.ref} if query.get("ShowCustomID") == "true" else {})
            for one in messages
            if now - one.at >= self._lag
        ][: int(query.get("Limit", 10))]
        return Reply(200, orjson.dumps({"Count": len(seen), "Data": seen, "Total": len(seen)}))


def _taken(ref: str, to: str, identity: str) -> dict[str, Any]:
    recipient = {
        "Email": to,
        "MessageUUID": f"uuid-{identity}",
        "MessageID": int(identity),
        "MessageHref": f"https://api.mailjet.com/v3/message/{identity}",
    }
    return {"Status": "success", "CustomID": ref, "To": [recipient], "Cc": [], "Bcc": []}


def _refused(status: int, code: str, words: str, related: str) -> dict[str, Any]:
    error = {
        "ErrorIdentifier": "88b5ca9f-5f1f-42e7-a45e-9ecbad0c285e",
        "ErrorCode": code,
        "StatusCode": status,
        "ErrorMessage": words,
        "ErrorRelatedTo": [related],
    }
    return {"Status": "error", "Errors": [error]}


def _error(status: int, code: str, words: str) -> Reply:
    error = {"ErrorIdentifier": "0-0", "ErrorCode": code, "StatusCode": status}
    return Reply(status, orjson.dumps({**error, "ErrorMessage": words}))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A Mailjet on loopback, for tests.")
    parser.add_argument("--api-key", default="mj_test_key", help="the public half of its key")
    parser.add_argument("--secret-key", default="mj_test_secret", help="the secret half")
    parser.add_argument("--lag", dest="lag_s", type=float, default=0.0, help="before it is found")
    serve(FakeMailjet, parser)


if __name__ == "__main__":
    main()
