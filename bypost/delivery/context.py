"""The wired parts a pass works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bypost.links import AddressHash, Links
from bypost.model.course import Sender
from bypost.model.message import Key, Search
from bypost.providers.base import Provider
from bypost.providers.webhook import Webhook
from bypost.settings import Settings
from bypost.store import Store
from scheduler.clock import Clock
from scheduler.pacing import Rate

if TYPE_CHECKING:
    from bypost.delivery.hand_over import Queue

#: Digits of the largest number that 8 bytes hold, less one.
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that delivering needs, opened by :mod:`bypost.project`; ``with`` closes it.

    Attributes:
        providers: By name, in order of preference; the first takes new batches.
        rates: What each provider allows.
        tag: This database's tag; it begins every reference.
        former_tags: Tags it had before a backup was put back -> the last delivery under each;
            oldest first.
        hooks: Readers of what providers post to us, for each with a ``webhook_secret``.
        mailbox: The local mailbox where no mail goes into it any more, so that erasing finds what
            is left there; None where it is among the providers, or on a copy.
        guarded: Refuse to send from a copied or restored database; off for copies made on purpose.
        queue: Where workers find what passes hand over; None: passes bring it themselves.
        drafts: Treat drafts of newsletters as ready (rehearsals only).
    """

    root: Path
    settings: Settings
    clock: Clock
    store: Store
    providers: dict[str, Provider]
    rates: dict[str, Rate]
    links: Links
    address_hash: AddressHash
    tag: str
    sender: Sender
    former_tags: Mapping[str, int] = field(default_factory=dict)
    hooks: Mapping[str, Webhook] = field(default_factory=dict)
    mailbox: Provider | None = None
    guarded: bool = False
    queue: Queue | None = None
    drafts: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.store.close()

    @property
    def provider(self) -> Provider:
        """Return the provider that takes new batches."""
        return next(iter(self.providers.values()))

    @property
    def late(self) -> timedelta:
        """Return how late something may go out; later, it waits for the next opening."""
        return timedelta(hours=self.settings.sending.late_hours)

    @property
    def quiet(self) -> timedelta:
        """Return how long after the last possible byte an open question is left alone.

        Where the settings do not say it, longer for a provider that shows a mail late.
        """
        sending = self.settings.sending
        quiet = timedelta(seconds=sending.quiet_seconds)
        if "quiet_seconds" in sending.model_fields_set:
            return quiet
        classes = [provider.send_class for provider in self.providers.values()]
        lags = [one.lag for one in classes if isinstance(one, Search)]
        spare = timedelta(seconds=sending.timeout_seconds + 60)
        return max([quiet, *(lag + spare for lag in lags)])

    @property
    def lease(self) -> timedelta:
        """Return how long a worker may hold a batch."""
        return timedelta(seconds=self.settings.sending.lease_seconds)

    def most(self, provider: Provider) -> int:
        """Return how many messages one request through ``provider`` may carry.

        Without an idempotency key, an answer that is lost leaves that many unknown.
        """
        if isinstance(provider.send_class, Key):
            return provider.batch_size
        return min(provider.batch_size, self.settings.sending.batch_without_key)

    def reference(self, delivery_id: int) -> str:
        """Return the reference that travels with a mail, e.g. ``k7mq2xw9-1042``."""
        for tag, last in self.former_tags.items():
            if delivery_id <= last:
                return f"{tag}-{delivery_id}"
        return f"{self.tag}-{delivery_id}"

    def delivery_id(self, reference: str) -> int | None:
        """Return which delivery a reference names; None where it is not this database's."""
        number = reference.rpartition("-")[2]
        if not (number.isascii() and number.isdigit()) or len(number) > _LONGEST_NUMBER:
            return None
        delivery_id = int(number)
        return delivery_id if self.reference(delivery_id) == reference else None
