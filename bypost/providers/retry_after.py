"""When a provider wants to be asked again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Longest wait that is believed; a monthly quota can ask for about this much.
LONGEST = timedelta(days=31)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return what ``Retry-After``, else ``ratelimit-reset``, asks for; None where neither does.

    ``Retry-After`` is seconds or an HTTP date (RFC 9110 10.2.3). A date is measured against the
    answer's own ``Date``, so the clock of this machine plays no part; without that, it is unknown.
    ``ratelimit-reset`` is seconds, and so is Brevo's ``x-sib-ratelimit-reset``.
    """
    waits = (
        _seconds(headers.get("Retry-After")),
        _until(headers),
        _seconds(headers.get("ratelimit-reset")),
        _seconds(headers.get("x-sib-ratelimit-reset")),
    )
    return next((wait for wait in waits if wait is not None), None)


def _seconds(text: str | None) -> timedelta | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    if math.isnan(seconds):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST.total_seconds()))


def _until(headers: Mapping[str, str]) -> timedelta | None:
    then, now = _date(headers.get("Retry-After")), _date(headers.get("Date"))
    if then is None or now is None:
        return None
    return min(max(then - now, timedelta(0)), LONGEST)


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
