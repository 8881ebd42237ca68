"""One call over HTTP, with an honest word about what may already have left.

Carried by requests (:mod:`bypost.http_session`). Three things are added to it:

* a deadline for the whole call. Its own time-out is per socket operation, so that a server that
  drips a byte a second could hold a caller for days;
* the difference between "nothing left" and "something may have". The body is handed over through
  an object that knows whether it was asked for, which is exact where a class of exception is not;
* silence. No error text carries a header, a query string, a body or a password.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from bypost.errors import NotSent, OutcomeUnknown

if TYPE_CHECKING:
    from bypost.http_session import Session

#: Longest answer that is read; a provider's is a few kilobytes.
MAX_ANSWER_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer.

    Attributes:
        status: The HTTP status.
        headers: By name, whatever the case of its letters.
        body: Decoded from its transfer and content encoding.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Posts to HTTP servers and asks them; one client may be shared by any number of threads.

    Connections are kept open and used again. Proxy variables (``HTTPS_PROXY`` and the like) and
    ``REQUESTS_CA_BUNDLE`` are respected; ``.netrc``, cookies and redirects never are.
    """

    def __init__(
        self,
        *,
        timeout: float,
        user_agent: str,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a client.

        Args:
            timeout: Seconds for a whole call, from the look-up of the name to the last byte.
            user_agent: Who we say we are; Mailtrap blocks requests that do not say.
            elapsed: Seconds on a clock that nobody can set. One that also runs while the machine
                is suspended keeps a body from leaving long after its caller was put to sleep.
        """
        self._elapsed = elapsed
        self._timeout = timeout
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._idle: list[_Line] = []
        self._closed = False

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Post ``body`` and return the answer, whatever its status; redirects are not followed.

        Raises:
            NotSent: No byte of the body left: name, connection or TLS failed.
            OutcomeUnknown: The body, or a part of it, left and no complete answer came in time.
        """
        call = self._carry("POST", url, body, headers)
        if call.answer is not None:
            return call.answer
        if call.body.started:
            words = f"sent, but without a usable answer: {self._trouble(call)}"
            raise OutcomeUnknown(f"{_origin(url)}: {words}")
        raise NotSent(f"{_origin(url)}: nothing was sent: {self._trouble(call)}")

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask for ``url`` and return the answer, whatever its status; it changes nothing there.

        Raises:
            NotSent: The client is closed.
            OutcomeUnknown: No complete answer came in time, so what was asked stays open.
        """
        call = self._carry("GET", url, b"", headers)
        if call.answer is not None:
            return call.answer
        words = f"asked, but without a usable answer: {self._trouble(call)}"
        raise OutcomeUnknown(f"{_origin(url)}: {words}")

    def status(self, method: Literal["HEAD", "GET"], url: str) -> HttpAnswer:
        """Ask whether ``url`` is there; the answer has no body, because none is read.

        Raises:
            NotSent: The client is closed.
            OutcomeUnknown: No answer came in time; its text ends with the reason.
        """
        call = self._carry(method, url, b"", {}, read=False)
        if call.answer is not None:
            return call.answer
        raise OutcomeUnknown(f"{_origin(url)}: no answer: {self._trouble(call)}")

    def close(self) -> None:
        """Close the connections; calls under way finish, later ones are ``NotSent``."""
        with self._lock:
            self._closed = True
            lines, self._idle = self._idle, []
        for line in lines:
            line.retire()

    def _carry(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, read: bool = True
    ) -> _Call:
        """Return the call when it is done, or when its time is over."""
        own = {"User-Agent": self._user_agent, "Accept-Encoding": "identity"}
        until = self._elapsed() + self._timeout
        content = _Body(body, in_time=lambda: self._elapsed() < until)
        call = _Call(method=method, url=url, body=content, headers=own | dict(headers), read=read)
        line = self._take_line(url)
        line.carry(call)
        try:
            if not call.done.wait(self._timeout):
                call.body.cancel()
        finally:
            self._give_back(line, usable=call.done.is_set())
        return call

    def _trouble(self, call: _Call) -> str:
        return call.failure or f"no complete answer within {self._timeout:g} s"

    def _take_line(self, url: str) -> _Line:
        with self._lock:
            if self._closed:
                raise NotSent(f"{_origin(url)}: nothing was sent: the client is closed")
            if self._idle:
                return self._idle.pop()  # the last one used: its connection is the freshest
        return _Line(self._timeout)

    def _give_back(self, line: _Line, *, usable: bool) -> None:
        with self._lock:
            if usable and not self._closed:
                self._idle.append(line)
                return
        line.retire()


class _Cancelled(Exception):
    """The caller has gone: nothing more may be sent or read for it."""


class _TooLong(Exception):
    """The answer passes :data:`MAX_ANSWER_BYTES`."""


class _Body:
    """The bytes of a request, and whether they were asked for.

    The connection asks after it stands and the headers are written. Cancelling and asking exclude
    each other, so that a call given up before its body was asked for is surely not sent, even
    when its name is resolved a minute later. A body that is asked for too late, because the process
    or the machine stood still, cancels itself.
    """

    def __init__(self, content: bytes, in_time: Callable[[], bool]) -> None:
        self._content = content
        self._in_time = in_time
        self._lock = threading.Lock()
        self.started = not content  # without a body the headers are the whole request
        self.cancelled = False

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        """Be a stream in the eyes of requests, which then calls :meth:`read`."""
        yield self.read()

    def read(self, _size: int = -1) -> bytes:
        """Return everything at once, then nothing; pieces of 16 kB would only cost time."""
        with self._lock:
            if self.started and not self.cancelled:
                return b""
            if self.cancelled or not self._in_time():
                self.cancelled = True
                raise _Cancelled
            self.started = True
            return self._content

    def cancel(self) -> None:
        with self._lock:
            self.cancelled = True


@dataclass(slots=True, kw_only=True)
class _Call:
    method: str
    url: str
    body: _Body
    headers: Mapping[str, str]
    read: bool = True  # whether the body of the answer is wanted
    done: threading.Event = field(default_factory=threading.Event)
    answer: HttpAnswer | None = None
    failure: str = ""


class _Line:
    """A thread with connections of its own that carries one call at a time.

    It is a daemon: nobody waits for a call that was given up. Such a line is retired and closes
    its connections when the system lets go of the socket operation it hangs in.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        threading.Thread(target=self._work, name="bypost-http", daemon=True).start()

    def carry(self, call: _Call) -> None:
        self._calls.put(call)

    def retire(self) -> None:
        self._calls.put(None)

    def _work(self) -> None:
        # 60 modules that a command does without which asks nobody; a first call waits for them.
        from bypost.http_session import Session

        with Session() as session:
            while (call := self._calls.get()) is not None:
                try:
                    call.answer = self._exchange(session, call)
                except Exception as error:  # noqa: BLE001 - whatever it was, the caller must hear
                    call.failure = _words(error)
                call.done.set()

    def _exchange(self, session: Session, call: _Call) -> HttpAnswer:
        with session.request(
            call.method,
            call.url,
            data=call.body if len(call.body) else None,
            headers=dict(call.headers),
            timeout=self._timeout,
            stream=True,
        ) as response:
            body = bytearray()
            for piece in response.iter_content(65_536) if call.read else ():
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise _TooLong
                if call.body.cancelled:
                    raise _Cancelled
            return HttpAnswer(response.status_code, response.headers, bytes(body))


#: What a person is told, by the innermost error that is known here.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "the name of the host was not found"),
    (ConnectionRefusedError, "the connection was refused"),
    (ssl.SSLCertVerificationError, "the certificate of the host is not trusted"),
    (ssl.SSLError, "the TLS connection failed"),
    (http.client.RemoteDisconnected, "the connection was closed before an answer"),
    (ConnectionError, "the connection broke"),
    (http.client.IncompleteRead, "the answer broke off"),
    (http.client.HTTPException, "the answer is not HTTP"),
    (TimeoutError, "it took too long"),
    (_Cancelled, "its time was over before the body could leave"),
    (_TooLong, f"the answer is longer than {MAX_ANSWER_BYTES:,} bytes"),
    (ValueError, "the URL or a header is not valid"),
)


def _words(error: BaseException) -> str:
    """Return what went wrong, by the innermost known error; its own text may hold secrets."""
    from bypost.http_session import TROUBLES

    words = type(error).__name__
    link: BaseException | None = error
    while link is not None:
        words = next((text for kind, text in (*_WORDS, *TROUBLES) if isinstance(link, kind)), words)
        link = link.__cause__ or link.__context__
    return words


def _origin(url: str) -> str:
    """Return scheme, host and port: the part of a URL that carries no secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the provider"
    return f"{parts.scheme}://{parts.hostname}{port}"
