"""Doing what a request asks for once, however often it is sent.

A client that got no answer cannot know whether anything was done. With an Idempotency-Key it sends
the same request again: it is done if it was not, and answered as before if it was.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from bypost.store import Connection, Row, replies
from bypost.web.api.bearer import Caller, caller_of
from bypost.web.doors import Doors
from bypost.web.problem import Problem

#: Says that an answer was given before.
REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an action comes to.

    Attributes:
        location: Path of what was made; empty for none.
        subscriber_id: Whose data is in the body; None: nobody's.
    """

    status: int
    body: BaseModel
    location: str = ""
    subscriber_id: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that changes something.

    Attributes:
        what: Method and path.
        key: Its Idempotency-Key; None without one.
    """

    caller: Caller
    what: str
    key: str | None


async def call_of(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="A random text of yours, e.g. a UUID: the same request with the same key "
            "within 24 hours is done once, and answered alike.",
        ),
    ] = None,
) -> Call:
    """Return the request as :class:`Once` needs it."""
    return Call(caller_of(request), f"{request.method} {request.url.path}", idempotency_key)


CallOf = Annotated[Call, Depends(call_of)]
#: Does what was asked for in a transaction, and returns what came of it. A problem that it
#: *returns* leaves what it has counted; one that it raises takes everything back.
Act = Callable[[Connection, datetime], Reply | Problem]


@dataclass(slots=True)
class Once:
    """Runs actions, each in one transaction with its answer."""

    doors: Doors
    _busy: set[tuple[int, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, call: Call, body: BaseModel | None, act: Act) -> Response:
        """Do what was asked for, or return the answer that was given when it was done."""
        with self._alone(call):
            answer = self._run(call, body, act)
        if self.doors.runner:
            self.doors.runner.wake()
        return answer

    def _run(self, call: Call, body: BaseModel | None, act: Act) -> Response:
        context = self.doors.context
        now = context.clock.now()
        with context.store.write() as connection:
            if call.key is None:
                return _answer(act(connection, now))
            digest = _digest(call, body)
            who = call.caller.id
            kept = replies.claim(connection, who, call.key, request=digest, now=now)
            if kept is not None:
                return _again(kept, digest)
            reply = act(connection, now)
            if isinstance(reply, Problem):
                replies.drop(connection, who, call.key)
                return _answer(reply)
            replies.keep(
                connection,
                who,
                call.key,
                status=reply.status,
                body=reply.body.model_dump_json(),
                location=reply.location,
                subscriber_id=reply.subscriber_id,
            )
        return _answer(reply)

    @contextmanager
    def _alone(self, call: Call) -> Iterator[None]:
        """Keep a second request with the same key out while the first is under way.

        One that another process is busy with waits for that one's transaction instead.
        """
        if call.key is None:
            yield
            return
        mine = (call.caller.id, call.key)
        with self._lock:
            if mine in self._busy:
                raise Problem(
                    409,
                    "A request with this Idempotency-Key is under way. Repeat it in a moment.",
                    code="key-busy",
                    headers={"Retry-After": "1"},
                )
            self._busy.add(mine)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(mine)


def _digest(call: Call, body: BaseModel | None) -> bytes:
    """Return what tells one request from another."""
    text = body.model_dump_json() if body is not None else ""
    return hashlib.sha256(f"{call.what}\n{text}".encode()).digest()


def _again(kept: Row, digest: bytes) -> Response:
    if kept["request"] != digest:
        raise Problem(
            422,
            "This Idempotency-Key was used for another request. Use a new key for each thing you "
            "want done, and the same one only to repeat it.",
            code="key-used",
            errors=[{"field": "header.idempotency-key", "message": "used for another request"}],
        )
    return _json(kept["status"], kept["body"], kept["location"], {REPLAYED: "true"})


def _answer(reply: Reply | Problem) -> Response:
    if isinstance(reply, Problem):
        return reply.response()
    return _json(reply.status, reply.body.model_dump_json(), reply.location, {})


def _json(status: int, body: str, location: str, headers: Mapping[str, str]) -> Response:
    at = {"Location": location} if location else {}
    return Response(body, status, {**headers, **at}, "application/json")
