"""Mailjet.

Facts, read in November 2026: Mailjet's guide on the Event API (api-documentation 3a446e6) and the
webhooks in django-anymail 15.2, which is tested against the service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bypost.model.event import Event, EventKind
from bypost.providers.payload import (
    MAX_ID,
    Payload,
    address,
    detail,
    digest,
    entries,
    is_too_large,
    reference,
)
from bypost.providers.signature import Basic
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Event -> what happened; "sent" means that the receiving server took it. ``bounce`` says more.
_EVENTS = {
    "sent": EventKind.DELIVERED,
    "spam": EventKind.COMPLAINED,
    "unsub": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "blocked": EventKind.REJECTED,
}


class MailjetHook(Webhook):
    """Mailjet's Event API: one event a request, or a list; no signature, HTTP Basic."""

    name = "mailjet"

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take ``username:password``; raises SettingsError for anything else."""
        super().__init__(secret, clock)
        self._basic = Basic(self.name, secret)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`."""
        self._basic.check(headers)
        return [self._event(told) for told in entries(body)]

    def _event(self, told: Payload) -> Event:
        kind = _kind(told)
        said = (told.text("comment"), told.text("error"), told.text("smtp_reply"))
        return Event(
            event_id=digest(told.raw),
            kind=kind,
            ref=reference(told.field("CustomID")),
            provider_id=told.text("MessageID")[:MAX_ID],
            recipient=address(told.field("email")),
            at=told.epoch("time") or self._clock.now(),
            too_large=kind is EventKind.SOFT_BOUNCED and is_too_large(*said),
            detail=detail(*said),
            raw=told.raw,
        )


def _kind(told: Payload) -> EventKind:
    """Tell a bounce for good from one of this time, and from a server that asks to come again."""
    event = told.text("event")
    if event != "bounce":
        return _EVENTS.get(event, EventKind.OTHER)
    if told.field("hard_bounce") is True:
        return EventKind.BOUNCED
    passing = told.text("error") == "greylisted"
    return EventKind.DEFERRED if passing else EventKind.SOFT_BOUNCED
