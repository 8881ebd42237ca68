"""What Amazon SES posts of its mails, through Amazon SNS.

Facts, read in November 2026: Amazon's pages "Examples of event data that Amazon SES publishes to
Amazon SNS" and "Contents of Amazon SNS notifications".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bypost.errors import Malformed
from bypost.model.event import Event, EventKind
from bypost.providers.payload import MAX_ID, Payload, address, detail, is_too_large, reference
from bypost.providers.sns import Sns, SnsMessage
from bypost.providers.sns_certificates import Asks
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: eventType, or notificationType -> what happened, and the part of the event that says more.
_TYPES = {
    "Send": (EventKind.SENT, "send"),
    "Delivery": (EventKind.DELIVERED, "delivery"),
    "DeliveryDelay": (EventKind.DEFERRED, "deliveryDelay"),
    "Bounce": (EventKind.SOFT_BOUNCED, "bounce"),
    "Complaint": (EventKind.COMPLAINED, "complaint"),
    "Subscription": (EventKind.OTHER, "subscription"),
    "Open": (EventKind.OPENED, "open"),
    "Click": (EventKind.CLICKED, "click"),
    "Reject": (EventKind.REJECTED, "reject"),
    "Rendering Failure": (EventKind.REJECTED, "failure"),
}
#: Where an event lists whom it is about; else it is about whom the mail went to.
_ABOUT = ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients")
#: Feedback that is no reader's complaint (RFC 5965, and the opposite of one).
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure"})
_WORDS = ("reason", "errorMessage", "delayType", "complaintFeedbackType", "smtpResponse")


class SesHook(Webhook):
    """SES's events, which Amazon SNS posts: one a request, signed with Amazon's certificate."""

    name = "ses"
    known_by = "RSA signature of Amazon's, and the topic"

    def __init__(self, secret: str, clock: Clock, http: Asks) -> None:
        """Take the ARN of the SNS topic; raises SettingsError for anything else."""
        super().__init__(secret, clock)
        self._sns = Sns(self.name, secret, http, clock)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`.

        A mail of ours has one recipient; one with several that bounced is several events. Whoever
        may publish to the topic may publish anything: what is no event of SES's is passed over.
        """
        message = self._sns.check(body)
        if message.kind != "Notification":
            return []
        try:
            told = Payload(message.text.encode())
        except Malformed:
            return []
        about = _about(told)
        return [_event(message, told, one, number) for number, one in enumerate(about)]


def _event(message: SnsMessage, told: Payload, one: Mapping[str, Any], number: int) -> Event:
    kind, part = _TYPES.get(_type(told), (EventKind.OTHER, ""))
    words = [told.text(part, name) for name in _WORDS]
    said = (Payload(one).text("diagnosticCode"), *words)
    subtype = told.text(part, "bounceSubType")
    kind = _kind(told, kind)
    soft = kind is EventKind.SOFT_BOUNCED
    return Event(
        event_id=f"{message.identity}-{number}" if number else message.identity,
        kind=kind,
        ref=_ref(told),
        provider_id=told.text("mail", "messageId")[:MAX_ID],
        recipient=address(one.get("emailAddress")),
        at=message.at,
        too_large=soft and is_too_large(*said, subtype),
        detail=detail(*said, subtype),
        raw={name: _without_headers(value) for name, value in told.raw.items()},
    )


def _type(told: Payload) -> str:
    return told.text("eventType") or told.text("notificationType")


def _kind(told: Payload, kind: EventKind) -> EventKind:
    """Tell bounces, complaints and changes of subscriptions apart."""
    if kind is EventKind.SOFT_BOUNCED and told.text("bounce", "bounceType") == "Permanent":
        return EventKind.BOUNCED
    if kind is EventKind.COMPLAINED:
        feedback = told.text("complaint", "complaintFeedbackType")
        return EventKind.OTHER if feedback in _NO_COMPLAINT else kind
    if _type(told) == "Subscription":
        left = told.field("subscription", "newTopicPreferences", "unsubscribeAll")
        return EventKind.UNSUBSCRIBED if left is True else kind
    return kind


def _about(told: Payload) -> Sequence[Mapping[str, Any]]:
    """Return whom the event is about; nobody where that cannot be told of several."""
    _, part = _TYPES.get(_type(told), (EventKind.OTHER, ""))
    found = next(filter(None, (told.field(part, name) for name in _ABOUT)), None)
    several_ok = part in {"bounce", "delivery", "deliveryDelay"}
    if not isinstance(found, list):
        found, several_ok = told.field("mail", "destination"), False
    people = [
        one if isinstance(one, dict) else {"emailAddress": one}
        for one in (found if isinstance(found, list) else [])
    ]
    return people if len(people) == 1 or (people and several_ok) else [{}]


def _ref(told: Payload) -> str:
    """Return the value of our tag; SES lists the values of each."""
    values = told.field("mail", "tags", "ref")
    return reference(values[0]) if isinstance(values, list) and len(values) == 1 else ""


def _without_headers(part: object) -> object:
    """Return a part of the event without the mail's headers, which hold its reader's links."""
    if not isinstance(part, dict):
        return part
    return {name: value for name, value in part.items() if "eaders" not in name}
