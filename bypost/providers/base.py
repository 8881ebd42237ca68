"""What every email service does.

A provider never sleeps, retries or logs. It says what happened; the delivery engine decides.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from bypost.errors import Refused
from bypost.model.message import Message, Result, SendClass
from bypost.providers.account import Account, DnsNeeds
from bypost.providers.objection import objection


class Provider(ABC):
    """An adapter for one email service.

    Attributes:
        name: As it stands in the settings.
        send_class: How an answer that never came is settled.
        batch_size: Most messages of one request.
        max_bytes: Longest body of one request; a longer one belongs into smaller batches.
        dns: What the sender's domain needs so that this service may send for it.
    """

    name: ClassVar[str]
    send_class: ClassVar[SendClass]
    dns: ClassVar[DnsNeeds] = DnsNeeds()
    batch_size: int
    max_bytes: int

    def objection(self, message: Message) -> str:
        """Return why this provider cannot carry ``message``; empty when it can."""
        return objection(message)

    def prepare(self, messages: Sequence[Message]) -> bytes:
        """Return the body of the request: the bytes that are frozen and may be sent again.

        No I/O, and the same messages give the same bytes.

        Raises:
            Refused: A message has an :meth:`objection`; asked for one by one before, that one
                alone fails.
            ValueError: No messages, or more than ``batch_size``: a mistake of the caller.
        """
        if not 1 <= len(messages) <= self.batch_size:
            raise ValueError(f"{self.name}: {len(messages)} messages, not 1 to {self.batch_size}")
        for message in messages:
            if reason := self.objection(message):
                raise Refused(f"{self.name}: delivery {message.ref!r} cannot be sent: {reason}")
        return self.encode(messages)

    @abstractmethod
    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return the body for messages without objections; a pure function."""

    @abstractmethod
    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Hand over a prepared body and return one result per message, in order.

        Args:
            body: What :meth:`prepare` returned.
            count: How many messages are in it.
            key: Idempotency key: the same for every attempt with these bytes.

        Raises:
            NotSent: Nothing left this machine.
            Throttled: Refused for now.
            Refused: The whole request was refused, for good until somebody mends something.
            OutcomeUnknown: It may have been accepted.
        """

    def account(self, domain: str) -> Account | None:
        """Ask who we are there: a harmless call with our key that changes and sends nothing.

        Args:
            domain: The sender's; what the service knows of it is told where it can be asked.

        Returns:
            What it says, or None where there is nobody to ask.

        Raises:
            SendError: It could not be asked, or does not know the key.
        """
        return None

    def forget(self, refs: Sequence[str]) -> None:
        """Remove what is kept on this machine of the mails with these references.

        What a service keeps is not ours to remove: its own rules say for how long.
        """
        return  # most keep nothing here

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Ask whether the mail ``ref`` was taken over; only for the class ``Search``.

        Args:
            ref: Our reference.
            to: The address it went to; empty once the person was erased.
            since: No attempt was made before.

        Returns:
            What became of it, or None if the provider does not have it.

        Raises:
            SendError: The provider could not be asked; the question stays open.
        """
        raise NotImplementedError(f"{self.name} cannot be asked")
