"""News for open pages: a save, the end of the checks, the end of the server."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path

import pytest

from bypost.web.preview.live import Live
from bypost.web.preview.session import Session
from tests.conftest import write_course
from tests.web.preview.conftest import ONE

#: Seconds after which a test gives up; news comes within a tenth of one.
PATIENCE = 10


def in_a_loop(coroutine: Coroutine[None, None, None]) -> None:
    """Run a loop in a thread: this one may have that of a browser."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def listening(session: Session, act: Callable[[Live, Next], Awaitable[None]]) -> None:
    """Listen as a page does, and do something once the first stamp is there."""

    async def run() -> None:
        live = Live(session)
        async with aclosing(live.stream()) as stream:
            following = Next(stream)
            await following()
            await asyncio.sleep(0.2)  # watching has begun
            await act(live, following)

    in_a_loop(run())


class Next:
    """Waits for the next piece of news; returns its stamp, or nothing at the end."""

    def __init__(self, stream: AsyncIterator[str]) -> None:
        self._stream = stream

    async def __call__(self) -> str:
        try:
            text = await asyncio.wait_for(anext(self._stream), PATIENCE)
        except StopAsyncIteration:
            return ""
        found = re.fullmatch(r"event: news\ndata: (\S+)\n\n", text)
        assert found is not None
        return found[1]


@pytest.mark.parametrize("path", [ONE, "templates/email/base.mjml", "bypost.toml"])
def test_a_save_is_news(session: Session, path: str) -> None:
    async def act(_live: Live, following: Next) -> None:
        file = session.root / path
        file.write_text(f"{file.read_text(encoding='utf-8')}\n", encoding="utf-8")
        assert (await following()).endswith(".2.0")

    listening(session, act)


def test_a_file_that_is_written_aside_and_renamed_is_news_once(session: Session) -> None:
    async def act(_live: Live, following: Next) -> None:
        file = session.root / ONE
        aside = file.with_name(".00-one.md.swp")
        aside.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        aside.replace(file)
        assert (await following()).endswith(".2.0")

    listening(session, act)


def test_a_file_beside_the_content_is_none(session: Session) -> None:
    async def act(live: Live, following: Next) -> None:
        (session.root / "notes.md").write_text("x", encoding="utf-8")
        (session.root / "lessons" / "letters" / "00-one.md~").write_text("x", encoding="utf-8")
        await asyncio.sleep(0.3)
        live.close()
        assert await following() == ""

    listening(session, act)


def test_a_folder_that_comes_later_is_watched_too(empty_project: Path) -> None:
    shutil.move(empty_project / "templates", empty_project.parent / "templates")
    session = Session(empty_project)

    async def act(_live: Live, following: Next) -> None:
        write_course(session.root)
        stamps = [await following()]
        while len(session.shelf.entries) < 3:
            session.refresh()
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        file = session.root / ONE
        file.write_text(f"{file.read_text(encoding='utf-8')}\n", encoding="utf-8")
        stamps.append(await following())
        assert stamps[0] != stamps[1]

    listening(session, act)


def test_the_end_of_the_checks_is_news(session: Session) -> None:
    async def act(live: Live, following: Next) -> None:
        await live.check()
        assert (await following()).endswith(".1.1")
        await live.check()  # nothing changed: nothing is checked, nobody is told
        live.close()
        assert await following() == ""

    listening(session, act)


def test_a_server_that_stops_waits_for_no_page(session: Session) -> None:
    async def act(live: Live, following: Next) -> None:
        live.close()
        assert await following() == ""

    listening(session, act)


def test_nothing_is_watched_while_nobody_listens(session: Session) -> None:
    async def run() -> None:
        live = Live(session)
        async with aclosing(live.stream()) as stream:
            await anext(stream)
            assert len(asyncio.all_tasks()) == 3
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) == 1

    in_a_loop(run())
