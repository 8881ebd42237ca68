"""The forecast behind the local page: worked out beside it, so that the page never waits."""

from __future__ import annotations

import logging
import threading

from bypost.delivery.context import Context
from bypost.delivery.forecast import Forecast, forecast
from bypost.errors import ByPostError
from bypost.web.forecast_chart import DAYS

_LOG = logging.getLogger(__name__)

#: Seconds for which a forecast is good enough.
FRESH_S = 20.0
#: Seconds that the very first one may take of a page's time.
_PATIENCE_S = 1.5


class ForecastAhead:
    """Keeps the latest forecast, and asks for another when somebody looks and it is old."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._first = threading.Event()
        self._busy = False
        self._made_at: float | None = None
        self._latest: Forecast | None = None

    def latest(self) -> Forecast | None:
        """Return the latest forecast; None while there is none yet."""
        with self._lock:
            now = self._context.clock.elapsed()
            old = self._made_at is None or now - self._made_at > FRESH_S
            if old and not self._busy:
                self._busy = True
                threading.Thread(target=self._make, daemon=True).start()
        self._first.wait(_PATIENCE_S)
        return self._latest

    @property
    def pending(self) -> bool:
        """Tell whether the first one is still being worked out."""
        return not self._first.is_set()

    def close(self) -> None:
        """Let the one under way come to its end, for a moment."""
        if self._busy:
            self._first.wait(_PATIENCE_S)

    def _make(self) -> None:
        try:
            self._latest = forecast(self._context, DAYS)
        except ByPostError as error:
            _LOG.warning("no forecast: %s", error)
        finally:
            with self._lock:
                self._busy = False
                self._made_at = self._context.clock.elapsed()
            self._first.set()
