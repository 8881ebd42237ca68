"""Instants as people read them: always in somebody's zone, and with its name."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(*names: str) -> ZoneInfo:
    """Return the first zone that is named and known, else UTC."""
    for name in names:
        if not name:
            continue
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")


def day(local: datetime) -> str:
    """Return "Tuesday 24 November"; the year is told where it matters."""
    return f"{local:%A} {local.day} {local:%B}"


def short_day(local: datetime) -> str:
    """Return "Tue 24 Nov"."""
    return f"{local:%a} {local.day} {local:%b}"


def full_day(local: datetime) -> str:
    """Return "Tuesday 24 November 2026"."""
    return f"{day(local)} {local.year}"


def clock(local: datetime) -> str:
    """Return "09:00 CET"."""
    return f"{local:%H:%M} {abbreviation(local)}"


def moment(local: datetime) -> str:
    """Return "Tue 24 Nov 2026, 09:00 CET"."""
    return f"{short_day(local)} {local.year}, {clock(local)}"


def abbreviation(local: datetime) -> str:
    """Return the zone's short name; where it has none, its distance from UTC."""
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name
