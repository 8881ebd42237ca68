"""Who asks: every request names a token, before anything else of it is looked at."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bypost.delivery.context import Context
from bypost.errors import StoreError
from bypost.store import Row, tokens
from bypost.web.api.rate import Rate
from bypost.web.api.refusals import unavailable
from bypost.web.problem import Problem

#: The description of the API; it tells nothing that the documentation does not.
OPENAPI = "/openapi.json"
_SCHEME = "bearer"
_REALM = 'Bearer realm="bypost"'


@dataclass(frozen=True, slots=True)
class Caller:
    """The token of a request.

    Attributes:
        scopes: What it may do.
    """

    id: int
    name: str
    scopes: frozenset[str]


class Bearer:
    """Wraps the API: finds the token, counts the request, and passes it on.

    A token that is not known costs the same question to the database as one that is.
    """

    def __init__(self, app: ASGIApp, *, context: Context) -> None:
        self._app = app
        self._context = context
        self._rate = Rate(context.settings.api.per_minute, context.clock.elapsed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http" and not _is_open(scope):
            try:
                caller = await run_in_threadpool(self._caller, Headers(scope=scope))
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    def _caller(self, headers: Headers) -> Caller:
        """Return who asks; raise Problem where nobody may."""
        given = _token(headers)
        if given is None:
            raise Problem(
                401,
                "Name a token: `Authorization: Bearer TOKEN`. `bypost admin token add` makes one.",
                code="no-token",
                headers={"WWW-Authenticate": _REALM},
            )
        row = self._find(given)
        if row is None:
            raise Problem(
                401,
                "This token opens nothing: it is not known here, or was revoked. "
                "`bypost admin token add` makes a new one.",
                code="unknown-token",
                headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
            )
        wait = self._rate.take(row["id"])
        if wait:
            raise Problem(
                429,
                "This token asked too often. Wait as long as Retry-After says; "
                "[api] per_minute sets how much there is.",
                code="too-often",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        return Caller(row["id"], row["name"], frozenset(row["scopes"]))

    def _find(self, given: str) -> Row | None:
        """Return the token, and note its use now and then."""
        store = self._context.store
        try:
            with store.read() as connection:
                row = tokens.find(connection, tokens.hash_of(given))
        except StoreError:
            raise unavailable() from None
        now = self._context.clock.now()
        if row is not None and tokens.stale(row, now):
            # Not noted this time: then the next time. What was asked for may still be answered.
            with suppress(StoreError), store.write() as connection:
                tokens.touch(connection, row["id"], now)
        return row


def needs(*scopes: str) -> Any:
    """Return the dependency that lets a token in which has one of these scopes."""
    return Depends(_check(scopes))


def caller_of(request: Request) -> Caller:
    """Return whose token a request carries."""
    found: Caller = request.state.caller
    return found


def _check(scopes: tuple[str, ...]) -> Callable[..., Any]:
    async def check(request: Request) -> None:
        if not caller_of(request).scopes & set(scopes):
            raise Problem(
                403,
                f"This needs a token with the scope `{'` or `'.join(scopes)}`: "
                f"`bypost admin token add NAME --scope {scopes[0]}`.",
                code="scope",
                headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope"'},
            )

    return check


def _token(headers: Headers) -> str | None:
    """Return the token of a request; None where it carries none, or several."""
    given = headers.getlist("authorization")
    if len(given) != 1:
        return None
    scheme, _, token = given[0].partition(" ")
    return token.strip() or None if scheme.casefold() == _SCHEME else None


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == f"{scope.get('root_path', '')}{OPENAPI}" and scope["method"] in {"GET", "HEAD"}


CallerOf = Annotated[Caller, Depends(caller_of)]
