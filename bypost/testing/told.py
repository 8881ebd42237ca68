"""What services post to our webhooks, made up and signed: for the fakes and for tests.

``tell("mailgun", Told(...))`` returns headers and body of a request that Mailgun would make.
Nothing here is a secret of anybody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from bypost.model.event import EventKind
from bypost.testing.told_sns import TOPIC, sns

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

Posted = tuple[dict[str, str], bytes]
_LOGIN = "hooks:a long password"
_SECRETS = {
    "ses": TOPIC,
    "mailgun": "key-of-no-real-account",
    "mailtrap": "fedcba9876543210" * 2,
}
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event to tell of."""

    ref: str
    kind: EventKind
    provider_id: str
    to: str
    at: datetime
    detail: str
    now: datetime

    @property
    def seconds(self) -> float:
        """When it happened, since 1970."""
        return self.at.timestamp()


def _ses(told: Told) -> Mapping[str, Any]:
    address: dict[str, str] = {"emailAddress": told.to}
    if told.detail:
        address["diagnosticCode"] = told.detail
    parts: Mapping[EventKind, tuple[str, Mapping[str, object]]] = {
        EventKind.SENT: ("Send", {}),
        EventKind.DELIVERED: ("Delivery", {"recipients": [told.to]}),
        EventKind.DEFERRED: ("DeliveryDelay", {"delayedRecipients": [address]}),
        EventKind.BOUNCED: ("Bounce", {"bounceType": "Permanent", "bouncedRecipients": [address]}),
        EventKind.SOFT_BOUNCED: (
            "Bounce",
            {"bounceType": "Transient", "bouncedRecipients": [address]},
        ),
        EventKind.COMPLAINED: ("Complaint", {"complainedRecipients": [{"emailAddress": told.to}]}),
        EventKind.UNSUBSCRIBED: (
            "Subscription",
            {"newTopicPreferences": {"unsubscribeAll": True}},
        ),
        EventKind.OPENED: ("Open", {}),
        EventKind.CLICKED: ("Click", {}),
        EventKind.REJECTED: ("Reject", {"reason": told.detail}),
        EventKind.OTHER: ("Thing", {}),
    }
    name, more = parts[told.kind]
    mail = {"messageId": told.provider_id, "destination": [told.to], "tags": {"ref": [told.ref]}}
    return {"eventType": name, "mail": mail, name[0].lower() + name[1:]: more}


_MAILGUN: Mapping[EventKind, Mapping[str, object]] = {
    EventKind.SENT: {"event": "accepted"},
    EventKind.DEFERRED: {"event": "failed", "severity": "temporary", "reason": "generic"},
    EventKind.BOUNCED: {"event": "failed", "severity": "permanent", "reason": "bounce"},
    EventKind.SOFT_BOUNCED: {"event": "failed", "severity": "permanent", "reason": "old"},
    EventKind.OTHER: {"event": "of a new kind"},
}


def _mailgun(told: Told) -> Mapping[str, Any]:
    fields = _MAILGUN.get(told.kind, {"event": str(told.kind)})
    return {
        **fields,
        "timestamp": told.seconds,
        "recipient": told.to,
        "message": {"headers": {"message-id": told.provider_id.strip("<>")}},
        "user-variables": {"ref": told.ref},
        "delivery-status": {"message": told.detail},
    }


_SENDGRID: Mapping[EventKind, Mapping[str, object]] = {
    EventKind.SENT: {"event": "processed"},
    EventKind.BOUNCED: {"event": "bounce", "type": "bounce"},
    EventKind.SOFT_BOUNCED: {"event": "bounce", "type": "blocked"},
    EventKind.COMPLAINED: {"event": "spamreport"},
    EventKind.UNSUBSCRIBED: {"event": "unsubscribe"},
    EventKind.OPENED: {"event": "open"},
    EventKind.CLICKED: {"event": "click"},
    EventKind.REJECTED: {"event": "dropped"},
}


def _sendgrid(told: Told) -> Mapping[str, Any]:
    fields = _SENDGRID.get(told.kind, {"event": str(told.kind)})
    return {
        **fields,
        "sg_event_id": f"event-{next(_NUMBERS)}",
        "sg_message_id": told.provider_id,
        "email": told.to,
        "timestamp": int(told.seconds),
        "reason": told.detail,
        "ref": told.ref,
    }


def _brevo(told: Told) -> Mapping[str, Any]:
    name = {
        EventKind.SENT: "request",
        EventKind.BOUNCED: "hard_bounce",
        EventKind.SOFT_BOUNCED: "soft_bounce",
        EventKind.COMPLAINED: "spam",
        EventKind.CLICKED: "click",
        EventKind.REJECTED: "blocked",
    }.get(told.kind, str(told.kind))
    return {
        "event": name,
        "email": told.to,
        "message-id": told.provider_id,
        "ts_epoch": int(told.seconds * 1000),
        "reason": told.detail,
        "X-Mailin-custom": orjson.dumps({"ref": told.ref}).decode(),
        "tags": [told.ref],
    }


