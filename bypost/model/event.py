"""What a provider later says about a mail it took over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """Our names for what providers tell, at most 16 letters."""

    SENT = "sent"  #: taken over by the provider
    DELIVERED = "delivered"  #: taken over by the recipient's server
    BOUNCED = "bounced"  #: for good: the address does not work
    SOFT_BOUNCED = "soft-bounced"  #: this time
    DEFERRED = "deferred"  #: the provider is still trying
    COMPLAINED = "complained"  #: marked as spam by its reader
    UNSUBSCRIBED = "unsubscribed"  #: by the provider's own means
    OPENED = "opened"
    CLICKED = "clicked"
    REJECTED = "rejected"  #: taken over, then not sent by the provider
    OTHER = "other"  #: a kind that is not known here; recorded, without effect

    @property
    def proves_acceptance(self) -> bool:
        """Tell whether the provider must have taken the mail over for this to happen."""
        return self not in (EventKind.REJECTED, EventKind.UNSUBSCRIBED, EventKind.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to one mail.

    Attributes:
        event_id: The provider's id of the event, or a hash of its text where it gives none; the
            same event told twice has the same id.
        ref: Our reference as it travelled with the mail; empty where there is none.
        provider_id: The provider's id of the message; may be empty.
        recipient: The address it is about; may be empty.
        at: When it happened, as the provider says.
        too_large: A soft bounce because of the mail's size, which says nothing of the address.
        detail: The provider's words for people; at most 300 characters.
        raw: The event as received.
    """

    event_id: str
    kind: EventKind
    ref: str
    provider_id: str
    recipient: str
    at: datetime
    too_large: bool = False
    detail: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
