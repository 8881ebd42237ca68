"""The wired parts a pass works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from bypost.links import AddressHash, Links
from bypost.model.course import Sender
from bypost.providers.base import Provider
from bypost.settings import Settings
from bypost.store import Store
from scheduler.clock import Clock
from scheduler.pacing import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that delivering needs, opened by :mod:`bypost.project`; ``with`` closes it.

    Attributes:
        providers: By name, in order of preference; the first takes new batches.
        rates: What each provider allows.
        tag: This database's tag; it begins every reference.
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
    def lease(self) -> timedelta:
        """Return how long a worker may hold a batch."""
        return timedelta(seconds=self.settings.sending.lease_seconds)

    def reference(self, delivery_id: int) -> str:
        """Return the reference that travels with a mail, e.g. ``k7mq2xw9-1042``."""
        return f"{self.tag}-{delivery_id}"
