"""Whether what was posted comes from the provider: the ways in which providers show it.

What Amazon's SNS asks for has a module of its own (``sns.py``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import standardwebhooks

from bypost.errors import Forged, SettingsError

#: How old a signature may be, and how far ahead; Svix and Standard Webhooks fix it.
TOLERANCE = timedelta(minutes=5)

_SVIX_HEADERS = ("svix-id", "svix-timestamp", "svix-signature")
_SVIX_PREFIX = "whsec_"
#: Standard Webhooks asks for 24 to 64 bytes; less than 16 is no secret but a word.
_SHORTEST_KEY = 16
#: The vendors' own keys have 32 letters and more.
_SHORTEST_TEXT = 8


class Basic:
    """HTTP Basic (RFC 7617): a user name and a password in the webhook's address."""

    def __init__(self, provider: str, secret: str) -> None:
        """Take ``username:password``.

        Raises:
            SettingsError: It is not of that form.
        """
        username, colon, password = secret.partition(":")
        if not (username and colon and password):
            raise unusable(provider, "write username:password, as in the webhook's address there")
        self._provider = provider
        self._expected = secret.encode()

    def check(self, headers: Mapping[str, str]) -> None:
        """Compare in constant time.

        Raises:
            Forged: User name and password are missing or others.
        """
        scheme, _, given = headers.get("authorization", "").partition(" ")
        try:
            found = base64.b64decode(given.strip(), validate=True)
        except ValueError:
            found = b""
        if scheme.casefold() != "basic" or not hmac.compare_digest(found, self._expected):
            raise Forged(f"{self._provider}: user name and password are missing or wrong")


class Bearer:
    """A word that the service puts into the Authorization header (RFC 6750)."""

    def __init__(self, provider: str, secret: str) -> None:
        """Take the word.

        Raises:
            SettingsError: It is too short, or not one word.
        """
        if not _is_word(secret):
            raise unusable(provider, "write username:password, or a token of 8 letters or more")
        self._provider = provider
        self._expected = secret.encode()

    def check(self, headers: Mapping[str, str]) -> None:
        """Compare in constant time.

        Raises:
            Forged: The token is missing or another.
        """
        scheme, _, given = headers.get("authorization", "").partition(" ")
        found = given.strip().encode(errors="replace")
        if scheme.casefold() != "bearer" or not hmac.compare_digest(found, self._expected):
            raise Forged(f"{self._provider}: the token is missing or wrong")


class Hmac:
    """HMAC with SHA-256, written in hexadecimal digits."""

    def __init__(self, provider: str, secret: str, *, which: str) -> None:
        """Take the key; ``which`` says for an error where the operator finds it.

        Raises:
            SettingsError: It is too short, or not one word.
        """
        if not _is_word(secret):
            raise unusable(provider, f"write {which}")
        self._provider = provider
        self._key = secret.encode()

    def check(self, given: str, signed: bytes) -> None:
        """Compare in constant time.

        Raises:
            Forged: ``given`` is not the signature of ``signed``.
        """
        expected = hmac.digest(self._key, signed, hashlib.sha256).hex().encode()
        if not given:
            raise Forged(f"{self._provider}: the signature is missing")
        if not hmac.compare_digest(expected, given.encode(errors="replace")):
            raise Forged(f"{self._provider}: the signature is wrong")


