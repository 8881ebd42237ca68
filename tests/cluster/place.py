"""A project on a real PostgreSQL whose passes hand over, and workers of this process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from procrastinate import App
from sqlalchemy import text

from bypost.cluster.bringer import Bringer
from bypost.cluster.jobs import BATCHES, NOTICES
from bypost.cluster.tasks import make_app
from bypost.delivery import notices
from bypost.delivery.context import Context
from bypost.delivery.report import Report
from bypost.delivery.run import Pass
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock

#: After so long a worker is dead.
SILENCE = timedelta(seconds=30)


@dataclass
class Place:
    """One project with its provider, and all that is in its database."""

    context: Context
    clock: SimulatedClock
    provider: SimulatedProvider
    bringer: Bringer = field(init=False)

    def __post_init__(self) -> None:
        self.bringer = Bringer(self.context)

    def run(self) -> Report:
        """Make a pass."""
        return Pass(self.context).run()

    def owe_a_notice(self) -> None:
        """Owe the first subscriber a notice; content must be stored."""
        notify = notices.notifier(self.context)
        with self.context.store.write() as connection:
            notify(connection, notice="goodbye", subscriber_id=1, request="left:1")

    def work(self, slots: int = 1) -> None:
        """Bring what waits, in so many slots, until nothing waits any more."""

        async def until_nothing_waits(app: App) -> None:
            await app.run_worker_async(
                queues=[NOTICES, BATCHES],
                concurrency=slots,
                wait=False,
                listen_notify=False,
                install_signal_handlers=False,
                delete_jobs="successful",
            )

        with ThreadPoolExecutor(slots) as threads:
            self.in_an_app(until_nothing_waits, threads)

    def in_an_app(self, do: Any, threads: ThreadPoolExecutor | None = None) -> Any:
        """Return what ``do`` returns, given an app that is open."""

        async def opened() -> Any:
            with threads or ThreadPoolExecutor(1) as pool:
                app = make_app(self.context.store, self.bringer, pool, silence=SILENCE)
                async with app.open_async():
                    return await do(app)

        # In a thread of its own: in this one Playwright may have left a loop running.
        with ThreadPoolExecutor(1) as alone:
            return alone.submit(asyncio.run, opened()).result()

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Return what a question to the database is answered."""
        with self.context.store.read() as connection:
            found = connection.execute(text(sql), values).mappings()
            return [dict(row) for row in found]

    def order(self, sql: str, **values: Any) -> None:
        """Change the database by hand."""
        with self.context.store.write() as connection:
            connection.execute(text(sql), values)

    def jobs(self) -> list[dict[str, Any]]:
        """Return the engine's jobs, bringing ones only."""
        return self.rows("SELECT * FROM procrastinate_jobs WHERE task_name = 'deliver' ORDER BY id")

    def queued(self) -> list[int]:
        """Return the batches that a job waits for."""
        return [row["args"]["batch"] for row in self.jobs() if row["status"] == "todo"]

    def offers(self) -> list[int | None]:
        """Return until when each batch is on offer."""
        return [row["offered_until"] for row in self.rows("SELECT * FROM batches ORDER BY id")]
