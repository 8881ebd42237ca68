"""Messages of Amazon SNS with a certificate of our own, and the place where it is fetched."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from bypost.http import HttpAnswer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bypost"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem"
CONFIRM_URL = (
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    f"&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e2425f"
)
_SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn")


@lru_cache
def _key() -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache
def certificate(
    begins: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    days: int = 36_500,
    signed_by: PrivateKey | None = None,
) -> bytes:
    """Return the certificate of the key that signs messages here, or of another, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key = signed_by or _key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def sns(text: str, *, at: datetime, version: str = "2", **fields: str) -> bytes:
    """Return a notification with ``text``; ``fields`` are laid over it before it is signed."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    message = {
        "Type": "Notification",
        "MessageId": str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])),
        "TopicArn": TOPIC,
        "Message": text,
        "Timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **fields,
    }
    named = [name for name in (*_SIGNED, "Type") if name in message]
    signed = "".join(f"{name}\n{message[name]}\n" for name in named)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
    signature = _key().sign(signed.encode(), padding.PKCS1v15(), algorithm)
    return orjson.dumps(
        {
            **message,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": CERTIFICATE_URL,
        }
    )


class Amazon:
    """Stands where Amazon is asked: gives the certificate, and confirms subscriptions.

    Attributes:
        asked: The addresses that were asked for, in order.
        answers: Address -> what is answered instead of what is usual.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, HttpAnswer] = {}

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Answer as Amazon does."""
        self.asked.append(url)
        usual = certificate() if url == CERTIFICATE_URL else b"<ConfirmSubscriptionResponse/>"
        return self.answers.get(url, HttpAnswer(200, {}, usual))
