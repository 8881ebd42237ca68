"""Settings of what an operator is told without asking, and of ``bypost doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from bypost.settings.kinds import Count, MailAddress, Positive, Secret, Words
from bypost.settings.section import Section

#: Hosts that are this machine: what is posted there crosses no network.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _hook_address(text: str) -> str:
    """Return where a webhook is posted: https, or this machine; raise ValueError for others."""
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port != 0 and not parts.username else ""
    except ValueError:
        parts, host = urlsplit(""), ""
    schemes = ("https", "http") if host in LOOPBACK else ("https",)
    if host and parts.scheme in schemes:
        return text
    raise ValueError("write an https address, e.g. https://example.org/hooks/bypost")


HookAddress = Annotated[str, AfterValidator(_hook_address)]


class Alarms(Section):
    """When an operator is told that something is wrong, and how; shares are parts of 1."""

    email: MailAddress | None = None
    webhook_url: Annotated[HookAddress | None, Field(repr=False)] = None  # may name a channel
    webhook_secret: Secret | None = None
    webhook_secret_file: Path | None = None
    hours: Positive = 24
    accepted: Count = 100
    events: Count = 5
    bounce_share: Positive = 0.02
    complaint_share: Positive = 0.001
    complaint_alarm_share: Positive = 0.003
    confirmation_drop: Annotated[float, Field(gt=0, lt=1)] = 0.5
    confirmation_requests: Count = 20
    signup_factor: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 10
    signup_requests: Count = 50
    unknown_minutes: Positive = 60
    pause_minutes: Positive = 15
    silent_minutes: Positive = 15
    workers_minutes: Positive = 5
    disk_mb: Count = 500
    over_minutes: Positive = 60
    again_hours: Positive = 12


class Doctor(Section):
    """What ``bypost doctor`` asks of the domain name system."""

    dkim_selectors: Words = ()
    timeout_seconds: Positive = 5
    total_seconds: Positive = 30