class Ecdsa:
    """ECDSA over the curve P-256 with SHA-256; the signature is DER in base64."""

    def __init__(self, provider: str, secret: str) -> None:
        """Take a public key: base64 of its DER form, with or without the lines of PEM around it.

        Raises:
            SettingsError: It is not such a key.
        """
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            # In an environment variable the ends of lines may be written as two letters.
            bare = re.sub(r"-----[A-Z ]+-----|\\n|\s", "", secret)
            key = serialization.load_der_public_key(base64.b64decode(bare, validate=True))
        except Exception:  # noqa: BLE001 - the library names more errors than it documents
            key = None
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise unusable(provider, "write the public key that is shown there, MFkwEwYHKoZI...")
        self._provider = provider
        self._key = key

    def check(self, given: str, signed: bytes) -> None:
        """Verify.

        Raises:
            Forged: ``given`` is not a signature of ``signed``.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            signature = base64.b64decode(given, validate=True)
            self._key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            raise Forged(f"{self._provider}: the signature is missing or wrong") from None


class Svix:
    """Svix, the scheme that became Standard Webhooks: an HMAC over id, time and raw body."""

    def __init__(self, provider: str, secret: str) -> None:
        """Take a secret in base64, with or without ``whsec_`` before it.

        Raises:
            SettingsError: It is not of that form.
        """
        self._provider = provider
        try:
            bare = secret.removeprefix(_SVIX_PREFIX)
            key = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        except ValueError:
            key = b""
        if len(key) < _SHORTEST_KEY:
            raise unusable(provider, f"write the signing secret; it begins with {_SVIX_PREFIX}")
        self._signer = standardwebhooks.Webhook(key)

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Return the id of the delivery, once the signature holds.

        During a change of secrets there are several signatures, of which one must hold; those of
        a version that is not known are passed over.

        Raises:
            Forged: A header is missing, the signature wrong, or its time too far from ``now``.
        """
        identity, stamp, signatures = (headers.get(name, "") for name in _SVIX_HEADERS)
        named = identity and identity.isascii() and identity.isprintable()
        if not (named and re.fullmatch("[0-9]{1,11}", stamp) and signatures):
            names = ", ".join(_SVIX_HEADERS)
            raise Forged(f"{self._provider}: the headers {names} are missing or wrong")
        signed_at = datetime.fromtimestamp(int(stamp), UTC)
        in_time(self._provider, signed_at, now)
        if not self._is_signed(identity, signed_at, body, signatures):
            raise Forged(f"{self._provider}: the signature is wrong")
        return identity

    def _is_signed(self, identity: str, signed_at: datetime, body: bytes, given: str) -> bool:
        try:
            expected = self._signer.sign(identity, signed_at, body.decode()).encode()
        except UnicodeDecodeError:  # JSON is UTF-8; nothing else is signed
            return False
        signatures = [signature.encode(errors="replace") for signature in given.split()]
        return any(hmac.compare_digest(expected, signature) for signature in signatures)


def stamped(provider: str, stamp: str) -> datetime:
    """Return the instant that whole seconds since 1970 name.

    Raises:
        Forged: They are missing or no such number.
    """
    if not re.fullmatch("[0-9]{1,11}", stamp):
        raise Forged(f"{provider}: the time of the signature is missing or wrong")
    return datetime.fromtimestamp(int(stamp), UTC)


def in_time(
    provider: str, signed_at: datetime, now: datetime, *, oldest: timedelta = TOLERANCE
) -> None:
    """Let pass what was signed not too long ago, and not ahead of this machine's clock.

    Raises:
        Forged: It was signed more than ``oldest`` ago, or more than :data:`TOLERANCE` ahead.
    """
    if -TOLERANCE <= now - signed_at <= oldest:
        return
    minutes = TOLERANCE // timedelta(minutes=1)
    if oldest == TOLERANCE:
        when = f"more than {minutes} minutes before or after"
    else:
        hours = oldest // timedelta(hours=1)
        when = f"more than {hours} hours before, or more than {minutes} minutes after,"
    raise Forged(f"{provider}: signed {when} the time of this machine; compare its clock")


def _is_word(secret: str) -> bool:
    """Tell whether a text can be a key: one word that can be written into a header."""
    word = secret.isascii() and secret.isprintable() and " " not in secret
    return word and len(secret) >= _SHORTEST_TEXT


def unusable(provider: str, fix: str) -> SettingsError:
    """Return the error about a webhook's secret; it does not hold the secret."""
    return SettingsError(
        f"[providers.{provider}] webhook_secret cannot be used: {fix} "
        f"(BYPOST_PROVIDERS__{provider.upper()}__WEBHOOK_SECRET)"
    )
