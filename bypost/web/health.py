"""``/healthz``: whether this process lives. ``/readyz``: whether it can do its work too.

Nothing secret: both answer everybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from starlette.responses import JSONResponse

from bypost.delivery.context import Context
from bypost.errors import StoreError
from bypost.store import migrate
from bypost.store import pages as store


class Beat(Protocol):
    """What makes passes, as the pages see it: a ``Runner`` or ``Ticks``."""

    @property
    def last_tick(self) -> datetime | None:
        """When a pass last came to its end."""

    def healthy(self, now: datetime) -> bool:
        """Whether passes are made as they should."""

    def wake(self) -> None:
        """Ask for a pass now."""


class Health:
    """Answers monitors."""

    def __init__(self, context: Context, runner: Beat | None) -> None:
        self._context = context
        self._runner = runner

    def show(self) -> JSONResponse:
        """Return 200 if passes are made and the database answers, else 503 with the reason."""
        return self._answer(self._reason())

    def ready(self) -> JSONResponse:
        """Return 200 if the database is of this version as well, else 503 with the reason."""
        return self._answer(self._reason() or self._foreign_schema())

    def _answer(self, reason: str) -> JSONResponse:
        last = self._runner.last_tick if self._runner else None
        body = {
            "status": "failing" if reason else "ok",
            "last_tick": last.isoformat() if last else None,
        }
        return JSONResponse({**body, "reason": reason} if reason else body, 503 if reason else 200)

    def _reason(self) -> str:
        try:
            with self._context.store.read() as connection:
                store.answers(connection)
        except StoreError:
            return "the database does not answer"
        if self._runner and not self._runner.healthy(self._context.clock.now()):
            return "no pass was completed lately"
        return ""

    def _foreign_schema(self) -> str:
        """Return why the tables cannot be used; empty if they can."""
        try:
            if migrate.is_current(self._context.store):
                return ""
        except StoreError:
            return "the database was made by another version of this program"
        return "the database is not of this version; run `bypost db upgrade`"
