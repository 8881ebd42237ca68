"""Email services that take everything and look at nothing, in a process of their own.

A sink answers as its service does when it takes a whole request, each mail with an id of its own
where the service has one. Of a request it reads how long it is and how many mails are in it.
``GET /_count`` tells what came: requests, mails and bytes of bodies.
"""

from __future__ import annotations

import itertools
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True, slots=True)
class Service:
    """How one service is handed mails, and what it says then.

    Attributes:
        mark: Stands in a request once for each mail. In JSON it cannot stand in a text, where
            quotes are escaped.
        answer: Ids of the mails -> the body of the answer.
        status: Of the answer.
    """

    mark: bytes
    answer: Callable[[Sequence[str]], object]
    status: int = 200


SERVICES = {
    "brevo": Service(b'"to":[', lambda ids: {"messageIds": ids}, 201),
    "mailgun": Service(b'name="to"\r\n', lambda ids: {"id": f"<{ids[0]}>", "message": "Queued."}),
    "mailjet": Service(
        b'"To":[',
        lambda ids: {
            "Messages": [{"Status": "success", "To": [{"MessageID": one}]} for one in ids]
        },
    ),
    "mailtrap": Service(
        b'"to":[',
        lambda ids: {
            "success": True,
            "responses": [{"success": True, "message_ids": [one]} for one in ids],
        },
    ),
    "postmark": Service(
        b'"To":"',
        lambda ids: [{"ErrorCode": 0, "Message": "OK", "MessageID": one} for one in ids],
    ),
    "resend": Service(b'"to":[', lambda ids: {"data": [{"id": one} for one in ids]}),
    "sendgrid": Service(b'"to":[', lambda ids: None, 202),
    "ses": Service(
        b'"ToAddresses":[',
        lambda ids: {
            "BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": one} for one in ids]
        },
    ),
}


@contextmanager
def sink(name: str = "resend") -> Iterator[str]:
    """Start a service and yield its URL; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink", name], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def resend_at(url: str) -> dict[str, str]:
    """Return the settings that send to a sink, as they stand in the environment; at no pace."""
    return {
        "BYPOST_SENDING__PROVIDER": "resend",
        "BYPOST_PROVIDERS__RESEND__BASE_URL": url,
        "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
        "BYPOST_PROVIDERS__RESEND__PER_SECOND": "100000",
    }


@dataclass(slots=True)
class Taken:
    """What came so far."""

    requests: int = 0
    mails: int = 0
    bytes: int = 0


def taken(url: str) -> Taken:
    """Ask a sink what came."""
    with urllib.request.urlopen(f"{url}/_count", timeout=10) as answer:
        return Taken(**orjson.loads(answer.read()))


@dataclass(slots=True)
class _Sink:
    service: Service
    taken: Taken = field(default_factory=Taken)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def talk(self, line: socket.socket) -> None:
        """Answer the requests of one connection until it is closed."""
        begun = b""
        with suppress(ConnectionError):  # a client that was killed
            while request := _read(line, begun):
                head, body, begun = request
                line.sendall(self._take(body) if head.startswith(b"POST ") else self._tell())

    def _take(self, body: bytearray) -> bytes:
        mails = body.count(self.service.mark)
        with self._lock:
            first = next(self._numbers) << 32
            self.taken.requests += 1
            self.taken.mails += mails
            self.taken.bytes += len(body)
        ids = [f"{first + n:016x}-0000-4000-8000-0000000fa4e0" for n in range(mails)]
        answer = self.service.answer(ids)
        return _http(self.service.status, b"" if answer is None else orjson.dumps(answer))

    def _tell(self) -> bytes:
        with self._lock:
            return _http(200, orjson.dumps(self.taken))


def _read(line: socket.socket, begun: bytes) -> tuple[bytes, bytearray, bytes] | None:
    """Return head and body of the next request, and what came after it; None at the end."""
    while b"\r\n\r\n" not in begun:
        piece = line.recv(65_536)
        if not piece:
            return None
        begun += piece
    head, _, rest = begun.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    length = int(found[1]) if found else 0
    body = bytearray(length)
    read = min(len(rest), length)
    body[:read] = rest[:read]
    while read < length:
        got = line.recv_into(memoryview(body)[read:])
        if not got:
            return None
        read += got
    return head, body, rest[length:]


def _http(status: int, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
        f"X-Message-Id: 14c5d75ce93b9a5d\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def serve(service: Service) -> None:
    """Serve until the process ends; the first line of the output is the URL."""
    one = _Sink(service)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            line, _ = server.accept()
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=one.talk, args=(line,), daemon=True).start()


if __name__ == "__main__":
    serve(SERVICES[sys.argv[1]])
