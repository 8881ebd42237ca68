"""Posting an alarm to the operator's own address, signed after Standard Webhooks.

https://www.standardwebhooks.com (specification 1.0.0): three headers, of which the signature is an
HMAC over id, time and body. The id stays the same for every attempt, so that a receiver knows a
message it had before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import standardwebhooks

from bypost.errors import NotSent, OutcomeUnknown, Refused, SettingsError
from bypost.http import HttpClient
from bypost.settings.alarms import Alarms

#: Shortest key in bytes; Standard Webhooks asks for 24 to 64.
_SHORTEST_KEY = 24


def payload(body: Mapping[str, Any], *, site: str, at: datetime) -> bytes:
    """Return what is posted: type, timestamp and data, as the specification advises."""
    data = {"site": site, **{name: body[name] for name in ("title", "text", "changes")}}
    return orjson.dumps({"type": "alarms.changed", "timestamp": at.isoformat(), "data": data})


def signer(settings: Alarms) -> standardwebhooks.Webhook:
    """Return what signs with ``[alarms] webhook_secret``.

    Raises:
        SettingsError: There is none, or it is not of the form ``whsec_`` and base64.
    """
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    try:
        made = standardwebhooks.Webhook(secret)
    except (RuntimeError, ValueError):
        made = None
    if made is None or len(secret.removeprefix("whsec_")) * 3 // 4 < _SHORTEST_KEY:
        raise SettingsError(
            "[alarms] webhook_secret is missing or cannot be used: write whsec_ and at least 24 "
            "random bytes in base64 (BYPOST_ALARMS__WEBHOOK_SECRET)"
        )
    return made


def post(
    http: HttpClient, settings: Alarms, *, message_id: str, body: bytes, now: datetime
) -> None:
    """Post a message; done when it returns.

    Raises:
        SettingsError: It cannot be signed.
        SendError: It was not taken over, or nobody knows.
    """
    signature = signer(settings).sign(message_id, now.astimezone(UTC), body.decode())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    try:
        answer = http.post(str(settings.webhook_url), body, headers)
    except OutcomeUnknown as error:
        raise NotSent(str(error)) from error  # a receiver knows the id: repeating is harmless
    if not 200 <= answer.status < 300:
        words = "a redirect is not followed" if 300 <= answer.status < 400 else "not taken"
        raise Refused(f"HTTP {answer.status}: {words}", status=answer.status)
