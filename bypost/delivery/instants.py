"""Instants in words: in the person's zone and in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def instant(at: datetime, zone: ZoneInfo) -> str:
    """Return "Tue 24 Nov 2026 at 09:00 CET (08:00 UTC)"."""
    local, utc = at.astimezone(zone), at.astimezone(UTC)
    own = f"{day(local.date())} at {local:%H:%M} {_name(local)}"
    if local.utcoffset() == utc.utcoffset():
        return own
    other = f"{utc:%H:%M} UTC"
    return f"{own} ({other})" if local.date() == utc.date() else f"{own} ({utc:%a} {other})"


def day(on: date) -> str:
    """Return "Tue 24 Nov 2026"."""
    return f"{on:%a} {on.day} {on:%b %Y}"


def _name(local: datetime) -> str:
    """Return the zone's short name; where it has none, its distance from UTC."""
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name
