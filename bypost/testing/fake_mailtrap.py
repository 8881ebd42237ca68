"""A Mailtrap on loopback that remembers what it accepted, and whose logs can be searched.

In a process: ``with FakeMailtrap() as mailtrap: ... mailtrap.accepted``; on its own ``python -m
bypost.testing.fake_mailtrap``: see :mod:`bypost.testing.fake_provider`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

MAX_MESSAGES = 500
#: Mails on a page of the logs.
PAGE = 20
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


class FakeMailtrap(FakeProvider):
    """Behaves as Mailtrap's batch endpoint and its logs do, and holds the ground truth.

    It knows no idempotency keys: what comes twice is accepted twice. A malformed address is
    refused alone; a sender whose address contains ``unverified`` refuses all.
    """

    name = "mailtrap"

    def __init__(self, *, api_key: str = "mt_test_key", lag_s: float = 0.0, **options: Any) -> None:
        """Start the fake.

        Args:
            api_key: The only token that is let in.
            lag_s: Seconds of its clock before the logs show a mail.
            options: As for :class:`FakeProvider`.
        """
        self._lag = timedelta(seconds=lag_s)
        #: Domains as Mailtrap lists them; None: the token may not list them.
        self.domains: list[dict[str, Any]] | None = []
        super().__init__(api_key=api_key, **options)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as Mailtrap does."""
        if request.headers.get("authorization", "") != f"Bearer {self._api_key}":
            return _error(401, "Unauthorized")
        parts = urlsplit(request.path)
        self.stopping.wait(wait_s)
        if (request.method, parts.path) == ("POST", "/api/batch"):
            return self._accept(request)
        if (request.method, parts.path) == ("GET", "/api/email_logs"):
            return self._logs(dict(parse_qsl(parts.query)))
        if (request.method, parts.path) == ("GET", "/api/domains"):
            if self.domains is None:
                return _error(403, "Access forbidden")
            return Reply(200, orjson.dumps({"data": self.domains}))
        return _error(404, "Not Found")

    def _accept(self, request: Request) -> Reply:
        if self._discard:  # inside a text every quote is escaped: this occurs once per message
            count = request.body.count(b'"custom_variables":')
            taken = [{"success": True, "message_ids": [self.new_id()]} for _ in range(count)]
            return Reply(200, orjson.dumps({"success": True, "responses": taken}))
        try:
            given = orjson.loads(request.body)
            base, requests = given["base"], given["requests"]
        except (ValueError, KeyError, TypeError):
            return _error(400, "'requests' is required")
        if len(requests) > MAX_MESSAGES:
            return _error(400, f"'requests' may hold {MAX_MESSAGES} messages")
        whole = [{**base, **one} for one in requests]
        results = [self._result(one) for one in whole]
        now = self._clock.now()
        taken_over = [
            Accepted(
                ref=one["custom_variables"]["ref"],
                to=one["to"][0]["email"],
                provider_id=result["message_ids"][0],
                at=now,
            )
            for one, result in zip(whole, results, strict=True)
            if result["success"]
        ]
        self.acceptances.add(taken_over, key="")
        return Reply(200, orjson.dumps({"success": True, "responses": results}))

    def _result(self, message: Mapping[str, Any]) -> dict[str, Any]:
        if "unverified" in message["from"]["email"]:
            return _refused("Sending from domain example.org is not allowed")
        if not _ADDRESS.fullmatch(message["to"][0]["email"]):
            return _refused(f"'to' address is invalid: {message['to'][0]['email']}")
        if not message.get("subject"):
            return _refused("'subject' is required")
        return {"success": True, "message_ids": [self.new_id()]}

    def _logs(self, query: Mapping[str, str]) -> Reply:
        """List the mails that the filters let through, newest first; unknown ones do nothing."""
        now = self._clock.now()
        seen = [one for one in reversed(self.acceptances.all()) if now - one.at >= self._lag]
        if query.get("filters[to][operator]") == "ci_equal":
            to = query["filters[to][value]"].casefold()
            seen = [one for one in seen if one.to.casefold() == to]
        if after := query.get("filters[sent_after]"):
            seen = [one for one in seen if one.at >= datetime.fromisoformat(after)]
        names = [one.provider_id for one in seen]
        begin = names.index(query["search_after"]) + 1 if "search_after" in query else 0
        page = seen[begin : begin + PAGE]
        more = page[-1].provider_id if len(seen) > begin + PAGE else None
        listed = {
            "messages": [_listed(one) for one in page],
            "total_count": len(seen),
            "next_page_cursor": more,
        }
        return Reply(200, orjson.dumps(listed))


def _listed(message: Accepted) -> dict[str, object]:
    return {
        "message_id": message.provider_id,
        "status": "delivered",
        "to": message.to,
        "sent_at": message.at,
        "custom_variables": {"ref": message.ref},
    }


def _refused(text: str) -> dict[str, Any]:
    return {"success": False, "errors": [text]}


def _error(status: int, text: str) -> Reply:
    return Reply(status, orjson.dumps(_refused(text)))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A Mailtrap on loopback, for tests.")
    parser.add_argument("--api-key", default="mt_test_key", help="the only token that is let in")
    parser.add_argument("--lag", dest="lag_s", type=float, default=0.0, help="before it is found")
    serve(FakeMailtrap, parser)


if __name__ == "__main__":
    main()
