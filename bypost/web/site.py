"""The site: every address in one list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from bypost.delivery.context import Context
from bypost.errors import ByPostError
from bypost.web.desk import Desk
from bypost.web.guard import HOOKS, Guard
from bypost.web.health import Beat, Health
from bypost.web.hooks import Hooks
from bypost.web.leave import Leave
from bypost.web.metrics import Metrics
from bypost.web.pages import STATIC, Pages
from bypost.web.progress import Progress
from bypost.web.titles import Titles

Handler = Callable[..., Any]
Route = tuple[str, str, Handler]


def make_site(context: Context, *, runner: Beat | None = None, local: bool = False) -> FastAPI:
    """Return the site of a project.

    Args:
        runner: What makes passes; ``/healthz`` reports it, and "the next one now" wakes it.
        local: Add the local page with every mail; for loopback only.
    """
    pages = Pages(context.sender.name, local=local)
    titles = Titles(context)
    desk = Desk(context, titles, pages, runner) if local else None

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        if desk:
            desk.close()

    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    hooks = Hooks(context)
    routes = public_routes(context, titles, pages, runner)
    routes.append(("POST", f"{HOOKS}{{provider}}", hooks.take))
    own = local_routes(desk) if desk else []
    for method, path, handler in [*routes, *own]:
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        site.add_api_route(path, handler, methods=methods, response_model=None)
    site.mount("/static", StaticFiles(directory=STATIC), name="static")
    _answer_errors(site, pages)
    posts = frozenset(path for method, path, _ in own if method == "POST")
    site.add_middleware(Guard, local=local, own_posts=posts, on_too_large=hooks.too_large)
    return site


def public_routes(
    context: Context, titles: Titles, pages: Pages, runner: Beat | None
) -> list[Route]:
    """Return what subscribers and monitors reach."""
    leave = Leave(context, titles, pages)
    progress = Progress(context, titles, pages, runner)
    health = Health(context, runner)
    return [
        ("GET", "/u/{token}", leave.ask),
        ("POST", "/u/{token}", leave.leave),
        ("POST", "/u/{token}/everything", leave.everything),
        ("GET", "/p/{token}", progress.show),
        ("POST", "/p/{token}", progress.change),
        ("GET", "/healthz", health.show),
        ("GET", "/readyz", health.ready),
        ("GET", "/metrics", Metrics(context).show),
    ]


def local_routes(desk: Desk) -> list[Route]:
    """Return what exists on this machine only."""
    return [
        ("GET", "/", desk.home),
        ("GET", "/mail/{box}/{ref}", desk.mail),
        ("GET", "/mail/{box}/{ref}/body", desk.body),
        ("GET", "/mail/{box}/{ref}/source", desk.source),
        ("POST", "/next", desk.next),
        ("POST", "/today", desk.today),
    ]


def _answer_errors(site: FastAPI, pages: Pages) -> None:
    """Answer in plain words whatever goes wrong; details are for the log."""

    async def refused(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        if status == 404:
            return pages.say("There is no page here", "Check the address.", status=404)
        page = pages.say("This cannot be done here", "Go back and try again.", status=status)
        page.headers.update(getattr(error, "headers", None) or {})  # which methods are allowed
        return page

    async def unable(_: Request, _error: Exception) -> Response:
        words = "Nothing was lost. Try again in a few minutes."
        return pages.say("This page is not available now", words, status=503)

    site.add_exception_handler(HTTPException, refused)
    site.add_exception_handler(ByPostError, unable)
