"""The addresses inside mails: tokens that are cheap to make and hard to forge.

A token is 25 bytes in base64url (34 characters): one byte that names the key, the 16 random
bytes stored on the enrollment or subscription, and 8 bytes of keyed BLAKE2 over both. It names
a person *and* what they are on (RFC 8058, section 3.1), holds no personal data, and never expires:
retired keys go on verifying, so that a link in a mail of years ago still works.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from bypost.errors import SettingsError

LINK_ID_BYTES = 16
_MAC_BYTES = 8
#: Stands before what is signed in the links that are counted.
_CLICK = b"click"
_KEY_BYTES = 32
#: How long a fresh link works (design: changing the address, exporting and erasing).
FRESH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a link that was mailed a moment ago is for.

    Attributes:
        purpose: A word, e.g. ``export``.
        subject: Whose, as the purpose counts them: a subscriber's number.
    """

    purpose: str
    subject: int


def new_link_id() -> bytes:
    """Return 16 random bytes for a new enrollment or subscription."""
    return secrets.token_bytes(LINK_ID_BYTES)


class Links:
    """Makes and verifies the addresses in mails.

    Args:
        base_url: Scheme and host, without a path.
        keys: Secrets, newest first; the first signs, all verify.
    """

    def __init__(self, base_url: str, keys: Sequence[str]) -> None:
        self.base_url = base_url.rstrip("/")
        self._keys = [hashlib.blake2b(key.encode(), digest_size=32).digest() for key in keys]
        self._number = hashlib.blake2b(self._keys[0], digest_size=1).digest()

    def token(self, link_id: bytes) -> str:
        """Return the token of a link id, 34 characters."""
        return self._token(link_id, b"")

    def verify(self, token: str) -> bytes | None:
        """Return the link id of a token, or None where it is not ours."""
        return self._verify(token, b"")

    def click(self, link_id: bytes) -> str:
        """Return the beginning of the addresses of counted links; a link's number follows.

        Its token opens nothing else: somebody may copy the address of a link and pass it on.
        """
        return f"{self.base_url}/r/{self._token(link_id, _CLICK)}"

    def verify_click(self, token: str) -> bytes | None:
        """Return the link id of a token of :meth:`click`, or None where it is not ours."""
        return self._verify(token, _CLICK)

    def _token(self, link_id: bytes, purpose: bytes) -> str:
        body = self._number + link_id
        return _encode(body + _mac(self._keys[0], purpose + body))

    def _verify(self, token: str, purpose: bytes) -> bytes | None:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        # Base64 can write the same bytes in several ways; a token is written in one.
        if len(body) != 1 + LINK_ID_BYTES or _encode(raw) != token:
            return None
        # Every key is tried: the key's number may be shared, and the time tells nothing.
        known = [hmac.compare_digest(_mac(key, purpose + body), mac) for key in self._keys]
        return body[1:] if any(known) else None

    def leave(self, token: str) -> str:
        """Return the one-click address (RFC 8058)."""
        return f"{self.base_url}/u/{token}"

    def progress(self, token: str) -> str:
        """Return the address of the person's own page."""
        return f"{self.base_url}/p/{token}"

    def done(self, token: str, lesson: str) -> str:
        """Return the address of the page on which a lesson is marked as done."""
        return f"{self.progress(token)}/done/{lesson}"

    def confirm(self, token: str) -> str:
        """Return the address of the page on which a request is confirmed."""
        return f"{self.base_url}/c/{token}"

    def address(self, token: str) -> str:
        """Return the address of the page on which a new mail address is confirmed."""
        return f"{self.base_url}/a/{token}"

    def fresh(self, purpose: str, subject: int, now: datetime) -> str:
        """Return an address that works for :data:`FRESH` from ``now`` on."""
        return f"{self.base_url}/f/{self.sign('fresh', [purpose, subject, now.timestamp()])}"

    def open_fresh(self, token: str, now: datetime) -> Fresh | None:
        """Return what a fresh link is for; None where it is not ours, or not fresh any more."""
        match self.unsign("fresh", token):
            case [str(purpose), int(subject), float() | int() as at]:
                age = timedelta(seconds=now.timestamp() - at)
                return Fresh(purpose, subject) if abs(age) <= FRESH else None
        return None

    def sign(self, purpose: str, value: Any) -> str:
        """Return ``value`` (what JSON can hold) signed for one purpose; it can be read by all."""
        signed: str = self._serializer(purpose).dumps(value)
        return signed

    def unsign(self, purpose: str, signed: str) -> Any:
        """Return what was signed for that purpose; None where it was not signed by us."""
        try:
            return self._serializer(purpose).loads(signed)
        except BadSignature:
            return None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        # Its keys stand oldest first; the last one signs.
        options = {"digest_method": hashlib.sha256}
        return URLSafeSerializer(self._keys[::-1], salt=f"bypost.{purpose}", signer_kwargs=options)


class AddressHash:
    """Keyed hash of an address; its key is never rotated, or suppressions would be forgotten."""

    def __init__(self, key: str) -> None:
        own = hashlib.blake2b(key.encode(), digest_size=32).digest()
        self._keyed = hashlib.blake2b(digest_size=16, key=own)
        # The gate asks for the same people twice within a moment.
        self._remembered = lru_cache(maxsize=4096)(self._hash)

    def __call__(self, email_key: str) -> bytes:
        """Return 16 bytes for a case-folded address."""
        return self._remembered(email_key)

    def _hash(self, email_key: str) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(email_key.encode())
        return keyed.digest()


def read_or_make_keys(path: Path) -> tuple[str, str]:
    """Return the signing key and the address key in ``path``, made on first use (mode 0600).

    Raises:
        SettingsError: if the file cannot be read, written, or is not ours.
    """
    try:
        return _read_keys(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the key file: {error.strerror}") from error
    except ValueError:
        # Not chained: the text of the error could hold a part of a key.
        raise SettingsError(
            f"{path}: not a usable key file\n"
            "    restore it from a backup; without it the links in sent mails stop working"
        ) from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_keys(path)
    except OSError as error:
        raise SettingsError(f"{path}: cannot write the key file: {error.strerror}") from error
    return _read_keys(path)


def _make_keys(path: Path) -> None:
    """Make the file with mode 0600; one that another process made meanwhile stays."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(f"links {secrets.token_hex(_KEY_BYTES)}\n")
            file.write(f"addresses {secrets.token_hex(_KEY_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never over another process's keys.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()


def _read_keys(path: Path) -> tuple[str, str]:
    """Return the two keys; raise ValueError for any other form, such as half a file."""
    words = dict(line.split() for line in path.read_text(encoding="ascii").splitlines())
    if set(words) != {"links", "addresses"}:
        raise ValueError(path)
    if any(len(bytes.fromhex(key)) != _KEY_BYTES for key in words.values()):
        raise ValueError(path)
    return words["links"], words["addresses"]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(key: bytes, body: bytes) -> bytes:
    """Return the keyed hash of a token's body."""
    return hashlib.blake2b(body, digest_size=_MAC_BYTES, key=key).digest()
