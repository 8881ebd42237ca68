"""Passwords: argon2id, and no others than those that take long to guess.

Parameters are those of RFC 9106, section 4, second choice: 64 MiB, 3 passes, 4 lanes. A hash
carries its own; one made with others is replaced when its owner signs in the next time.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from bypost.errors import SettingsError

#: NIST SP 800-63B-4 (2025-08), section 3.1.1.2: length counts, rules about signs do not. Its 15 are
#: for systems without delays; with ours 12 random ones are out of reach.
SHORTEST, LONGEST = 12, 200

#: No password fits it (its own was 32 random bytes, and is lost); for names that are not known.
NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$6z+R3zZO1FI2FWs1d5auLQ"
    "$PceCfZF44vqmhCd3UKn1/YdYZOKZvpMxVUkZRnES3fA"
)

_hasher = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
#: Each takes 64 MiB and a core for a moment: never more than these at once, whoever asks.
_AT_ONCE = threading.BoundedSemaphore(2)
_PATIENCE_S = 5.0


class Busy(Exception):
    """Too many passwords are being checked at this moment."""


def hash_of(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        SettingsError: if it is too easy to guess.
    """
    _refuse_weak(password)
    with _turn():
        return _hasher.hash(_bytes(password))


def is_right(kept: str, password: str) -> bool:
    """Tell whether a password is the one that was kept."""
    with _turn():
        try:
            return _hasher.verify(kept, _bytes(password[: 4 * LONGEST]))
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Tell whether it was kept with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _refuse_weak(password: str) -> None:
    if len(password) < SHORTEST:
        raise SettingsError(f"this password is too short\n    take at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise SettingsError(f"this password is too long\n    take at most {LONGEST} characters")
    if len(set(password)) < SHORTEST // 3:
        raise SettingsError(
            "this password repeats a few characters\n"
            "    take several words that do not belong together"
        )


def _bytes(password: str) -> bytes:
    """Return its bytes: the same for the same signs, however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE_S):
        raise Busy
    try:
        yield
    finally:
        _AT_ONCE.release()
