"""Jobs: what goes into the engine's queues. A job holds the number of a batch and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job

from bypost.delivery.hand_over import Queue
from bypost.store import Connection, driver
from bypost.store import jobs as store

#: The task that brings a batch.
DELIVER = "deliver"
#: Queues: each worker keeps a slot free for notices, and one for what died elsewhere.
NOTICES, BATCHES, RESCUE = "notices", "batches", "rescue"
#: Higher goes first.
_PRIORITY = {NOTICES: 10, BATCHES: 0}


class Jobs(Queue):
    """The engine's queues, written to in our own transaction.

    That takes an app with a synchronous connector (3.10, 2026-11): an app that a worker has opened
    takes asynchronous connections alone. This one is never opened; it borrows ours.
    """

    def __init__(self) -> None:
        self._app = App(connector=SyncPsycopgConnector())

    def waiting(self, connection: Connection) -> int:
        """Return how many batches wait for a worker, notices apart."""
        return store.waiting(connection, BATCHES)

    def known(self, connection: Connection, batch_ids: Sequence[int]) -> set[int]:
        """Return those that wait for a worker already."""
        found = set(store.locked(connection, [_lock(number) for number in batch_ids]))
        return {number for number in batch_ids if _lock(number) in found}

    def put(self, connection: Connection, *, notices: Sequence[int], others: Sequence[int]) -> None:
        """Let batches wait for a worker; notices are taken first."""
        for queue, numbers in ((NOTICES, notices), (BATCHES, others)):
            if numbers:
                self._put(connection, queue, numbers)

    def _put(self, connection: Connection, queue: str, numbers: Sequence[int]) -> None:
        made = [
            self._app.configure_task(
                DELIVER, queue=queue, priority=_PRIORITY[queue], queueing_lock=_lock(number)
            ).job.evolve(task_kwargs={"batch": number})
            for number in numbers
        ]
        try:
            self._defer(connection, made)
        except AlreadyEnqueued:
            # The rescue, which asks for none of our locks, has put one of them back this moment.
            for job in made:
                with suppress(AlreadyEnqueued):
                    self._defer(connection, [job])

    def _defer(self, connection: Connection, made: list[Job]) -> None:
        """Make jobs, all of them or none; the transaction goes on either way."""
        with connection.begin_nested():
            self._app.job_manager.batch_defer_jobs(made, connection=driver(connection))


def _lock(number: int) -> str:
    """Return what keeps a batch from waiting twice."""
    return f"batch {number}"
