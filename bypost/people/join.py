"""Joining a course or a newsletter: subscriber, enrollment, consent and first hint together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bypost.links import new_link_id


def new_subscriber(
    *,
    subscriber_id: int,
    email: str,
    name: str,
    time_zone: str,
    status: str,
    now: datetime,
    hour: str = "",
    tags: tuple[str, ...] = (),
    attributes: Mapping[str, str] | None = None,
    csv_cells: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Return the row of a new person; ``csv_cells`` are those of its row, by file."""
    return {
        "id": subscriber_id,
        "email": email,
        "email_key": email.casefold(),
        "name": name,
        "time_zone": time_zone,
        "hour": hour,
        "status": status,
        "tags": list(tags),
        "attributes": dict(attributes or {}),
        "own_choice": [],
        "csv_cells": dict(csv_cells) if csv_cells is not None else None,
        "created_at": now,
        "confirmed_at": now if status == "confirmed" else None,
    }


def new_enrollment(
    *, subscriber_id: int, course: str, now: datetime, run: int = 1, begins_with: str = ""
) -> dict[str, Any]:
    """Return the row of a new run; its first hint is now: owing finds the true instant.

    Args:
        begins_with: The lesson it begins with, those before it are none of theirs; empty: the
            first one.
    """
    return {
        "subscriber_id": subscriber_id,
        "course": course,
        "run": run,
        "begins_with": begins_with,
        "started_at": now,
        "next_due": now,
        "link_id": new_link_id(),
    }


def new_subscription(*, subscriber_id: int, newsletter: str, now: datetime) -> dict[str, Any]:
    """Return the row of a new subscription."""
    return {
        "subscriber_id": subscriber_id,
        "newsletter": newsletter,
        "started_at": now,
        "link_id": new_link_id(),
    }


def new_consent(
    *, subscriber_id: int, purpose: str, source: str, note: str, now: datetime
) -> dict[str, Any]:
    """Return the record that shows who agreed to what, when and where."""
    return {
        "subscriber_id": subscriber_id,
        "purpose": purpose,
        "source": source,
        "note": note,
        "requested_at": now,
        "confirmed_at": now,
    }
