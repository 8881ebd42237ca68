"""A finished mail for one person, and what a provider says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail, ready to be handed to a provider.

    Attributes:
        ref: Our reference of the delivery: letters, digits and ``-``, at most 40; it comes back
            in the provider's events and names the file in the local mailbox.
        date: The instant of the request, aware; the Date of a mail that is written here.
        to: The address, without a name.
        to_name: Display name; may be empty, may hold any characters but line breaks.
        headers: Further headers: List-Unsubscribe and the like; ASCII, no line breaks.
        stream: ``bulk`` for lessons and issues, ``transactional`` for notices.
    """

    ref: str
    date: datetime
    to: str
    to_name: str
    from_email: str
    from_name: str
    reply_to: str
    subject: str
    html: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: str = "bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the provider said about one message of a request it answered.

    Attributes:
        accepted: True where the provider took it over.
        provider_id: The provider's own id; empty where it gave none.
        error: Why it was not accepted, for people; empty when accepted.
        retry: True where it was surely not accepted, for a reason that is not this recipient's,
            while others of the request were: the account ran out of credits half-way, say. The
            person is still owed the mail; in a batch of its own it is refused as a whole.
    """

    accepted: bool
    provider_id: str = ""
    error: str = ""
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """Send class: repeating the same key and bytes within ``lifetime`` sends once.

    Attributes:
        lifetime: How long the provider remembers a key; None for always.
        same_bytes: Whether a repeat must carry the same bytes, so that they are frozen.
    """

    lifetime: timedelta | None
    same_bytes: bool = True


@dataclass(frozen=True, slots=True)
class Search:
    """Send class: the provider can be asked for our reference.

    Attributes:
        lag: The longest that a mail it has taken over may stay invisible to a search; the quiet
            period before asking must be longer.
    """

    lag: timedelta


@dataclass(frozen=True, slots=True)
class Events:
    """Send class: only a webhook that carries our reference tells."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Send class: nobody can tell; the operator settles what stays unknown."""


SendClass = Key | Search | Events | Nothing
