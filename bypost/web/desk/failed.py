"""What was refused for one person: who, what and why."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from bypost.store import counts
from bypost.store import today as store
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk

_ROWS = 50


class Failed:
    """The page of failed deliveries."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [Address("GET", "/failed", self.show)]

    def show(self, ask: Ask) -> Response:
        """List failed deliveries, newest first."""
        before = ask.number("before")
        with self._desk.context.store.read() as connection:
            rows = store.failed(connection, before=before, limit=_ROWS + 1)
            total = counts.count(connection).failed
        older = f"{PREFIX}/failed?before={rows[_ROWS - 1]['id']}" if len(rows) > _ROWS else ""
        return self._desk.show(
            ask,
            "failed",
            rows=rows[:_ROWS],
            total=total,
            reference=self._desk.context.reference,
            first=f"{PREFIX}/failed" if before else "",
            older=older,
        )
