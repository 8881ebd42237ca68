"""News for open pages: files changed, checks are done. Watching goes on while a page listens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from starlette.requests import Request
from starlette.responses import StreamingResponse

from bypost.content.loader import COURSES, NEWSLETTERS
from bypost.web.preview.session import Session

#: Folders that are watched with all below them; of the project's own folder only its files are,
#: since virtual environments and histories lie in it too.
FOLDERS = (COURSES, NEWSLETTERS, "templates")
#: Milliseconds without a further change after which a save counts as done: editors write a new
#: file and rename it.
_STILL_MS = 20
_LONGEST_MS = 200
#: Seconds that the checks wait, so that the new picture comes first.
_CHECK_AFTER = 0.3
#: Seconds between signs of life, so that a page that is gone is noticed.
_HEARTBEAT = 15.0


class Live:
    """Tells pages that listen to ``events``; belongs to one event loop."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listeners: set[asyncio.Queue[str]] = set()
        self._watching: list[asyncio.Task[None]] = []
        self._checking: asyncio.Task[None] | None = None
        self._watched: list[Path] = []
        self._moved = asyncio.Event()

    async def events(self, _: Request) -> StreamingResponse:
        """Return news for as long as the page listens (server-sent events)."""
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def stream(self) -> AsyncIterator[str]:
        """Yield the present stamp, then each new one; ends when the server is about to."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(queue)
        self._watch()
        try:
            yield _event(stamp_of(self._session))
            while True:
                try:
                    stamp = await asyncio.wait_for(queue.get(), _HEARTBEAT)
                except TimeoutError:
                    yield ":\n\n"
                    continue
                if not stamp:
                    return
                yield _event(stamp)
        finally:
            self._listeners.discard(queue)
            if not self._listeners:
                self._stop()

    def close(self) -> None:
        """End all streams: a server that stops waits for them."""
        for queue in self._listeners:
            queue.put_nowait("")

    async def check(self) -> None:
        """Have the project checked soon, unless it is; pages that listen are told."""
        if self._checking is None and self._session.checked != self._session.version:
            self._checking = asyncio.create_task(self._check())
            self._checking.add_done_callback(lambda _: setattr(self, "_checking", None))

    async def _check(self) -> None:
        while self._session.checked != self._session.version:
            await asyncio.sleep(_CHECK_AFTER)
            await _aside(self._session.examine)
            self._tell()

    def _tell(self) -> None:
        for queue in self._listeners:
            queue.put_nowait(stamp_of(self._session))

    def _watch(self) -> None:
        if not self._watching:
            self._watching = [
                asyncio.create_task(self._watch_folders()),
                asyncio.create_task(self._watch_files()),
            ]

    def _stop(self) -> None:
        for task in self._watching:
            task.cancel()
        self._watching = []

    async def _watch_folders(self) -> None:
        """Watch the content, anew when a folder comes or goes."""
        while True:
            self._moved.clear()
            self._watched = self._folders()
            if self._watched:
                await self._follow(*self._watched, recursive=True)
            else:
                await self._moved.wait()

    async def _watch_files(self) -> None:
        await self._follow(self._session.root, recursive=False)

    def _folders(self) -> list[Path]:
        return [path for name in FOLDERS if (path := self._session.root / name).is_dir()]

    async def _follow(self, *paths: Path, recursive: bool) -> None:
        from watchfiles import awatch

        changes = awatch(
            *paths,
            recursive=recursive,
            step=_STILL_MS,
            debounce=_LONGEST_MS,
            watch_filter=None,
            stop_event=self._moved if recursive else None,
        )
        with suppress(FileNotFoundError):  # removed before it was looked at
            async for _ in changes:
                if await asyncio.to_thread(self._session.refresh):
                    self._tell()
                if self._folders() != self._watched:
                    self._moved.set()


async def _aside(work: Callable[[], None]) -> None:
    """Do long work in a thread of its own, which does not keep the program from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: Exception | None = None
        try:
            work()
        except Exception as found:  # noqa: BLE001 - whatever it was, who waits must hear
            error = found
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name="checks", daemon=True).start()
    await done


def stamp_of(session: Session) -> str:
    """Return what differs as soon as a page has something new to show."""
    return f"{session.born}.{session.version}.{session.checked}"


def _event(stamp: str) -> str:
    return f"event: news\ndata: {stamp}\n\n"