_MAILTRAP: Mapping[EventKind, Mapping[str, object]] = {
    EventKind.DELIVERED: {"event": "delivery"},
    EventKind.DEFERRED: {"event": "soft bounce"},
    EventKind.BOUNCED: {"event": "bounce", "response_code": 550, "bounce_category": "hard"},
    EventKind.SOFT_BOUNCED: {"event": "bounce", "response_code": 452},
    EventKind.COMPLAINED: {"event": "spam"},
    EventKind.UNSUBSCRIBED: {"event": "unsubscribe"},
    EventKind.OPENED: {"event": "open"},
    EventKind.CLICKED: {"event": "click"},
    EventKind.REJECTED: {"event": "reject"},
}


def _mailtrap(told: Told) -> Mapping[str, Any]:
    fields = _MAILTRAP.get(told.kind, {"event": str(told.kind)})
    return {
        **fields,
        "event_id": f"event-{next(_NUMBERS)}",
        "message_id": told.provider_id,
        "email": told.to,
        "timestamp": int(told.seconds),
        "response": told.detail,
        "custom_variables": {"ref": told.ref},
    }


_MAILJET: Mapping[EventKind, Mapping[str, object]] = {
    EventKind.DELIVERED: {"event": "sent"},
    EventKind.DEFERRED: {"event": "bounce", "hard_bounce": False, "error": "greylisted"},
    EventKind.BOUNCED: {"event": "bounce", "hard_bounce": True, "error": "user unknown"},
    EventKind.SOFT_BOUNCED: {"event": "bounce", "hard_bounce": False, "error": "quota"},
    EventKind.COMPLAINED: {"event": "spam"},
    EventKind.UNSUBSCRIBED: {"event": "unsub"},
    EventKind.OPENED: {"event": "open"},
    EventKind.CLICKED: {"event": "click"},
    EventKind.REJECTED: {"event": "blocked"},
}


def _mailjet(told: Told) -> Mapping[str, Any]:
    fields = _MAILJET.get(told.kind, {"event": str(told.kind)})
    return {
        **fields,
        "time": int(told.seconds),
        "MessageID": told.provider_id,
        "email": told.to,
        "comment": told.detail,
        "CustomID": told.ref,
    }


@lru_cache
def _sendgrid_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def secret(name: str) -> str:
    """Return the ``webhook_secret`` that goes with what is posted here."""
    if name == "sendgrid":
        from cryptography.hazmat.primitives import serialization

        der = _sendgrid_key().public_key()
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(der.public_bytes(serialization.Encoding.DER, kind)).decode()
    return _SECRETS.get(name, _LOGIN)


def post(name: str, event: bytes, now: datetime) -> Posted:
    """Return the request with an event whose JSON is ``event``, signed as the service does."""
    return _POSTS[name](event, now)


def _post_sendgrid(event: bytes, now: datetime) -> Posted:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    stamp = str(int(now.timestamp()))
    signature = _sendgrid_key().sign(stamp.encode() + event, ec.ECDSA(hashes.SHA256()))
    header = "x-twilio-email-event-webhook-"
    signed = base64.b64encode(signature).decode()
    return {f"{header}timestamp": stamp, f"{header}signature": signed}, event


def _post_mailgun(event: bytes, now: datetime) -> Posted:
    stamp, token = str(int(now.timestamp())), hashlib.sha256(event).hexdigest()
    signed = hmac.new(secret("mailgun").encode(), (stamp + token).encode(), "sha256").hexdigest()
    signature = orjson.dumps({"timestamp": stamp, "token": token, "signature": signed})
    return {}, b'{"signature":' + signature + b',"event-data":' + event + b"}"


def _post_mailtrap(event: bytes, _: datetime) -> Posted:
    signed = hmac.new(secret("mailtrap").encode(), event, "sha256").hexdigest()
    return {"mailtrap-signature": signed}, event


def _post_basic(event: bytes, _: datetime) -> Posted:
    return {"authorization": "Basic " + base64.b64encode(_LOGIN.encode()).decode()}, event


_POSTS: Mapping[str, Callable[[bytes, datetime], Posted]] = {
    "brevo": _post_basic,
    "mailgun": _post_mailgun,
    "mailjet": _post_basic,
    "mailtrap": _post_mailtrap,
    "sendgrid": _post_sendgrid,
    "ses": lambda event, now: ({}, sns(event.decode(), at=now)),
}
_TELL: Mapping[str, Callable[[Told], Mapping[str, Any]]] = {
    "brevo": _brevo,
    "mailgun": _mailgun,
    "mailjet": _mailjet,
    "mailtrap": _mailtrap,
    "sendgrid": _sendgrid,
    "ses": _ses,
}
#: Kinds of which a service tells nothing.
UNTOLD: Mapping[str, frozenset[EventKind]] = {
    "mailjet": frozenset({EventKind.SENT}),
    "mailtrap": frozenset({EventKind.SENT}),
}


def tell(name: str, event: Told) -> Posted:
    """Return headers and body of the request in which the service ``name`` tells of ``event``.

    Raises:
        ValueError: The service tells of no such events.
    """
    if event.kind in UNTOLD.get(name, frozenset()):
        raise ValueError(f"{name} tells of no event {event.kind}")
    fields = _TELL[name](event)
    listed = name in {"sendgrid", "mailjet"}
    whole: object = {"events": [fields]} if name == "mailtrap" else [fields] if listed else fields
    return post(name, orjson.dumps(whole), event.now)
