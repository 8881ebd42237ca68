"""What Mailgun posts to our webhook.

Facts, read in November 2026: Mailgun's pages on webhooks, their signature and retries, and its
OpenAPI description (the reasons of failures).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bypost.errors import Forged, Malformed
from bypost.model.event import Event, EventKind
from bypost.providers.payload import (
    MAX_ID,
    Payload,
    address,
    detail,
    is_about_size,
    is_too_large,
    reference,
)
from bypost.providers.signature import TOLERANCE, Hmac, in_time, stamped
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Event -> what happened; ``failed`` says more.
_EVENTS = {
    "accepted": EventKind.SENT,
    "delivered": EventKind.DELIVERED,
    "complained": EventKind.COMPLAINED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
    "opened": EventKind.OPENED,
    "clicked": EventKind.CLICKED,
    "rejected": EventKind.REJECTED,
}
#: Reasons of final failures that say nothing of the address: given up after hours of temporary
#: ones, and the receiving service's opinion of the sender.
_NOT_THE_ADDRESS = frozenset({"old", "espblock"})
_TOKEN = re.compile(rf"[!-~]{{16,{MAX_ID}}}")


class MailgunHook(Webhook):
    """Mailgun's webhook: one event a request; its time and a token are signed, the body is not."""

    name = "mailgun"
    known_by = "HMAC-SHA256 of a time and a token"
    #: Mailgun posts again for 8 hours; whether it signs anew each time is not documented.
    oldest = timedelta(hours=8)

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the "HTTP webhook signing key"; raises SettingsError where it cannot be one."""
        super().__init__(secret, clock)
        which = "the HTTP webhook signing key of your account there"
        self._hmac = Hmac(self.name, secret, which=which)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the event; see :meth:`Webhook.read`.

        What is signed does not cover the event, so whoever saw one post could make up others. The
        token is therefore the event's id: a second event with the same token counts for nothing.
        """
        try:
            posted = Payload(body)
        except Malformed as error:  # nobody can have signed it
            raise Forged(f"{self.name}: {error}") from None
        token = self._check(posted)
        told = posted.field("event-data")
        if not isinstance(told, dict):
            raise Malformed("there is no event-data in the body")
        return [self._event(token, Payload(told))]

    def _check(self, posted: Payload) -> str:
        """Return the token, once the signature holds."""
        stamp, token, given = (
            posted.field("signature", name) for name in ("timestamp", "token", "signature")
        )
        if not (isinstance(given, str) and isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise Forged(f"{self.name}: the signature is missing")
        stamp = stamp if isinstance(stamp, str) else ""
        signed_at = stamped(self.name, stamp)
        self._hmac.check(given, f"{stamp}{token}".encode())
        in_time(self.name, signed_at, self._clock.now(), oldest=self.oldest + TOLERANCE)
        return token

    def _event(self, token: str, told: Payload) -> Event:
        said = _said(told)
        kind = _kind(told)
        too_large = is_about_size(kind, *said)
        message_id = told.text("message", "headers", "message-id").strip("<>")
        return Event(
            event_id=token,
            kind=EventKind.SOFT_BOUNCED if too_large else kind,
            ref=reference(told.field("user-variables", "ref")),
            provider_id=f"<{message_id}>"[:MAX_ID] if message_id else "",
            recipient=address(told.field("recipient"))
            or address(told.field("message", "headers", "to")),
            at=told.epoch("timestamp") or self._clock.now(),
            too_large=too_large or (kind is EventKind.SOFT_BOUNCED and is_too_large(*said)),
            detail=detail(*said),
            raw=_without_storage(told.raw),
        )


def _kind(told: Payload) -> EventKind:
    event = told.text("event")
    if event != "failed":
        return _EVENTS.get(event, EventKind.OTHER)
    if told.text("severity") != "permanent":
        return EventKind.DEFERRED
    reason = told.text("reason")
    if reason.startswith("suppress-"):
        return EventKind.REJECTED
    return EventKind.SOFT_BOUNCED if reason in _NOT_THE_ADDRESS else EventKind.BOUNCED


def _said(told: Payload) -> Sequence[str]:
    return (
        told.text("delivery-status", "message"),
        told.text("delivery-status", "description"),
        told.text("reject", "reason"),
        told.text("reason"),
    )


def _without_storage(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event without the address at which Mailgun keeps the mail itself."""
    return {name: value for name, value in raw.items() if name != "storage"}
