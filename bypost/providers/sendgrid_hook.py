"""What SendGrid posts to our webhook.

Facts, read in November 2026: Twilio's pages "Event Webhook Reference" and "Event Webhook Security
Features", and the verification in its own library (sendgrid-python 76788e7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bypost.model.event import Event, EventKind
from bypost.providers.payload import (
    MAX_ID,
    Payload,
    address,
    detail,
    digest,
    entries,
    is_about_size,
    is_too_large,
    reference,
)
from bypost.providers.signature import TOLERANCE, Ecdsa, in_time, stamped
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Event -> what happened; ``bounce`` says more.
_EVENTS = {
    "processed": EventKind.SENT,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "dropped": EventKind.REJECTED,
}
_HEADER = "x-twilio-email-event-webhook-"


class SendGridHook(Webhook):
    """SendGrid's event webhook: a list of events a request, signed with ECDSA."""

    name = "sendgrid"
    known_by = "ECDSA P-256 over time and body"
    #: SendGrid posts again for 24 hours; whether it signs anew each time is not documented.
    oldest = timedelta(hours=24)

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the verification key; raises SettingsError where it cannot be one."""
        super().__init__(secret, clock)
        self._ecdsa = Ecdsa(self.name, secret)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`."""
        stamp = headers.get(f"{_HEADER}timestamp", "")
        signed_at = stamped(self.name, stamp)
        self._ecdsa.check(headers.get(f"{_HEADER}signature", ""), stamp.encode() + body)
        in_time(self.name, signed_at, self._clock.now(), oldest=self.oldest + TOLERANCE)
        return [self._event(told) for told in entries(body)]

    def _event(self, told: Payload) -> Event:
        said = (told.text("reason"), told.text("response"))
        kind = _kind(told)
        too_large = is_about_size(kind, *said)
        identity = told.text("sg_event_id")
        return Event(
            event_id=identity[:MAX_ID] if identity else digest(told.raw),
            kind=EventKind.SOFT_BOUNCED if too_large else kind,
            ref=reference(told.field("ref")),
            provider_id=(told.text("smtp-id") or told.text("sg_message_id"))[:MAX_ID],
            recipient=address(told.field("email")),
            at=told.epoch("timestamp") or self._clock.now(),
            too_large=too_large or (kind is EventKind.SOFT_BOUNCED and is_too_large(*said)),
            detail=detail(*said),
            raw=told.raw,
        )


def _kind(told: Payload) -> EventKind:
    """Tell a bounce from a block, which SendGrid calls temporary."""
    event = told.text("event")
    if event == "bounce":
        final = told.text("type") == "bounce"
        return EventKind.BOUNCED if final else EventKind.SOFT_BOUNCED
    return _EVENTS.get(event, EventKind.OTHER)
