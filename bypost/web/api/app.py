"""The API put together: its routes, its errors, its description."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bypost import __version__
from bypost.errors import ByPostError
from bypost.people.admit import NotAdmitted
from bypost.web.api import (
    deliveries,
    enrollments,
    events,
    newsletters,
    refusals,
    subscribers,
    subscriptions,
)
from bypost.web.api.bearer import OPENAPI, Bearer
from bypost.web.api.describe import describe
from bypost.web.api.once import Once
from bypost.web.doors import Doors
from bypost.web.problem import Problem

_ABOUT = """Subscribers, what they are on, and what was sent to them.

Every request carries a token: `Authorization: Bearer TOKEN`. Lists come a page at a time: take
`next` of an answer as `cursor` of the next request, until it is null. Requests that change
something may carry an `Idempotency-Key` and can then be repeated. Errors are `problem+json`
(RFC 9457). Instants are UTC."""


def make_api(doors: Doors) -> FastAPI:
    """Return the API of a project, to be mounted at :data:`bypost.web.problem.API`."""
    api = FastAPI(
        title="ByPost",
        version=__version__,
        description=_ABOUT,
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation,
    )
    once = Once(doors)
    for noun in (subscribers, enrollments, subscriptions):
        api.include_router(noun.routes(doors, once))
    for looked_at in (deliveries, newsletters, events):
        api.include_router(looked_at.routes(doors))
    _answer_errors(api)
    api.add_middleware(Bearer, context=doors.context)
    describe(api)
    return api


def _operation(route: APIRoute) -> str:
    """Return the name of an operation, e.g. ``subscribers-page``."""
    return f"{route.tags[0]}-{route.name}"


def _answer_errors(api: FastAPI) -> None:
    """Answer whatever goes wrong as a problem; details are for the log."""

    async def told(_: Request, error: Any) -> Response:
        problem: Problem = error
        return problem.response()

    async def invalid(request: Request, error: Any) -> Response:
        return refusals.invalid(request, error).response()

    async def refused(request: Request, error: Any) -> Response:
        return refusals.refused(request, error).response()

    async def not_admitted(_: Request, error: Any) -> Response:
        return refusals.not_admitted(error).response()

    async def unable(_: Request, _error: Exception) -> Response:
        return refusals.unavailable().response()

    async def broken(_: Request, _error: Exception) -> Response:
        return refusals.broken().response()

    api.add_exception_handler(Problem, told)
    api.add_exception_handler(RequestValidationError, invalid)
    api.add_exception_handler(HTTPException, refused)
    api.add_exception_handler(NotAdmitted, not_admitted)
    api.add_exception_handler(ByPostError, unable)
    api.add_exception_handler(Exception, broken)
