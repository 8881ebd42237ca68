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
from bypost.web.api import make_api, refusals
from bypost.web.archive import Archive
from bypost.web.assets import ROUTE, Assets
from bypost.web.catalogue import Catalogue
from bypost.web.client import believe
from bypost.web.confirm import Confirm
from bypost.web.course import Courses
from bypost.web.crawlers import Crawlers
from bypost.web.desk import app as desk
from bypost.web.desk.desk import Desk
from bypost.web.done import Done
from bypost.web.doors import Doors
from bypost.web.embed import Embed
from bypost.web.fresh import Fresh
from bypost.web.guard import HOOKS, Guard
from bypost.web.health import Beat, Health
from bypost.web.hooks import Hooks
from bypost.web.leave import Leave
from bypost.web.letters import Letters
from bypost.web.local_page import LocalPage
from bypost.web.marked import marked_routes
from bypost.web.metrics import Metrics
from bypost.web.pages import STATIC, Pages
from bypost.web.preview.app import OWN_POSTS, make_routes
from bypost.web.preview.bench import Bench
from bypost.web.problem import API, is_api
from bypost.web.progress import Progress
from bypost.web.public import menu
from bypost.web.reading import Reading
from bypost.web.redirect import Redirect
from bypost.web.signup import INBOX, SignUp
from bypost.web.ticks import Ticks
from bypost.web.titles import Titles
from bypost.web.visits import Visits

Handler = Callable[..., Any]
Route = tuple[str, str, Handler]


def make_site(context: Context, *, runner: Beat | None = None, local: bool = False) -> FastAPI:
    """Return the site of a project.

    Args:
        runner: What makes passes; ``/healthz`` reports it, and "the next one now" wakes it.
        local: Add the local page with every mail; for loopback only.
    """
    catalogue, titles = Catalogue(context), Titles(context)
    pages = Pages(context.sender, local=local, menu=lambda: menu(catalogue))
    doors = Doors(
        context=context,
        catalogue=catalogue,
        titles=titles,
        pages=pages,
        runner=runner,
        visits=Visits(context),
    )
    if isinstance(runner, Ticks):
        runner.afterwards.append(doors.visits.flush)
    local_page = LocalPage(context, titles, pages, runner) if local else None

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        doors.visits.flush()
        if local_page:
            local_page.close()

    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    hooks = Hooks(context)
    routes = [*marked_routes(pages), *own_routes(doors), *open_routes(doors)]
    routes.append(("POST", f"{HOOKS}{{provider}}", hooks.take))
    pictures = Assets(doors, local_page.copies) if local_page else Assets(doors)
    routes.append(("GET", ROUTE, pictures.show))
    # The local page comes first: on this machine "/" is the mailbox.
    own = local_routes(local_page) if local_page else []
    bench = Bench(context.root, mailbox=True)
    if local:
        site.router.routes.extend(make_routes(bench))
        site.state.before_exit = bench.close
    site.router.routes.extend(desk.make_routes(Desk(doors, local=local)))
    for method, path, handler in [*own, *routes]:
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        site.add_api_route(path, handler, methods=methods, response_model=None)
    site.mount(API, make_api(doors))
    site.mount("/static", StaticFiles(directory=STATIC), name="static")
    _answer_errors(site, pages)
    posts = OWN_POSTS.union(path for method, path, _ in own if method == "POST")
    site.add_middleware(Guard, local=local, own_posts=posts, on_too_large=hooks.too_large)
    believe(site, context.settings.site.trusted_proxies)  # outermost: all others see who asks
    return site


def own_routes(doors: Doors) -> list[Route]:
    """Return what people reach by the links of their mails, and monitors."""
    leave, progress, reading, fresh = Leave(doors), Progress(doors), Reading(doors), Fresh(doors)
    health, done = Health(doors.context, doors.runner), Done(doors)
    lesson = "/p/{token}/lessons/{lesson}"
    return [
        ("GET", "/u/{token}", leave.ask),
        ("POST", "/u/{token}", leave.leave),
        ("POST", "/u/{token}/everything", leave.everything),
        ("POST", "/u/{token}/back", leave.back),
        ("GET", "/p/{token}/done/{lesson}", done.ask),
        ("POST", "/p/{token}/done/{lesson}", done.press),
        ("GET", "/r/{token}/{link}", Redirect(doors).follow),
        ("GET", "/p/{token}", progress.show),
        ("POST", "/p/{token}", progress.change),
        ("GET", lesson, reading.show),
        ("GET", f"{lesson}/mail", reading.mail),
        ("GET", "/f/{token}", fresh.ask),
        ("POST", "/f/{token}", fresh.act),
        ("GET", "/a/{token}", fresh.ask_address),
        ("POST", "/a/{token}", fresh.take_address),
        ("GET", "/healthz", health.show),
        ("GET", "/readyz", health.ready),
        ("GET", "/metrics", Metrics(doors.context).show),
    ]


def open_routes(doors: Doors) -> list[Route]:
    """Return what anybody reaches."""
    signup, archive = SignUp(doors), Archive(doors)
    courses, letters = Courses(doors, signup), Letters(doors, signup, archive)
    confirm, embed, crawlers = Confirm(doors), Embed(doors, signup), Crawlers(doors, archive)
    course, newsletter = "/courses/{course}", "/newsletters/{newsletter}"
    return [
        ("GET", "/", courses.home),
        ("GET", "/courses", courses.home),
        ("GET", course, courses.show),
        ("POST", course, courses.take),
        ("GET", f"{course}/{INBOX}", courses.inbox),
        ("POST", f"{course}/{INBOX}", courses.again),
        ("GET", f"{course}/lessons/{{lesson}}", archive.lesson),
        ("GET", newsletter, letters.show),
        ("POST", newsletter, letters.take),
        ("GET", f"{newsletter}/{INBOX}", letters.inbox),
        ("POST", f"{newsletter}/{INBOX}", letters.again),
        ("GET", f"{newsletter}/feed.xml", letters.feed),
        ("GET", f"{newsletter}/issues/{{issue}}", archive.issue),
        ("GET", "/c/{token}", confirm.ask),
        ("POST", "/c/{token}", confirm.press),
        ("GET", "/embed/{course}", embed.show),
        ("POST", "/embed/{course}", embed.take),
        ("GET", "/embed/{course}/snippet", embed.snippet),
        ("GET", "/robots.txt", crawlers.robots),
        ("GET", "/sitemap.xml", crawlers.sitemap),
    ]


def local_routes(local_page: LocalPage) -> list[Route]:
    """Return what exists on this machine only."""
    return [
        ("GET", "/", local_page.home),
        ("GET", "/mailbox", local_page.home),
        ("GET", "/mail/{box}/{ref}", local_page.mail),
        ("GET", "/mail/{box}/{ref}/body", local_page.body),
        ("GET", "/mail/{box}/{ref}/source", local_page.source),
        ("POST", "/next", local_page.next),
        ("POST", "/today", local_page.today),
    ]


def _answer_errors(site: FastAPI, pages: Pages) -> None:
    """Answer in plain words whatever goes wrong; details are for the log."""

    async def refused(request: Request, error: Exception) -> Response:
        if is_api(request.scope["path"]):  # a path with a line break in it reaches no mount
            return refusals.refused(request, error).response()
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
