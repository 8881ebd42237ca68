"""``/hooks/PROVIDER``: what email services post about the mails they took over.

Services repeat a post until it is answered with 2xx, and Postmark gives up for good on a 403 (its
documentation of webhooks): so a signature that does not hold is answered with 401. Only Mailgun
has an answer of its own for "never again", 406, and it is not given: a wrong key here is mended.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from bypost.delivery import events
from bypost.delivery.context import Context
from bypost.errors import Forged, Malformed, StoreError, Unverified
from bypost.web.guard import HOOKS

_LOG = logging.getLogger(__name__)

#: Seconds within which the same line is written once.
_QUIET_SECONDS = 60.0
#: Different lines that are remembered; anybody can post, so there must be an end.
_MOST_LINES = 100


class Hooks:
    """Takes posts: checks, records, answers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._refused = Refusals(context.clock.elapsed)

    async def take(self, provider: str, request: Request) -> PlainTextResponse:
        """Take one post; what it says is on disk before it is answered with 200."""
        body = await request.body()
        return await run_in_threadpool(self._take, provider, request.headers, body)

    def too_large(self, path: str) -> None:
        """Note a post whose body was not read to its end."""
        if path.startswith(HOOKS):
            self._refused.note(self._known(path.removeprefix(HOOKS)), 413, "the body is too large")

    def _take(self, name: str, headers: Mapping[str, str], body: bytes) -> PlainTextResponse:
        hook = self._context.hooks.get(name)
        if hook is None:
            return self._refuse(name, 404, "no webhook_secret is set for this name")
        small = {key.lower(): value for key, value in headers.items()}
        try:
            told = hook.read(small, body)
            new = events.take(self._context, name, told)
        except Forged as error:
            return self._refuse(name, 401, str(error))
        except Malformed as error:
            return self._refuse(name, 400, str(error))
        except Unverified as error:
            return self._refuse(name, 503, str(error))
        except StoreError:
            return self._refuse(name, 503, "the database does not answer; post it again later")
        return PlainTextResponse(f"{new} new of {len(told)}\n")

    def _refuse(self, name: str, status: int, reason: str) -> PlainTextResponse:
        self._refused.note(self._known(name), status, reason)
        # Some clients show user name and password only when they are asked for them (RFC 7617).
        headers = {"WWW-Authenticate": 'Basic realm="hooks"'} if status == 401 else None
        return PlainTextResponse(f"{reason}\n", status, headers)

    def _known(self, name: str) -> str:
        """Return a provider's name; what anybody may have typed does not get into the log."""
        known = {*self._context.hooks, *type(self._context.settings.providers).model_fields}
        return name if name in known else "unknown"


class Refusals:
    """Writes one line for each post that was not taken, and the same line once a minute.

    Args:
        elapsed: Seconds on a clock that never goes backwards.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._lock = threading.Lock()
        #: Line -> when it was written, and how often it was not since.
        self._lines: dict[tuple[str, int, str], tuple[float, int]] = {}

    def note(self, provider: str, status: int, reason: str) -> None:
        """Write a line unless it was just written; the next one says how often it was not."""
        left_out = self._left_out((provider, status, reason))
        if left_out is not None:
            more = f" ({left_out} more like it before)" if left_out else ""
            _LOG.warning("hooks/%s: answered %d: %s%s", provider, status, reason, more)

    def _left_out(self, line: tuple[str, int, str]) -> int | None:
        """Return how often a line was left out before this one; None if this one is too."""
        now = self._elapsed()
        with self._lock:
            written, left_out = self._lines.get(line, (now - _QUIET_SECONDS, 0))
            if now - written < _QUIET_SECONDS:
                self._lines[line] = (written, left_out + 1)
                return None
            if len(self._lines) >= _MOST_LINES:
                fresh = {k: v for k, v in self._lines.items() if now - v[0] < _QUIET_SECONDS}
                if len(fresh) >= _MOST_LINES:
                    return None
                self._lines = fresh
            self._lines[line] = (now, 0)
            return left_out
