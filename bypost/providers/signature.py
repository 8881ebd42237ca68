"""Whether what was posted comes from the provider: the two ways that providers show it."""

from __future__ import annotations

import base64
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
        if abs(now - signed_at) > TOLERANCE:
            minutes = TOLERANCE // timedelta(minutes=1)
            raise Forged(
                f"{self._provider}: signed more than {minutes} minutes before or after the time "
                "of this machine; compare its clock"
            )
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


def unusable(provider: str, fix: str) -> SettingsError:
    """Return the error about a webhook's secret; it does not hold the secret."""
    return SettingsError(
        f"[providers.{provider}] webhook_secret cannot be used: {fix} "
        f"(BYPOST_PROVIDERS__{provider.upper()}__WEBHOOK_SECRET)"
    )
