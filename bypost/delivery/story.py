"""What ``bypost why`` answers: one person, and what comes for them and why, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail they were owed.

    Attributes:
        name: ``course/lesson`` or ``newsletter/issue``.
        state: accepted, failed, cancelled, unknown, pending or sending.
        at: When it was accepted; None where it was not.
        because: What became of it, a sentence each.
    """

    name: str
    title: str
    state: str
    at: datetime | None
    provider: str
    ref: str
    because: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A mail that comes, or why none does.

    Attributes:
        name: Empty where none comes.
        at: When it goes out; None where that depends on somebody.
    """

    name: str = ""
    title: str = ""
    at: datetime | None = None
    because: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One course or newsletter of the person.

    Attributes:
        kind: ``course`` or ``newsletter``.
        status: active, finished or left.
        because: How they came to it, and what stands about it.
        coming: The next lesson; every issue that is planned.
    """

    kind: str
    name: str
    title: str
    status: str
    since: datetime
    because: Sequence[str]
    had: Sequence[Mail]
    coming: Sequence[Coming]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The one mail that was asked about.

    Attributes:
        verdict: accepted, failed, cancelled, unknown, pending, sending, coming or never.
        at: When it was accepted or comes.
    """

    name: str
    title: str
    verdict: str
    at: datetime | None
    because: Sequence[str]
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything about one person that decides what they get.

    Attributes:
        status: unconfirmed, confirmed or unknown (nobody here has the address).
        zone: IANA zone in which instants are told.
        because: Who they are, and what stands against their address.
    """

    email: str
    name: str
    status: str
    zone: str
    hour: str
    because: Sequence[str]
    chapters: Sequence[Chapter] = field(default_factory=tuple)
    about: About | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape of ``bypost why --json`` (docs/commands.md)."""
        plain = asdict(self)
        plain["time_zone"] = plain.pop("zone")
        chapters = plain.pop("chapters")
        for kind in ("course", "newsletter"):
            plain[f"{kind}s"] = [
                {name: value for name, value in one.items() if name != "kind"}
                for one in chapters
                if one["kind"] == kind
            ]
        return plain
