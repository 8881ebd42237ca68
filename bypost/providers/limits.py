"""How fast a service takes mail, as far as it says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The budget a provider has unless the settings say otherwise.

    Attributes:
        per_second: Requests in a second; None: no limit of ours.
        per_day: Mails in a day; None: no limit of ours.
        source: Where the figures of the service are written down, and when that was read; where
            it publishes none, that this is so.
    """

    per_second: float | None = None
    per_day: int | None = None
    source: str = ""
