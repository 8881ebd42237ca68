"""What holds for every request: who may ask, how much they may send, which headers they get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bypost.web.problem import Problem, is_api

#: Bytes of a request's body; forms here have a few short fields.
MOST_BYTES = 64 * 1024
#: Where email services post, and how much: one post may carry a thousand events.
HOOKS = "/hooks/"
HOOK_BYTES = 1024 * 1024
#: The desk reads what is sent to it by itself, once it knows who sends it: files may be large.
DESK = "/desk"
#: Digits of a length that is worth reading.
_MOST_DIGITS = 18


def page_policy(frames: Sequence[str] = ()) -> str:
    """Return what pages may do: load from this site only, and run no script but its own files.

    Args:
        frames: Origins that may show the page in a frame, and that its form may lead back to.
    """
    return "; ".join(
        (
            *("default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'"),
            *("img-src 'self'", "frame-src 'self'", "base-uri 'none'"),
            " ".join(("form-action 'self'", *frames)),
            " ".join(("frame-ancestors", *(frames or ["'none'"]))),
        )
    )


def mail_policy(images: str = "img-src 'self' data:") -> str:
    """Return what a mail in a frame may do: its inline styles, and nothing that runs or sends.

    Being of the same origin lets the page outside measure its height; without scripts it gains
    nothing by that.

    Args:
        images: Where images may come from, as a directive.
    """
    return "; ".join(
        (
            *("default-src 'none'", "style-src 'unsafe-inline'", images, "base-uri 'none'"),
            *("form-action 'none'", "frame-ancestors 'self'"),
            "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
        )
    )


MAIL_POLICY = mail_policy()
_HEADERS = {
    "Content-Security-Policy": page_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    # Addresses here are secrets of one person: nothing is kept on the way.
    "Cache-Control": "no-store",
}
#: Names of this machine, as a Host header gives them.
LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]"}


class Guard:
    """Wraps the site.

    Args:
        local: Answer only to names of this machine, so that no web page elsewhere can reach the
            local page through a name it controls (DNS rebinding).
        own_posts: Paths whose POST must come from a page of this site.
        on_too_large: Told the path of each request that was not read to its end.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        local: bool,
        own_posts: frozenset[str],
        on_too_large: Callable[[str], None],
    ) -> None:
        self._app = app
        self._local = local
        self._own_posts = own_posts
        self._on_too_large = on_too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-cache")
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        if scope["path"] == DESK or scope["path"].startswith(f"{DESK}/"):
            await self._app(scope, receive, send_with_headers)
            return
        most = HOOK_BYTES if scope["path"].startswith(HOOKS) else MOST_BYTES
        body = await _body(headers, receive, most)
        if body is None:
            self._on_too_large(scope["path"])
            words = f"The request is too large. Send at most {most // 1024} kB."
            answer = _answer(scope["path"], 413, words, "too-large")
            await answer(scope, receive, send_with_headers)
            return
        await self._app(scope, _Replay(body, receive), send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that may not be made; None for one that may."""
        if not self._local:
            return None
        if host_name(headers.get("host", "")) not in LOCAL_NAMES:
            text = "This page answers to localhost only: open http://localhost with its port."
            # Services that post give up for good on a 403; this answer lets them come again.
            status = 421 if scope["path"].startswith(HOOKS) else 403
            return _answer(scope["path"], status, text, "localhost")
        if scope["method"] == "POST" and scope["path"] in self._own_posts:
            origin = f"{scope['scheme']}://{headers.get('host', '')}"
            if not from_this_site(headers, origin):
                return _answer(scope["path"], 403, "Press the button on the page itself.", "origin")
        return None


class _Replay:
    """Hands a body that was read before to the site, then goes on listening."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return message if message is not None else await self._receive()


async def _body(headers: Headers, receive: Receive, most: int) -> bytes | None:
    """Return the body; None if it is larger than ``most`` bytes."""
    length = headers.get("content-length", "")
    if length.isdecimal() and (len(length) > _MOST_DIGITS or int(length) > most):
        return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _answer(path: str, status: int, text: str, code: str) -> Response:
    """Return an answer in the form that is read at that address."""
    if is_api(path):
        return Problem(status, text, code=code).response()
    return PlainTextResponse(f"{text}\n", status)


def host_name(host: str) -> str:
    """Return a Host header without its port."""
    name, colon, port = host.rpartition(":")
    return name.casefold() if colon and port.isdigit() else host.casefold()


def from_this_site(headers: Mapping[str, str], origin: str) -> bool:
    """Tell whether a page of this site sent the form; browsers say so, pages cannot forge it."""
    site = headers.get("sec-fetch-site")
    return site == "same-origin" if site is not None else headers.get("origin") == origin
