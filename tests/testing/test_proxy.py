"""The proxy does what it says, byte by byte; what a send makes of it is in the acceptance tests."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bypost.testing import proxy as wire
from bypost.testing.proxy import Proxy

WORDS = b"0123456789\n"
ANSWER = b"a line of an answer\n"


class Listener(socketserver.ThreadingTCPServer):
    """Keeps what each connection says, and answers every line with the same line."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.heard: list[bytearray] = []
        self.over = threading.Semaphore(0)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent when a connection breaks: that is what the tests are about."""

    def conversations(self, count: int) -> list[bytes]:
        """Return what was heard once ``count`` connections have ended."""
        for _ in range(count):
            assert self.over.acquire(timeout=5)
        return [bytes(one) for one in self.heard]


class _Conversation(socketserver.BaseRequestHandler):
    server: Listener

    def handle(self) -> None:
        mine = bytearray()
        self.server.heard.append(mine)
        with contextlib.suppress(OSError):
            while data := self.request.recv(1000):
                mine += data
                if data.endswith(b"\n"):
                    self.request.sendall(ANSWER)

    def finish(self) -> None:
        self.server.over.release()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), timeout=5)


def converse(proxy: Proxy, words: bytes = WORDS) -> tuple[bytes, str]:
    """Say something; return what comes back up to a whole answer, and how it ended."""
    heard = b""
    with connect(proxy) as client:
        try:
            client.sendall(words)
            while len(heard) < len(ANSWER):
                data = client.recv(1000)
                if not data:
                    return heard, "closed"
                heard += data
        except ConnectionError:
            return heard, "reset"
    return heard, ""


def test_without_trouble_everything_is_passed_on_in_both_directions(listener: Listener) -> None:
    words = bytes(range(256)) * 5_000 + b"\n"
    with Proxy(listener.url) as proxy, connect(proxy) as client:
        client.sendall(words)
        client.shutdown(socket.SHUT_WR)
        assert listener.conversations(1) == [words]
        assert client.recv(1000).startswith(ANSWER)
        assert proxy.connections == 1


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [1, 7])
def test_a_request_is_cut_at_the_byte(listener: Listener, after: int, reset: bool) -> None:
    with Proxy(listener.url, [wire.cut_request(after=after, reset=reset)]) as proxy:
        assert converse(proxy) == (b"", "reset" if reset else "closed")
        assert listener.conversations(1) == [WORDS[:after]]


def test_a_request_cut_before_its_first_byte_reaches_nobody(listener: Listener) -> None:
    with Proxy(listener.url, [wire.cut_request(after=0)]) as proxy:
        assert converse(proxy)[0] == b""
        assert converse(proxy) == (ANSWER, "")
        assert listener.conversations(1) == [WORDS]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, len(ANSWER) - 1])
def test_an_answer_is_cut_at_the_byte_after_the_request_has_arrived(
    listener: Listener, after: int, reset: bool
) -> None:
    with Proxy(listener.url, [wire.cut_answer(after=after, reset=reset)]) as proxy:
        heard, end = converse(proxy)
        assert end == ("reset" if reset else "closed")
        # A reset may overtake what was sent before it.
        assert heard == ANSWER[:after] or (reset and ANSWER.startswith(heard))
        assert listener.conversations(1) == [WORDS]


def test_what_is_held_back_arrives_though_the_client_has_given_up(listener: Listener) -> None:
    with Proxy(listener.url, [wire.delay(0.3)]) as proxy:
        with connect(proxy) as client:
            client.sendall(WORDS)
        time.sleep(0.1)
        assert listener.heard in ([], [b""])
        assert listener.conversations(1) == [WORDS]


def test_an_answer_drips_a_byte_at_a_time(listener: Listener) -> None:
    with Proxy(listener.url, [wire.drip(0.01)]) as proxy:
        started = time.monotonic()
        assert converse(proxy) == (ANSWER, "")
        assert time.monotonic() - started >= 0.01 * len(ANSWER)


def test_half_closed_the_request_arrives_and_its_answer_cannot(listener: Listener) -> None:
    with Proxy(listener.url, [wire.half_close()]) as proxy, connect(proxy) as client:
        assert client.recv(1000) == b""
        client.sendall(WORDS)
        assert listener.conversations(1) == [WORDS]


def test_silence_passes_nothing_on_and_answers_nothing(listener: Listener) -> None:
    with Proxy(listener.url, [wire.silence()]) as proxy, connect(proxy) as client:
        client.sendall(WORDS)
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1000)
        assert listener.heard == []


def test_a_refused_port_stays_ours_and_opens_again(listener: Listener) -> None:
    with Proxy(listener.url) as proxy, connect(proxy) as before:
        before.sendall(b"no line yet")
        with proxy.refusing():
            with pytest.raises(ConnectionRefusedError):
                connect(proxy)
            before.sendall(WORDS)  # those that stand go on
            assert before.recv(1000) == ANSWER
        assert converse(proxy) == (ANSWER, "")


def test_a_server_that_is_not_there_closes_the_connection() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with Proxy(f"http://127.0.0.1:{deaf.getsockname()[1]}") as proxy:
            assert converse(proxy)[0] == b""


def test_troubles_come_in_the_order_of_connections_and_then_none(listener: Listener) -> None:
    cut = wire.cut_answer(after=2)
    with Proxy(listener.url, [None, cut]) as proxy:
        heard = [converse(proxy)[0] for _ in range(3)]
        proxy.add(cut)
        assert [*heard, converse(proxy)[0]] == [ANSWER, ANSWER[:2], ANSWER, ANSWER[:2]]


def test_a_rule_is_asked_with_the_number_of_the_connection(listener: Listener) -> None:
    cut = wire.cut_answer(after=2)
    with Proxy(listener.url, lambda number: cut if number % 2 else None) as proxy:
        heard = [converse(proxy)[0] for _ in range(4)]
        assert heard == [ANSWER, ANSWER[:2]] * 2


def test_closing_ends_the_connections_that_stand(listener: Listener) -> None:
    with Proxy(listener.url) as proxy, connect(proxy) as client:
        client.sendall(b"no line yet")
        while not listener.heard:
            time.sleep(0.01)
        proxy.close()
        assert client.recv(1000) == b""
        assert listener.conversations(1) == [b"no line yet"]


@pytest.mark.parametrize("target", ["", "127.0.0.1:80", "http://127.0.0.1"])
def test_a_target_without_host_or_port_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        Proxy(target)
