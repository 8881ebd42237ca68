"""Mailtrap.

Facts, read in November 2026: Mailtrap's page on webhooks (mailtrap-docs 85e55ff) and the webhooks
in django-anymail 15.2, which is tested against the service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bypost.errors import Malformed
from bypost.model.event import Event, EventKind
from bypost.providers.payload import (
    MAX_ID,
    Payload,
    address,
    detail,
    digest,
    is_about_size,
    is_too_large,
    listed,
    reference,
)
from bypost.providers.signature import Hmac
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Event -> what happened; after a "soft bounce" Mailtrap is still trying.
_EVENTS = {
    "delivery": EventKind.DELIVERED,
    "soft bounce": EventKind.DEFERRED,
    "suspension": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "reject": EventKind.REJECTED,
}


class MailtrapHook(Webhook):
    """Mailtrap's webhook: up to 500 events a request, as JSON or one in each line, signed."""

    name = "mailtrap"

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the signing secret; raises SettingsError where it cannot be one."""
        super().__init__(secret, clock)
        self._hmac = Hmac(self.name, secret, which="the webhook's signing secret as shown there")

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`.

        The signature has no time in it. A repeat does nothing, since each event has an id.
        """
        self._hmac.check(headers.get("mailtrap-signature", ""), body)
        return [self._event(told) for told in _told(body)]

    def _event(self, told: Payload) -> Event:
        said = (told.text("response"), told.text("reason"), told.text("bounce_category"))
        kind = _kind(told)
        too_large = is_about_size(kind, *said)
        identity = told.text("event_id")
        return Event(
            event_id=identity[:MAX_ID] if identity else digest(told.raw),
            kind=EventKind.SOFT_BOUNCED if too_large else kind,
            ref=reference(told.field("custom_variables", "ref")),
            provider_id=told.text("message_id")[:MAX_ID],
            recipient=address(told.field("email")),
            at=told.epoch("timestamp") or self._clock.now(),
            too_large=too_large or (kind is EventKind.SOFT_BOUNCED and is_too_large(*said)),
            detail=detail(*said),
            raw=told.raw,
        )


def _told(body: bytes) -> Sequence[Payload]:
    """Return the events: of an object that lists them, or of one object in each line."""
    try:
        whole = Payload(body)
    except Malformed:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) < 2:
            raise
        return [Payload(line) for line in lines]
    events = whole.field("events")
    return [whole] if events is None and "event" in whole.raw else listed(events)


def _kind(told: Payload) -> EventKind:
    """Tell what happened; a bounce with a code for "not now" says nothing of the address."""
    kind = _EVENTS.get(told.text("event"), EventKind.OTHER)
    passing = told.text("response_code").startswith("4") or told.text("bounce_category") == "soft"
    return EventKind.SOFT_BOUNCED if kind is EventKind.BOUNCED and passing else kind
