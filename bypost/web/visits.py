"""Visits of sign-up pages: counted in memory, added to the daily counts between passes.

No row per visit, no cookie, no address: only a number per page and day. A process that is killed
loses the visits of some seconds.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from datetime import date

from fastapi import Request

from bypost.delivery.context import Context
from bypost.errors import StoreError
from bypost.store import daily
from bypost.store.daily import Count, Kind
from bypost.web.machines import is_program, wants_privacy

_LOG = logging.getLogger(__name__)


class Visits:
    """Counts the visits of a process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._counted: Counter[tuple[date, Kind, str, str]] = Counter()

    def count(self, request: Request, collection: str, form: str) -> None:
        """Count a visit, unless the person asks not to be counted.

        Args:
            collection: What the page is about, e.g. ``course:clarity``.
            form: Which form stands on it.
        """
        if wants_privacy(request.headers):
            return
        machine = request.method == "HEAD" or is_program(request.headers)
        kind = Kind.BOT_VISIT if machine else Kind.VISIT
        day = daily.day_of(self._context.clock.now())
        with self._lock:
            self._counted[day, kind, collection, form] += 1

    def flush(self) -> None:
        """Add what was counted to the daily counts; where that fails it is kept for the next."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            with self._context.store.write() as connection:
                daily.add_all(
                    connection,
                    (
                        Count(day=day, kind=kind, collection=where, label=form, number=number)
                        for (day, kind, where, form), number in counted.items()
                    ),
                )
        except StoreError as error:
            _LOG.warning("visits wait to be counted: %s", error)
            with self._lock:
                self._counted.update(counted)
