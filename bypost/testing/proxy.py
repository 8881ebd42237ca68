"""A TCP proxy on loopback that loses, delays and cuts connections on purpose.

It stands between a client and a server and knows nothing of what they say, so it shows what a
network does where a fake service (:mod:`bypost.testing.fault`) shows what a service does::

    with FakeResend() as resend, Proxy(resend.url, [cut_answer(after=10), None]) as proxy:
        ...  # send through proxy.url: the first connection breaks, all others are sound

A connection may carry several requests, one after the other; a trouble belongs to the connection
and counts its bytes from the first one.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

#: Seconds between two looks at whether to stop.
_LOOK = 0.02
_PIECE = 65_536
#: Makes closing a socket send a reset.
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens to one connection; without arguments everything is passed on.

    Attributes:
        request_bytes: It ends once so many bytes have gone to the server; 0: without reading any.
        answer_bytes: It ends once so many bytes have gone back; 0: when there would be a first.
        reset: It ends with a reset (RST) instead of an orderly close (FIN).
        delay_s: Seconds that what the client says first is held back. It is passed on even when
            the client has given up meanwhile: a request may arrive after everybody forgot it.
        drip_s: Seconds before each byte of the answer.
        half_close: The client is told at once that nothing will come back (FIN), while what it
            says still reaches the server.
        silent: It is accepted, and nothing is passed on or answered until the client gives up.
    """

    request_bytes: int | None = None
    answer_bytes: int | None = None
    reset: bool = False
    delay_s: float = 0.0
    drip_s: float = 0.0
    half_close: bool = False
    silent: bool = False


def cut_request(*, after: int, reset: bool = False) -> Trouble:
    """Break off when the server has had ``after`` bytes."""
    return Trouble(request_bytes=after, reset=reset)


def cut_answer(*, after: int, reset: bool = False) -> Trouble:
    """Break off when the client has had ``after`` bytes."""
    return Trouble(answer_bytes=after, reset=reset)


def delay(seconds: float) -> Trouble:
    """Hold the request back for so long."""
    return Trouble(delay_s=seconds)


def drip(seconds: float) -> Trouble:
    """Let one byte of the answer through every ``seconds``."""
    return Trouble(drip_s=seconds)


def half_close() -> Trouble:
    """Let the request through and no answer back."""
    return Trouble(half_close=True)


def silence() -> Trouble:
    """Accept and never answer."""
    return Trouble(silent=True)


#: Asked with the number of the connection, counting from 0.
Chooser = Callable[[int], Trouble | None]


class Proxy:
    """Passes connections on to a server, with troubles; a context manager that ends with its block.

    Attributes:
        url: Scheme, host and port to use instead of the server's.
        connections: How many it accepted so far.
    """

    def __init__(self, target: str, troubles: Iterable[Trouble | None] | Chooser = ()) -> None:
        """Start listening on a free port.

        Args:
            target: URL of the server: ``http://127.0.0.1:8025``.
            troubles: In the order of the connections, None for a sound one, and all later ones
                are sound; or a rule.

        Raises:
            ValueError: ``target`` has no host or no port.
        """
        parts = urlsplit(target)
        if not parts.hostname or not parts.port:
            raise ValueError(f"`{target}` is not a server; write it like http://127.0.0.1:8025")
        self._target = (parts.hostname, parts.port)
        self._choose: Chooser | None = troubles if callable(troubles) else None
        self._queue: deque[Trouble | None] = deque(() if callable(troubles) else troubles)
        self._stopping = threading.Event()
        self._carriers: list[threading.Thread] = []
        self.connections = 0
        self._port = 0
        self._open(self._bind())
        self.url = f"{parts.scheme}://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, *troubles: Trouble | None) -> None:
        """Put troubles at the end of the list."""
        self._queue.extend(troubles)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse every new connection within the block; those that stand go on."""
        self._shut()
        deaf = self._bind()  # keeps the port from others, and does not listen
        try:
            yield
        finally:
            self._open(deaf)

    def close(self) -> None:
        """Stop at once; connections that stand are closed."""
        self._stopping.set()
        self._shut()
        for carrier in self._carriers:
            carrier.join()

    def _bind(self) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", self._port))
        self._port = bound.getsockname()[1]
        return bound

    def _open(self, bound: socket.socket) -> None:
        bound.listen(256)
        bound.settimeout(_LOOK)
        self._shutting = threading.Event()
        self._listener = threading.Thread(target=self._listen, args=(bound,), daemon=True)
        self._listener.start()

    def _shut(self) -> None:
        self._shutting.set()
        self._listener.join()

    def _listen(self, listener: socket.socket) -> None:
        with listener:
            while not self._shutting.is_set():
                with contextlib.suppress(TimeoutError):
                    client = listener.accept()[0]
                    carrier = threading.Thread(
                        target=self._carry, args=(client, self._next()), daemon=True
                    )
                    self._carriers = [one for one in self._carriers if one.is_alive()]
                    self._carriers.append(carrier)
                    carrier.start()

    def _next(self) -> Trouble:
        number, self.connections = self.connections, self.connections + 1
        if self._queue:
            return self._queue.popleft() or Trouble()
        return (self._choose and self._choose(number)) or Trouble()

    def _carry(self, client: socket.socket, trouble: Trouble) -> None:
        with client, socket.socket() as server:
            # Whoever hangs up, resets or is not there ends the connection, as without a proxy.
            with contextlib.suppress(OSError):
                self._connect(client, server, trouble)
            if trouble.reset:
                for end in (client, server):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)

    def _connect(self, client: socket.socket, server: socket.socket, trouble: Trouble) -> None:
        if trouble.request_bytes == 0:
            return
        if trouble.half_close:
            client.shutdown(socket.SHUT_WR)
        ways = [_Way(client, None, self._stopping)]
        if not trouble.silent:
            server.connect(self._target)
            ways = [
                _Way(client, server, self._stopping, trouble.request_bytes, trouble.delay_s),
                _Way(server, client, self._stopping, trouble.answer_bytes, drip_s=trouble.drip_s),
            ]
        with selectors.DefaultSelector() as ready:
            for way in ways:
                ready.register(way.source, selectors.EVENT_READ, way)
            while ready.get_map() and not self._stopping.is_set():
                for key, _ in ready.select(_LOOK):
                    if not key.data.carry():
                        ready.unregister(key.fileobj)


@dataclass(slots=True)
class _Way:
    """One direction of a connection.

    Attributes:
        sink: Where it leads; None: nowhere.
        left: Bytes that may still pass; None for any number.
        delay_s: Seconds before the next piece.
        drip_s: Seconds before each byte.
    """

    source: socket.socket
    sink: socket.socket | None
    stopping: threading.Event
    left: int | None = None
    delay_s: float = 0.0
    drip_s: float = 0.0

    def carry(self) -> bool:
        """Pass on what there is; False when the source has no more.

        Raises:
            OSError: The connection is at its end.
        """
        data = self.source.recv(_PIECE)
        self.stopping.wait(self.delay_s)
        self.delay_s = 0.0
        if self.sink and data:
            self._send(self.sink, data if self.left is None else data[: self.left])
        elif self.sink:
            self.sink.shutdown(socket.SHUT_WR)
        return bool(data)

    def _send(self, sink: socket.socket, data: bytes) -> None:
        for piece in (bytes([one]) for one in data) if self.drip_s else [data]:
            self.stopping.wait(self.drip_s)
            sink.sendall(piece)
        if self.left is not None:
            self.left -= len(data)
            if not self.left:
                raise ConnectionAbortedError
