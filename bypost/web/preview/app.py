"""The bench as a site of its own, or as addresses of the local page's site."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bypost.web.guard import Guard
from bypost.web.pages import STATIC
from bypost.web.preview.bench import Bench
from bypost.web.preview.impact import Impacts
from bypost.web.preview.inbox import Inbox
from bypost.web.preview.mails import Mails
from bypost.web.preview.matrix import Matrix
from bypost.web.preview.menu import PREFIX
from bypost.web.preview.try_out import PAGE as TEST
from bypost.web.preview.try_out import TryOut

#: Addresses whose POST must come from a page of this site.
OWN_POSTS: frozenset[str] = frozenset({TEST})


def make_routes(bench: Bench) -> list[BaseRoute]:
    """Return every address of the bench, each below ``/preview``."""

    async def events(request: Request) -> Response:
        return await bench.live.events(request)

    async def gone(request: Request) -> Response:
        return bench.gone(request)

    return [
        Route(f"{PREFIX}/events", events),
        *Mails(bench).routes(),
        *Inbox(bench).routes(),
        *Matrix(bench).routes(),
        *Impacts(bench).routes(),
        *TryOut(bench).routes(),
        Route(f"{PREFIX}/{{rest:path}}", gone),
    ]


def make_preview(root: Path) -> Starlette:
    """Return the bench by itself, for loopback only.

    It is Starlette and not FastAPI, which takes a quarter of a second longer to load (2026-11):
    the first page is to be there within one.
    """
    bench = Bench(root)

    async def home(_: Request) -> Response:
        return RedirectResponse(PREFIX, 303)

    static = Mount("/static", StaticFiles(directory=STATIC))
    site = Starlette(routes=[Route("/", home), *make_routes(bench), static])
    site.state.before_exit = bench.close
    site.add_middleware(Guard, local=True, own_posts=OWN_POSTS, on_too_large=lambda _: None)
    return site
