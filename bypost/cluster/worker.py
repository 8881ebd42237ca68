"""``bypost worker``: the engine's workers in one process, kept alive when the database goes away.

procrastinate ends when its database restarts (3.10, 2026-11). So this runs it again and again:
what a slot has in hand goes on meanwhile and is written down when the database is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from procrastinate import App
from procrastinate.exceptions import ProcrastinateException
from procrastinate.worker import Worker

from bypost.cluster import schema
from bypost.cluster.bringer import Bringer
from bypost.cluster.jobs import BATCHES, NOTICES, RESCUE
from bypost.cluster.tasks import forget_failures, make_app
from bypost.delivery import instance
from bypost.delivery.context import Context
from bypost.delivery.presence import BEAT, Presence
from bypost.errors import Muted, SettingsError, StoreError

_LOG = logging.getLogger(__name__)

#: Seconds before the engine is started again; doubles.
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0
#: Seconds between two looks for jobs. A worker is told of each; this is for what it did not hear.
_POLL = 1.0
#: What a process that is told twice to stop leaves with, as after Ctrl-C.
_AT_ONCE = 130


def run_worker(
    context: Context, slots: int, *, tell: Callable[[str], None], longest_away: timedelta
) -> int:
    """Bring batches until a signal comes; return the exit code.

    The first SIGTERM or SIGINT begins nothing more and lets what is in hand be finished; a second
    one leaves at once.

    Args:
        slots: Batches at a time; one more is kept free for notices.
        tell: Told what an operator may want to know.
        longest_away: After so long without a database the process gives up with 1.

    Raises:
        Muted: The database must not send from here.
        StoreError: There is no database at the start.
    """
    _quieten()
    crew = _Crew(context, slots, tell, longest_away)
    with _signals(crew.stop), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(crew.work())


class _Crew:
    """The slots of one process."""

    def __init__(
        self,
        context: Context,
        slots: int,
        tell: Callable[[str], None],
        longest_away: timedelta,
    ) -> None:
        self._context = context
        self._slots = slots
        self._tell = tell
        self._longest_away = longest_away
        self._bringer = Bringer(context)
        self._presence = Presence(context, slots)
        self._threads = ThreadPoolExecutor(slots + 1, thread_name_prefix="bring")
        self._workers: list[Any] = []  # its methods carry no annotations (3.10)
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        #: When the engine was last seen to run, by our own seconds.
        self._well_at = context.clock.elapsed()
        self._refusal: Muted | SettingsError | None = None
        beat = min(BEAT, context.lease / 4)
        self._beat = beat.total_seconds()
        self._silence = 3 * beat

    def stop(self) -> None:
        """Begin nothing more; from a signal handler, or any thread."""
        self._bringer.stopping.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop_workers)

    def _stop_workers(self) -> None:
        self._stop.set()
        for worker in self._workers:
            worker.stop()

    async def work(self) -> int:
        """Keep the engine running until told to stop, or until the database is away too long."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_remark)
        elapsed = self._context.clock.elapsed
        wait, told = _FIRST_WAIT, ""
        while not self._bringer.stopping.is_set():
            before = self._well_at
            trouble = await self._run_once()
            if self._refusal is not None:
                raise self._refusal
            if self._bringer.stopping.is_set():
                break
            if self._well_at > before:
                wait, told = _FIRST_WAIT, ""
            if elapsed() - self._well_at > self._longest_away.total_seconds():
                self._tell(f"the database is away for too long: giving up\n  {trouble}")
                self._threads.shutdown(wait=False)
                return 1
            if trouble != told:
                self._tell(f"the engine stopped and starts again: {trouble}")
            told = trouble
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait)
            wait = min(2 * wait, _LONGEST_WAIT)
        self._threads.shutdown()
        with contextlib.suppress(StoreError):
            await self._in_thread(self._presence.end)
        return 0

    async def _run_once(self) -> str:
        """Run the engine until it ends; return why it did."""
        try:
            await self._in_thread(self._get_ready)
            app = make_app(self._context.store, self._bringer, self._threads, silence=self._silence)
            async with app.open_async():
                await forget_failures(app)
                return await self._run_workers(app)
        except (Muted, SettingsError) as error:
            self._refusal = error
            return str(error)
        except (StoreError, ProcrastinateException, OSError) as error:
            return _first_line(error)

    def _get_ready(self) -> None:
        """Make sure that this process may send, and say that it is there."""
        instance.check(self._context, join=False)
        schema.prepare(self._context.store)
        self._presence.show()

    async def _run_workers(self, app: App) -> str:
        """Run the slots until one of the engine's workers ends; then end the others."""
        self._workers = [
            self._worker(app, [NOTICES, BATCHES], self._slots),
            self._worker(app, [NOTICES], 1),
            self._worker(app, [RESCUE], 1, listen_notify=False),
        ]
        running = [asyncio.create_task(worker.run()) for worker in self._workers]
        beats = asyncio.create_task(self._show_often())
        await asyncio.sleep(0)  # they forget at their first step that they were told to stop
        if self._stop.is_set():
            self._stop_workers()
        await asyncio.wait([*running, beats], return_when=asyncio.FIRST_COMPLETED)
        for worker in self._workers:
            worker.stop()
        ends = await asyncio.gather(*running, return_exceptions=True)
        beats.cancel()
        ends += await asyncio.gather(beats, return_exceptions=True)
        self._workers = []
        troubles = [end for end in ends if isinstance(end, Exception)]
        return _first_line(troubles[0]) if troubles else "the database was stopped or restarted"

    def _worker(self, app: App, queues: list[str], concurrency: int, **options: Any) -> Any:
        return Worker(
            app,
            queues=queues,
            name=queues[-1],
            concurrency=concurrency,
            delete_jobs="successful",
            install_signal_handlers=False,
            fetch_job_polling_interval=_POLL,
            update_heartbeat_interval=self._beat,
            stalled_worker_timeout=self._silence.total_seconds(),
            **options,
        )

    async def _show_often(self) -> None:
        """Say every few seconds that this process is there; end if it must not send any more."""
        while True:
            await asyncio.sleep(self._beat)
            try:
                await self._in_thread(self._show)
                self._well_at = self._context.clock.elapsed()
            except (Muted, SettingsError) as error:
                self._refusal = error
                return
            except StoreError as error:
                _LOG.debug("no sign of life could be given: %s", error)

    def _show(self) -> None:
        instance.check(self._context, join=False)
        self._presence.show()
        instance.note(self._context)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(None, work)


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first signal, and leave at once at the second."""
    told = False

    def heard(*_: object) -> None:
        nonlocal told
        if told:
            os._exit(_AT_ONCE)
        told = True
        stop()

    before = {name: signal.signal(name, heard) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop: on Windows psycopg needs the older kind."""
    return asyncio.SelectorEventLoop if os.name == "nt" else None


def _remark(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Note what nobody waited for: a job whose end could not be told to a database that is away."""
    error = context.get("exception")
    expected = isinstance(error, (ProcrastinateException, OSError, asyncio.CancelledError))
    level = logging.DEBUG if expected else logging.ERROR
    _LOG.log(level, "%s: %s", context.get("message"), _first_line(error))


def _first_line(error: BaseException | None) -> str:
    """Return an error in a line: the driver's own words where procrastinate has none."""
    cause = error.__cause__ or error if error is not None else None
    return str(cause).strip().partition("\n")[0] or type(cause).__name__


def _quieten() -> None:
    """Keep the engine's own remarks out of the log, unless someone asked for them by name."""
    for name in ("procrastinate", "psycopg.pool"):
        theirs = logging.getLogger(name)
        if theirs.level == logging.NOTSET:
            theirs.setLevel(logging.CRITICAL)
