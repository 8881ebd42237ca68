"""What an adapter was checked against, so that its page can say how far it is to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Against what, and when.

    Attributes:
        description: The vendor's machine-readable description that requests are validated against,
            with its version; empty where the vendor publishes none that was reached.
        pages: What else it was written from: the vendor's pages, libraries, published samples.
        on: The day on which these were read.
    """

    description: str = ""
    pages: str
    on: date
