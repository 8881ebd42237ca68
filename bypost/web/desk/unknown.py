"""What nobody knows the fate of: settled by hand, one by one or by batch."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.delivery import reconcile
from bypost.store import settle
from bypost.store import today as store
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk

#: Batches on a page, and deliveries that are shown of each.
_BATCHES, _ROWS = 20, 25
#: Deliveries that are settled as sent in one transaction.
_CHUNK = 50
#: What is typed before a whole batch is sent again.
_WORD = "again"


class Unknown:
    """The page of unknown deliveries."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/unknown", self.show),
            Address("POST", "/unknown", self.settle, Role.OPERATOR),
        ]

    def show(self, ask: Ask) -> Response:
        """List what is unknown, batch by batch; of a large one its first deliveries."""
        return self._page(ask)

    def _page(self, ask: Ask, wrong: int | None = None) -> Response:
        after, batch, behind = (ask.number(name) or 0 for name in ("after", "batch", "behind"))
        with self._desk.context.store.read() as connection:
            first = batch - 1 if batch else after
            limit = 1 if batch else _BATCHES + 1
            found = store.unknown_batches(connection, after=first, limit=limit)
            shown = [one for one in found[:_BATCHES] if not batch or one["id"] == batch]
            groups = [
                (one, store.unknown_of(connection, one["id"], after=behind, limit=_ROWS + 1))
                for one in shown
            ]
        last = found[_BATCHES - 1]["id"] if len(found) > _BATCHES else None
        return self._desk.show(
            ask,
            "unknown",
            400 if wrong else 200,
            groups=[
                (one, rows[:_ROWS], rows[_ROWS - 1]["id"] if len(rows) > _ROWS else None)
                for one, rows in groups
            ],
            reference=self._desk.context.reference,
            older=f"{PREFIX}/unknown?after={last}" if last and not batch else "",
            first=f"{PREFIX}/unknown" if after or batch else "",
            word=_WORD,
            wrong=wrong,
        )

    def settle(self, ask: Ask) -> Response:
        """Settle one delivery, or all of a batch: it was sent, or it is to be sent again."""
        batch = int(text) if (text := ask.text("batch", 15)).isdigit() else 0
        ids = self._chosen(ask.text("ref", 60), batch)
        sent = ask.text("as") == "sent"
        if batch and not sent and not ask.typed(_WORD):
            return self._page(ask, wrong=batch)
        done = self._sent(ids) if sent else reconcile.owe_again(self._desk.context, ids)
        if not done:
            return self._desk.done(ask, "/unknown", "That was settled already.")
        action = "delivery.sent" if sent else "delivery.again"
        subject = f"batch:{batch}" if batch else f"delivery:{ask.text('ref', 60)}"
        with self._desk.context.store.write() as connection:
            self._desk.note(connection, ask, action, subject, f"{done} settled")
        if self._desk.doors.runner and not sent:
            self._desk.doors.runner.wake()
        words = "settled as sent" if sent else "owed again; the next pass sends it"
        return self._desk.done(ask, "/unknown", f"{done:,} {words}.")

    def _chosen(self, reference: str, batch: int) -> list[int]:
        """Return the deliveries that are meant."""
        if batch:
            with self._desk.context.store.read() as connection:
                return [row["id"] for row in settle.open_members(connection, batch)]
        one = self._desk.context.delivery_id(reference)
        return [one] if one is not None else []

    def _sent(self, ids: Sequence[int]) -> int:
        """Settle deliveries as sent, some at a time: others write meanwhile."""
        context = self._desk.context
        return sum(
            reconcile.mark_sent(context, ids[start : start + _CHUNK])
            for start in range(0, len(ids), _CHUNK)
        )
