"""Amazon's signature of a request, version 4, as its pages describe it (read in November 2026).

Whoever has the secret can make it, and it covers method, host, path, query, time and body; the
secret itself never leaves this machine.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigV4:
    """Signs requests to one service in one region.

    Attributes:
        access_key_id: Names the key; no secret, and sent along.
        secret_access_key: The key.
        session_token: What belongs to a key that lasts for hours; empty for one that stays.
        region: Such as ``eu-west-1``.
        service: As Amazon calls it in signatures.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    region: str
    service: str = "ses"

    def sign(
        self, method: str, url: str, body: bytes, at: datetime, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Return ``headers`` with the time and the signature of a request.

        Args:
            method: In capitals.
            url: Whole, as it will be asked for.
            body: Empty for none.
            at: Now; Amazon refuses what is more than a few minutes away from its own clock.
            headers: Those to be signed besides the host; their values hold no line breaks.
        """
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        dated = {**headers, "X-Amz-Date": stamp}
        if self.session_token:
            dated["X-Amz-Security-Token"] = self.session_token
        signed = {name.lower(): " ".join(value.split()) for name, value in dated.items()}
        signed["host"] = host(url)
        names = ";".join(sorted(signed))
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        request = canonical(method, url, signed, body)
        text = "\n".join((_ALGORITHM, stamp, scope, _sha256(request.encode())))
        signature = hmac.new(self._key(stamp[:8]), text.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={self.access_key_id}/{scope}"
        dated["Authorization"] = (
            f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
        )
        return dated

    def _key(self, day: str) -> bytes:
        """Return the key of a day, region and service."""
        key = f"AWS4{self.secret_access_key}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key


def canonical(method: str, url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return a request in the one form that both sides sign.

    Args:
        method: In capitals.
        url: Its path is escaped once more, as every service but S3 wants it.
        headers: By name in small letters.
        body: Empty for none.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = sorted((_escape(name), _escape(value)) for name, value in pairs)
    lines = [f"{name}:{headers[name]}" for name in sorted(headers)]
    return "\n".join(
        (
            method,
            quote(parts.path or "/", safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in query),
            *lines,
            "",
            ";".join(sorted(headers)),
            _sha256(body),
        )
    )


def host(url: str) -> str:
    """Return the Host header of a request to ``url``: without a port that goes without saying."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    name = f"[{name}]" if ":" in name else name
    return name if parts.port in (None, _PORTS.get(parts.scheme)) else f"{name}:{parts.port}"


def _escape(text: str) -> str:
    return quote(text, safe="-_.~")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
