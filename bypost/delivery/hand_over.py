"""Handing ready batches over to workers, which bring them on this or other machines.

An offer is a note on the batch and an entry in the engine's queue, made in one transaction: neither
is there without the other. It ends with the lease's length; whatever became of the entry, the clock
then offers the batch anew. So the queue says where and when a batch is brought, and never whether:
that stays with the lease (:mod:`bypost.delivery.claim`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

from bypost.delivery import failover
from bypost.delivery.context import Context
from bypost.store import Connection, budgets, offers

#: Batches that wait for a worker at most, notices apart: more would only wait longer.
ROOM = 2_000
#: Batches offered in one transaction: other writers wait for it.
_CHUNK = 200
#: What a worker cannot bring is left alone for so long at most: an operator may mend it any time.
LONGEST_REST = timedelta(minutes=5)


class Queue(ABC):
    """Where workers find batches; every method is part of the caller's transaction."""

    @abstractmethod
    def waiting(self, connection: Connection) -> int:
        """Return how many batches wait for a worker, notices apart."""

    @abstractmethod
    def known(self, connection: Connection, batch_ids: Sequence[int]) -> set[int]:
        """Return those that wait for a worker already."""

    @abstractmethod
    def put(self, connection: Connection, *, notices: Sequence[int], others: Sequence[int]) -> None:
        """Let batches wait for a worker; notices are taken first."""


def hand_over(context: Context, queue: Queue) -> int:
    """Offer what is ready to the workers; return how many batches that were.

    Batches of a stopped provider wait for ``bypost resume``, unless another one may take them over
    or an earlier attempt left something to settle.
    """
    offered = 0
    while True:
        with context.store.write() as connection:
            now = context.clock.now()
            stopped = () if failover.exists(context) else tuple(budgets.breakers(connection))
            found = offers.choose(
                connection,
                now,
                stopped=stopped,
                notices=_CHUNK,
                others=min(_CHUNK, max(0, ROOM - queue.waiting(connection))),
            )
            if not found:
                return offered
            ids = [row["id"] for row in found]
            offers.offer(connection, ids, until=now + context.lease)
            known = queue.known(connection, ids)
            new = [row for row in found if row["id"] not in known]
            queue.put(
                connection,
                notices=[row["id"] for row in new if row["kind"] == "notice"],
                others=[row["id"] for row in new if row["kind"] != "notice"],
            )
            offered += len(new)


def give_back(context: Context, batch_id: int, until: datetime | None = None) -> None:
    """End the offer of a batch that its worker could not bring; the clock offers it anew.

    Args:
        until: Not before that; at once by default.
    """
    if until is not None:
        until = min(until, context.clock.now() + LONGEST_REST)
    with context.store.write(together=True) as connection:
        offers.end(connection, batch_id, until)
