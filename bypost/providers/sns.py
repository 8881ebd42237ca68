"""Amazon SNS: whether a message comes from our topic, and the confirmation of a subscription.

After Amazon's pages "Verifying the signatures of Amazon SNS messages" and "HTTP/HTTPS notification
JSON format" (read in November 2026). Anybody can have a topic of their own whose messages Amazon
signs, so the topic counts as much as the signature. The certificates are in ``sns_certificates``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from bypost.errors import Forged, Malformed, SendError, Unverified
from bypost.providers.payload import Payload
from bypost.providers.signature import unusable
from bypost.providers.sns_certificates import REGION, Asks, Certificates
from scheduler.clock import Clock

_ARN = re.compile(rf"arn:aws(?:-[a-z]{{2,8}})*:sns:{REGION}:[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}")
_CONFIRM = re.compile(rf"https://sns\.{REGION}\.amazonaws\.com(?:\.cn)?/\?[!-~]{{1,2000}}")
_LONGEST_ID = 100  #: it is a UUID of 36
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")

#: Type -> the fields that are signed, in their order; those in _OPTIONAL where they are there.
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(
        ("SubscriptionConfirmation", "UnsubscribeConfirmation"),
        ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
# No message of Amazon's is without a topic. One could only be made of a foreign message by hiding
# its topic in another field, and none but these two may hold the line break that this takes.
_OPTIONAL = frozenset({"Subject", "TopicArn"})
_OF_LINES = frozenset({"Message", "Subject"})


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A genuine message of our topic.

    Attributes:
        kind: ``Notification``, ``SubscriptionConfirmation`` or ``UnsubscribeConfirmation``.
        identity: SNS's id of the message; the same each time it is posted.
        at: When it was published.
        text: What was published.
    """

    kind: str
    identity: str
    at: datetime
    text: str


class Sns:
    """Takes the messages of one topic."""

    def __init__(self, provider: str, topic: str, http: Asks, clock: Clock) -> None:
        """Take the ARN of the topic.

        Raises:
            SettingsError: It is none.
        """
        if not _ARN.fullmatch(topic):
            example = "of the topic, like arn:aws:sns:eu-west-1:123456789012:bypost"
            raise unusable(provider, f"write the ARN {example}")
        self._provider = provider
        self._topic = topic
        self._http = http
        self._certificates = Certificates(provider, http, clock)

    def check(self, body: bytes) -> SnsMessage:
        """Return the message, once its signature holds.

        Its time is not bounded: SNS may deliver late, and the id tells a repeat.

        Raises:
            Forged: It is not SNS's, or not of our topic.
            Unverified: Amazon's certificate cannot be had now.
        """
        try:
            told = Payload(body)
        except Malformed:
            raise Forged(f"{self._provider}: the body is not a message of SNS") from None
        fields = self._fields(told.raw)
        if fields.get("TopicArn", self._topic) != self._topic:
            raise Forged(f"{self._provider}: it comes from another topic than webhook_secret names")
        self._verify(told, "".join(f"{name}\n{text}\n" for name, text in fields.items()))
        message = SnsMessage(
            kind=fields["Type"],
            identity=fields["MessageId"][:_LONGEST_ID],
            at=_instant(fields["Timestamp"]),
            text=fields["Message"],
        )
        if message.kind == "SubscriptionConfirmation":
            self._confirm(fields)
        return message

    def _fields(self, raw: Mapping[str, object]) -> Mapping[str, str]:
        """Return what is signed, in order."""
        kind = raw.get("Type")
        names = _SIGNED.get(kind, ()) if isinstance(kind, str) else ()
        found = {}
        for name in names:
            text = raw.get(name)
            if text is None and name in _OPTIONAL:
                continue
            if not isinstance(text, str) or (name not in _OF_LINES and not _is_line(text)):
                break
            found[name] = text
        if "Type" not in found or not _INSTANT.fullmatch(found["Timestamp"]):
            raise Forged(
                f"{self._provider}: the body is not a message of SNS; "
                'leave "raw message delivery" of its subscription off'
            )
        return found

    def _verify(self, told: Payload, signed: str) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        version, given = told.field("SignatureVersion"), told.field("Signature")
        address = told.field("SigningCertURL")
        algorithm = {"1": hashes.SHA1, "2": hashes.SHA256}.get(str(version))
        if algorithm is None:
            raise Forged(f"{self._provider}: a version of signatures that is not known")
        try:
            signature = base64.b64decode(given, validate=True)
        except (ValueError, TypeError):
            raise Forged(f"{self._provider}: the signature is missing or wrong") from None
        key = self._certificates.key(address)
        try:
            key.verify(signature, signed.encode(), padding.PKCS1v15(), algorithm())
        except InvalidSignature:
            raise Forged(f"{self._provider}: the signature is missing or wrong") from None

    def _confirm(self, fields: Mapping[str, str]) -> None:
        """Visit the address that confirms the subscription of our topic, and no other."""
        address = fields["SubscribeURL"]
        if "TopicArn" not in fields or not self._confirms(address):
            raise Forged(f"{self._provider}: the address to confirm at is not one of SNS's")
        try:
            answer = self._http.get(address, {})
        except SendError:
            raise Unverified(f"{self._provider}: SNS cannot be reached to confirm") from None
        if answer.status != HTTPStatus.OK:
            words = f"the subscription was not confirmed: SNS answered {answer.status}"
            raise Unverified(f"{self._provider}: {words}")

    def _confirms(self, address: str) -> bool:
        """Tell whether an address does nothing but confirm a subscription of our topic."""
        if not _CONFIRM.fullmatch(address) or "#" in address:
            return False
        asked = parse_qsl(urlsplit(address).query, keep_blank_values=True)
        wanted = {"Action": "ConfirmSubscription", "TopicArn": self._topic}
        known = {name for name, _ in asked} == {"Action", "TopicArn", "Token"}
        return known and len(asked) == 3 and wanted.items() <= dict(asked).items()


def _is_line(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and len(text) <= 2_000


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Malformed(f"there is no such time: {text}") from None
