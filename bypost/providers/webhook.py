"""Webhooks: what a provider posts to us, believed only when its signature holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from bypost.model.event import Event
from scheduler.clock import Clock


class Webhook(ABC):
    """Reads what one provider posts.

    Args:
        secret: The operator's ``webhook_secret``.
        clock: For the age of a signature.

    Attributes:
        name: The provider's name in the settings.
        known_by: How a post is known to be the provider's, for people.
        oldest: Age from which a signature is refused; None where none has a time.
    """

    name: ClassVar[str]
    known_by: ClassVar[str]
    oldest: ClassVar[timedelta | None] = None

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def __repr__(self) -> str:
        """Name the provider and nothing else."""
        return f"{type(self).__name__}()"

    @abstractmethod
    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Check the signature over the raw bytes, then return the events in them.

        Kinds of events that are not known become ``EventKind.OTHER``.

        Args:
            headers: By name in small letters.
            body: Exactly as received.

        Raises:
            Forged: The signature is missing, wrong or too old.
            Malformed: It is genuine, but not what the provider documents.
        """
