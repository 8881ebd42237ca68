"""Whose clock it is: the person's zone, the course's, or UTC."""

from __future__ import annotations

import logging
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOG = logging.getLogger(__name__)


@lru_cache(maxsize=1024)
def zone(*names: str) -> ZoneInfo:
    """Return the first of these zones that this machine knows, UTC if none; "" is none.

    A database may come from a machine with newer zone data: one person's zone must not stop
    everybody. Asking a million times costs a look-up each, and one line in the log.
    """
    for name in filter(None, names):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            _LOG.warning("time zone %s is not known on this machine; install tzdata", name)
    return ZoneInfo("UTC")
