"""Brevo.

Facts, read in November 2026: Brevo's pages "Transactional webhooks" and "Create a webhook", and the
webhooks in django-anymail 15.2, which is tested against the service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

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
from bypost.providers.signature import Basic, Bearer
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Event -> what happened.
_EVENTS = {
    "request": EventKind.SENT,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "hard_bounce": EventKind.BOUNCED,
    "invalid_email": EventKind.BOUNCED,
    "soft_bounce": EventKind.SOFT_BOUNCED,
    "spam": EventKind.COMPLAINED,
    "complaint": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
    "opened": EventKind.OPENED,
    "unique_opened": EventKind.OPENED,
    "proxy_open": EventKind.OPENED,
    "unique_proxy_open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "blocked": EventKind.REJECTED,
    "error": EventKind.REJECTED,
}


class BrevoHook(Webhook):
    """Brevo's webhook: one event a request, or a list; no signature, Basic or a token."""

    name = "brevo"

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take ``username:password`` or a token; raises SettingsError for anything else."""
        super().__init__(secret, clock)
        self._who = (Basic if ":" in secret else Bearer)(self.name, secret)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`."""
        self._who.check(headers)
        return [self._event(told) for told in entries(body)]

    def _event(self, told: Payload) -> Event:
        kind = _EVENTS.get(told.text("event"), EventKind.OTHER)
        reason = told.text("reason")
        # ts and ts_event are seconds of the account's own zone (seen in django-anymail's samples).
        at = told.epoch("ts_epoch", per_second=1000)
        return Event(
            event_id=digest(told.raw),
            kind=kind,
            ref=_ref(told),
            provider_id=told.text("message-id")[:MAX_ID],
            recipient=address(told.field("email")),
            at=at or self._clock.now(),
            too_large=kind is EventKind.SOFT_BOUNCED and is_too_large(reason),
            detail=detail(reason),
            raw=told.raw,
        )


def _ref(told: Payload) -> str:
    """Return our reference from the header of its own, else from the only tag."""
    custom = told.field("X-Mailin-custom")
    try:
        inside = orjson.loads(custom) if isinstance(custom, str) else None
    except ValueError:
        inside = None
    inside = inside.get("ref") if isinstance(inside, dict) else custom
    tags = told.field("tags")
    only = tags[0] if isinstance(tags, list) and len(tags) == 1 else ""
    return reference(inside) or reference(only)
