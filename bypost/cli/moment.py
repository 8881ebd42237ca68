"""Instants and spans of time in words."""

from __future__ import annotations

from datetime import datetime, timedelta

_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def day(at: datetime) -> str:
    """Return "Tuesday 24 November 2026 at 09:00 CET", in this machine's zone."""
    return f"{at.astimezone():%A %-d %B %Y at %H:%M %Z}"


def second(at: datetime) -> str:
    """Return "Tue 24 Nov 2026 09:00:05", in this machine's zone."""
    return f"{at.astimezone():%a %-d %b %Y %H:%M:%S}"


def span(length: timedelta) -> str:
    """Return "12 s", "5 min", "3 h" or "2 d"; below zero counts as zero."""
    seconds = max(0, int(length.total_seconds()))
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
