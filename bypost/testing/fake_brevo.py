"""A Brevo on loopback that remembers what it accepted, and the keys of the last half hour.

In a process: ``with FakeBrevo() as brevo: ... brevo.accepted``; on its own ``python -m
bypost.testing.fake_brevo``: see :mod:`bypost.testing.fake_provider`.
"""

from __future__ import annotations

import argparse
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

MAX_VERSIONS = 1000
LIFETIME = timedelta(minutes=30)
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


class FakeBrevo(FakeProvider):
    """Behaves as Brevo's endpoint for transactional mail does, and holds the ground truth.

    A key is remembered for half an hour of ``clock`` once its request was taken; a repeat is
    refused. One malformed address refuses the whole request.
    """

    name = "brevo"

    def __init__(self, *, api_key: str = "xkeysib-test", **options: Any) -> None:
        """Start the fake; ``options`` as for :class:`FakeProvider`."""
        self._keys: dict[str, datetime] = {}
        self._tags: dict[str, str] = {}
        #: Domains, with what Brevo says of each.
        self.domains: dict[str, dict[str, Any]] = {}
        super().__init__(api_key=api_key, **options)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as Brevo does."""
        if request.headers.get("api-key", "") != self._api_key:
            return _error(401, "unauthorized", "Key not found")
        parts = urlsplit(request.path)
        if (request.method, parts.path) == ("POST", "/v3/smtp/email"):
            return self._accept(request, wait_s)
        if request.method == "GET":
            self.stopping.wait(wait_s)
            return self._told(parts.path, dict(parse_qsl(parts.query)))
        return _error(404, "document_not_found", "no such endpoint")

    def _told(self, path: str, query: Mapping[str, str]) -> Reply:
        if path == "/v3/account":
            return Reply(200, orjson.dumps({"email": "me@example.org", "companyName": "Course"}))
        if path.startswith("/v3/senders/domains/"):
            domain = self.domains.get(path.rpartition("/")[2])
            if domain is None:
                return _error(404, "document_not_found", "Domain does not exist")
            return Reply(200, orjson.dumps(domain))
        if path == "/v3/smtp/statistics/events":
            identity = self._tags.get(query.get("tags", ""))
            events = [{"messageId": identity, "event": "requests"}] if identity else []
            return Reply(200, orjson.dumps({"events": events}))
        return _error(404, "document_not_found", "no such endpoint")

    def _accept(self, request: Request, wait_s: float) -> Reply:
        if self._discard:  # inside a text every quote is escaped: this occurs once per version
            self.stopping.wait(wait_s)
            count = request.body.count(b'"to":')
            return _taken([self.new_id() for _ in range(count)])
        try:
            given = orjson.loads(request.body)
            versions = [_whole(given, one) for one in given["messageVersions"]]
            key = str(uuid.UUID(given["headers"]["idempotencyKey"]))
        except (ValueError, KeyError, TypeError):
            return _error(400, "invalid_parameter", "JSON or its idempotencyKey is not valid")
        if len(versions) > MAX_VERSIONS:
            return _error(400, "invalid_parameter", f"more than {MAX_VERSIONS} messageVersions")
        bad = [one for one in versions if not _ADDRESS.fullmatch(one["to"][0]["email"])]
        if bad:
            return _error(400, "invalid_parameter", "email is not valid in to")
        if "unverified" in given["sender"]["email"]:
            return _error(400, "invalid_parameter", "Sending has been rejected: sender not valid")
        return self._take(given, versions, key, wait_s)

    def _take(
        self,
        given: Mapping[str, Any],
        versions: Sequence[Mapping[str, Any]],
        key: str,
        wait_s: float,
    ) -> Reply:
        now = self._clock.now()
        with self._lock:
            if now - self._keys.get(key, now - LIFETIME) < LIFETIME:
                return _error(400, "duplicate_parameter", "idempotencyKey was used before")
            self._keys[key] = now
        self.stopping.wait(wait_s)
        taken = [
            Accepted(
                ref=orjson.loads(one["headers"]["X-Mailin-custom"])["ref"],
                to=one["to"][0]["email"],
                provider_id=f"<{self.new_id()}@smtp-relay.example.com>",
                at=now,
            )
            for one in versions
        ]
        for tag in given.get("tags", ()):
            self._tags[tag] = taken[0].provider_id
        self.acceptances.add(taken, key=key)
        return _taken([one.provider_id for one in taken])


def _whole(given: Mapping[str, Any], version: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version with what it does not say itself; it may not say what nobody said."""
    for name in ("subject", "htmlContent", "textContent"):
        if name in version and name not in given:
            raise KeyError(name)
    return {**given, **version}


def _taken(ids: Sequence[str]) -> Reply:
    return Reply(201, orjson.dumps({"messageIds": ids}))


def _error(status: int, code: str, words: str) -> Reply:
    return Reply(status, orjson.dumps({"code": code, "message": words}))


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="A Brevo on loopback, for tests.")
    parser.add_argument("--api-key", default="xkeysib-test", help="the only key that is let in")
    serve(FakeBrevo, parser)


if __name__ == "__main__":
    main()
