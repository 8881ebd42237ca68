"""What every email service does.

A provider never sleeps, retries or logs. It says what happened; the delivery engine decides.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from bypost.errors import Refused
from bypost.model.bulk import Bulk
from bypost.model.message import Message, Result, SendClass
from bypost.providers.account import Account, DnsNeeds
from bypost.providers.checked import Checked
from bypost.providers.limits import Limits
from bypost.providers.merge import Syntax
from bypost.providers.objection import Weight, are_plain, extremes, objection, outlines


class Provider(ABC):
    """An adapter for one email service.

    Attributes:
        name: As it stands in the settings.
        title: As the service writes its own name.
        send_class: How an answer that never came is settled.
        batch_size: Most messages of one request.
        max_bytes: Longest body of one request; a longer one belongs into smaller batches.
        max_part_bytes: Longest HTML or text of one mail in UTF-8; None: no limit is known.
        max_message_bytes: Longest mail: both of them, subject and headers; None: the same.
        limits: How fast the service takes mail, as far as it says so.
        merge: How its variables are written, where the constant text of a bulk travels once; None
            for a service that is handed finished messages.
        own_headers: Whether each person's own headers, List-Unsubscribe among them, travel in a
            request for many.
        leaves_out: Headers, in small letters, that the service writes itself, so that ours stay
            here.
        looks_at_recipients: Whether :meth:`unfit` asks more of an address than that it is one.
        asks: What :meth:`find` looks through and for, for people; empty where nobody can be asked.
        checked: Against what it was checked, and when.
        dns: What the sender's domain needs so that this service may send for it.
    """

    name: ClassVar[str]
    title: ClassVar[str] = "the provider"
    send_class: ClassVar[SendClass]
    max_part_bytes: ClassVar[int | None] = None
    max_message_bytes: ClassVar[int | None] = None
    limits: ClassVar[Limits] = Limits()
    merge: ClassVar[Syntax | None] = None
    own_headers: ClassVar[bool] = True
    leaves_out: ClassVar[frozenset[str]] = frozenset()
    looks_at_recipients: ClassVar[bool] = False
    asks: ClassVar[str] = ""
    checked: ClassVar[Checked]
    dns: ClassVar[DnsNeeds] = DnsNeeds()
    batch_size: int
    max_bytes: int

    def objection(self, message: Message) -> str:
        """Return why this provider cannot carry ``message``; empty when it can."""
        weight = Weight.of(message)
        return objection(message) or self._too_long(weight) or self.unfit(message, weight)

    def unfit(self, message: Message, weight: Weight) -> str:
        """Return why a message that others would carry is not for this provider; empty: it is.

        What fits its shortest and its longest form fits what is between; unless it
        :attr:`looks_at_recipients`, whose mail it is makes no difference.

        Args:
            message: Its HTML and text may be left out.
            weight: How long they are.
        """
        return ""

    def objections(self, bulk: Bulk) -> dict[int, str]:
        """Return the objections to the mails of ``bulk``, by their place in it.

        The same as :meth:`objection` of each, without writing each of them out.
        """
        if not self.looks_at_recipients and are_plain(bulk) and not self._each(extremes(bulk)):
            return {}
        return self._each(bulk)

    def _each(self, bulk: Bulk) -> dict[int, str]:
        """Return the objections to the mails of ``bulk``, looking at one after the other."""
        found = {}
        for index, (message, weight, spoilt) in enumerate(outlines(bulk)):
            reason = objection(message) or spoilt
            if reason := reason or self._too_long(weight) or self.unfit(message, weight):
                found[index] = reason
        return found

    def _too_long(self, weight: Weight) -> str:
        part, message = self.max_part_bytes, self.max_message_bytes
        for name, size in (("HTML", weight.html), ("text", weight.text)):
            if part is not None and size > part:
                return f"its {name} part has {size:,} bytes; {self.title} takes {part:,}"
        if message is not None and weight.whole > message:
            return f"it has {weight.whole:,} bytes; {self.title} takes {message:,}"
        return ""

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

    def room(self, bulk: Bulk) -> int:
        """Return how many people of ``bulk`` one request can hold: 1 to ``batch_size``.

        Fewer where something of this mail cannot be merged: the largest shape that can.
        """
        return self.batch_size

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the body for a bulk without objections, no longer than its :meth:`room`.

        A pure function: what arrives is :meth:`Bulk.message` for each person, to the letter.
        """
        return self.encode(list(bulk.messages()))

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
