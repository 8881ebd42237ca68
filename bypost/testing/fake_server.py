"""An HTTP server on loopback that answers as a fake tells it to, faults included."""

from __future__ import annotations

import contextlib
import http.client
import socket
import socketserver
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any, Self

from bypost.testing.fault import Fault, Script

#: Requests a fake remembers whole; each may be megabytes, and a run may have thousands.
KEPT_REQUESTS = 10


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came.

    Attributes:
        headers: By name in small letters.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeServer:
    """A server in threads of this process; a context manager that stops with its block.

    A subclass says what a request does in :meth:`process`, and lists in ``plain`` the paths that
    faults leave alone.

    Attributes:
        url: Scheme, host and port.
        requests: The last of the requests that faults can meet, oldest first.
        script: The faults to come.
    """

    plain: frozenset[str] = frozenset()

    def __init__(self, *, port: int, script: Script, keep: int = KEPT_REQUESTS) -> None:
        """Start listening; ``port`` 0 takes a free one, ``keep`` is the length of ``requests``."""
        self.script = script
        self.requests: deque[Request] = deque(maxlen=keep)
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), self._reply)
        self._server.stopping = self.stopping
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop at once; connections break, as they do when a service dies."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    @property
    def connections(self) -> int:
        """Return how many connections were opened so far."""
        return self._server.opened

    def process(self, request: Request, *, delay_s: float) -> Reply:
        """Do what the request asks, after ``delay_s`` seconds, and return the answer."""
        raise NotImplementedError

    def _reply(self, request: Request) -> tuple[Fault, Reply]:
        """Return what goes wrong with ``request``, and the answer to it."""
        if request.path in self.plain:
            return Fault(), self.process(request, delay_s=0)
        self.requests.append(request)
        fault = self.script.next()
        reply = Reply(500, b"")
        if fault.accept:
            reply = self.process(request, delay_s=fault.delay_s)
        if fault.replaces_answer:
            status = fault.status or reply.status
            body = reply.body if fault.body is None else fault.body.encode()
            reply = Reply(status, body, fault.headers)
        self.stopping.wait(fault.hang_s)
        return fault, reply


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    stopping: threading.Event

    def __init__(
        self, address: tuple[str, int], answer: Callable[[Request], tuple[Fault, Reply]]
    ) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()
        self.opened = 0
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking the resolver for this machine's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        self.opened += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Wake the threads that wait for a next request on their connection."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that hangs up is what half of the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Keep the terminal clean."""

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client gave up half-way: that is no request
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        fault, reply = self.server.answer(request)
        if fault.reset:
            self._reset()
            return
        content = _http(reply)
        if fault.truncate:
            content = content[: len(content) - max(1, len(reply.body) // 2)]
            self.close_connection = True
        try:
            self._write(content, fault.drip_s)
        except OSError:  # the client has gone
            self.close_connection = True

    def _write(self, content: bytes, drip_s: float) -> None:
        if not drip_s:
            self.wfile.write(content)
            return
        for index in range(len(content)):
            self.wfile.write(content[index : index + 1])
            if self.server.stopping.wait(drip_s):
                return

    def _reset(self) -> None:
        """Close with a reset; a plain close would say that all is over and well."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()  # a file over a socket keeps it open
        self.connection.close()


def _http(reply: Reply) -> bytes:
    """Return a whole answer, to be written at once: two writes would wait for each other."""
    reason = http.client.responses.get(reply.status, "Unknown")
    headers = {"Content-Type": "application/json"} | dict(reply.headers)
    headers["Content-Length"] = str(len(reply.body))
    lines = [f"HTTP/1.1 {reply.status} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + reply.body
