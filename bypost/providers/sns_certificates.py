"""The certificates with which Amazon SNS signs: asked for once, at Amazon only, and kept.

A message names the address of its certificate, and anybody may post a message: so only addresses
of SNS itself are asked for, few in a minute, and one at a time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from bypost.errors import Forged, SendError, Unverified
from bypost.http import HttpAnswer
from scheduler.clock import Clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

#: A region of Amazon's: ``eu-west-1``, ``us-gov-east-1``, ``cn-north-1``.
REGION = r"[a-z]{2}(?:-[a-z]{2,12}){1,2}-[0-9]{1,2}"
_ADDRESS = re.compile(
    rf"https://sns\.{REGION}\.amazonaws\.com(?:\.cn)?"
    r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem"
)
#: Amazon has one certificate in use at a time.
_MOST_KEPT = 8
#: Questions in a minute; whoever posts addresses at random cannot make us ask for more.
_PER_MINUTE = 6
#: SNS waits 15 seconds for an answer to a post.
_PATIENCE_SECONDS = 10.0
_SMALLEST_KEY_BITS = 2048


class Asks(Protocol):
    """Whatever can ask for an address: :class:`bypost.http.HttpClient`."""

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Return the answer; a redirect is one, and is not followed."""
        ...


@dataclass(frozen=True, slots=True)
class _Certificate:
    key: RSAPublicKey
    begins: datetime
    ends: datetime


class Certificates:
    """Gives the key of a certificate by its address."""

    def __init__(self, provider: str, http: Asks, clock: Clock) -> None:
        self._provider = provider
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Certificate] = {}
        self._asked: list[float] = []

    def key(self, address: object) -> RSAPublicKey:
        """Return the key of the certificate at ``address``.

        Who made the certificate is not looked at: that it stands there, over TLS, says so.

        Raises:
            Forged: The address is not one of SNS's, or no certificate valid today is there.
            Unverified: It cannot be had now.
        """
        if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
            raise Forged(f"{self._provider}: the certificate's address is not one of SNS's")
        found = self._kept.get(address) or self._fetch_once(address)
        if not found.begins <= self._clock.now() <= found.ends:
            raise Forged(f"{self._provider}: the certificate is not valid at this time")
        return found.key

    def _fetch_once(self, address: str) -> _Certificate:
        """Ask, unless another thread just did."""
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            raise Unverified(f"{self._provider}: still waiting for Amazon's certificate")
        try:
            if address in self._kept:
                return self._kept[address]
            self._count()
            found = self._fetch(address)
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[address] = found
            return found
        finally:
            self._lock.release()

    def _count(self) -> None:
        now = self._clock.elapsed()
        self._asked = [at for at in self._asked if now - at < 60]
        if len(self._asked) >= _PER_MINUTE:
            raise Unverified(f"{self._provider}: too many certificates are asked for")
        self._asked.append(now)

    def _fetch(self, address: str) -> _Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import rsa

        try:
            answer = self._http.get(address, {})
        except SendError:
            raise Unverified(f"{self._provider}: Amazon's certificate cannot be had now") from None
        if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Forged(f"{self._provider}: there is no such certificate at Amazon's")
        if answer.status != HTTPStatus.OK:
            words = f"Amazon answered {answer.status} for its certificate"
            raise Unverified(f"{self._provider}: {words}")
        try:
            read = x509.load_pem_x509_certificate(answer.body)
            key = read.public_key()
            if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _SMALLEST_KEY_BITS:
                return _Certificate(key, read.not_valid_before_utc, read.not_valid_after_utc)
        except Exception:  # noqa: BLE001, S110 - the library names more errors than it documents
            pass
        raise Unverified(f"{self._provider}: what Amazon gave is no certificate")
