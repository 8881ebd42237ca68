"""The engine's tasks: bringing a batch, and taking up what a dead worker left behind."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from datetime import timedelta

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from bypost.cluster.bringer import Bringer
from bypost.cluster.jobs import DELIVER, RESCUE
from bypost.store import Store

_LOG = logging.getLogger(__name__)

#: Seconds for which a connection is waited for, and for which a free one of the pool. A worker
#: whose database goes away ends after twice the latter: it also tries to sign off.
_CONNECT, _FREE = 10, 5
#: Hours for which a job that failed (a mistake of ours) can be looked at.
_KEPT = 24


def make_app(store: Store, bringer: Bringer, threads: Executor, *, silence: timedelta) -> App:
    """Return an app whose tasks bring batches of ``store``.

    Args:
        threads: Where batches are brought; a thread for each slot.
        silence: After so long without a sign of life a worker is taken to be dead.
    """
    url = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = PsycopgConnector(
        conninfo=url,
        min_size=1,
        max_size=4,
        timeout=_FREE,
        kwargs={
            "application_name": "bypost worker",
            "connect_timeout": _CONNECT,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
    app = App(connector=connector)

    @app.task(name=DELIVER, pass_context=True)
    async def deliver(context: JobContext, batch: int) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(threads, bringer.bring, batch, context.job.queue)

    every = max(1, int(silence.total_seconds() / 3))

    @app.periodic(cron=f"* * * * * */{every}" if every < 60 else "* * * * *")
    @app.task(name="rescue", queue=RESCUE, queueing_lock=RESCUE)
    async def rescue_stalled(timestamp: int) -> None:
        await rescue(app, silence=silence)

    return app


async def rescue(app: App, *, silence: timedelta) -> int:
    """Let what dead workers had in hand be taken up by others; return how many jobs that were.

    Without this they stay where they are for ever (procrastinate 3.10). A worker that only stood
    still finds its job taken: the lease keeps the two apart.
    """
    manager, seconds = app.job_manager, silence.total_seconds()
    jobs = list(await manager.get_stalled_jobs(seconds_since_heartbeat=seconds))
    for job in jobs:
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # the batch was offered anew meanwhile
            await manager.finish_job(job, status=Status.ABORTED, delete_job=True)
        except ConnectorException:
            _LOG.debug("job %s ended just now", job.id)
    pruned = list(await manager.prune_stalled_workers(seconds))
    if jobs or pruned:
        _LOG.warning(
            "%d worker(s) died or stood still: %d job(s) go to others", len(pruned), len(jobs)
        )
    return len(jobs)


async def forget_failures(app: App) -> None:
    """Remove jobs that failed long ago; those that went well are gone already."""
    await app.job_manager.delete_old_jobs(
        nb_hours=_KEPT, include_failed=True, include_cancelled=True, include_aborted=True
    )
