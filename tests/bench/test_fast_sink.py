"""The fast sink counts exactly what comes, and answers as the services do."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import orjson
import pytest
import requests

from tests.bench import fast_sink as module
from tests.bench.fast_sink import SOURCE, compiled, count, fast_sink
from tests.bench.sink import SERVICES, Taken

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(compiled() is None, reason="the sink needs Linux and a C compiler, cc"),
]
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEAD = b"POST / HTTP/1.1\r\nHost: sink\r\nContent-Length: %d\r\n%s\r\n"
_MINUTE = 60_000


@contextmanager
def line(url: str) -> Iterator[socket.socket]:
    """Yield a connection to a sink."""
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), 30) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield one


def wait_for(url: str, expected: Taken) -> None:
    """Ask until so much has come; a sink that never says so lets the test hang."""
    while count(url) != expected:
        pass


def test_it_is_compiled_without_a_warning() -> None:
    command = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_it_answers_as_the_service_with_an_id_of_its_own_for_each_mail(name: str) -> None:
    service = SERVICES[name]
    seen: set[bytes] = set()
    with fast_sink(name) as url, requests.Session() as session:
        for mails in (1, 2, 500):
            answer = session.post(url, b"[" + b"x" * 50 + service.mark * mails)
            ids = _ID.findall(answer.content)
            told = service.answer([one.decode() for one in ids] or [""])
            assert answer.status_code == service.status
            assert answer.content == (b"" if told is None else orjson.dumps(told))
            assert len(ids) in {0, 1, mails}
            assert _ID.fullmatch(answer.headers["X-Message-Id"].encode())
            assert not seen.intersection(ids)
            seen.update(ids)
    expected = {"sendgrid": 0, "mailgun": 3}.get(name, 503)
    assert len(seen) == expected


@pytest.mark.parametrize("is_fast", [True, False], ids=["in C", "in Python"])
def test_what_is_posted_over_several_connections_is_counted_exactly(
    is_fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_fast:
        monkeypatch.setattr(module, "compiled", lambda: None)
    mark = SERVICES["postmark"].mark
    bodies = [mark * n + b"y" * 1_000 * n for n in range(40)]

    def post(own: list[bytes]) -> list[int]:
        with requests.Session() as session:
            return [len(session.post(url, body).json()) for body in own]

    with fast_sink("postmark") as url, ThreadPoolExecutor(8) as threads:
        answered = list(threads.map(post, [bodies[1:]] * 8))
        came = count(url)
    assert answered == [list(range(1, 40))] * 8
    assert came == Taken(8 * 39, 8 * sum(range(40)), 8 * sum(map(len, bodies)))


@pytest.mark.parametrize("mark", [b'"To":"', b"aa", b"aab", b"abaab", b"a"])
def test_a_mark_that_comes_in_two_pieces_is_counted_once(mark: bytes) -> None:
    body = mark + b"aaabaabaaaab" + mark + mark[:-1] + mark
    service = replace(SERVICES["sendgrid"], mark=mark)
    with fast_sink(service) as url, line(url) as one:
        for times, cut in enumerate(range(1, len(body))):
            had = Taken(times, times * body.count(mark), times * len(body))
            one.sendall(_HEAD % (len(body), b"") + body[:cut])
            wait_for(url, replace(had, bytes=had.bytes + cut))
            one.sendall(body[cut:])
            assert one.recv(10_000).startswith(b"HTTP/1.1 202 ")
            had = Taken(times + 1, had.mails + body.count(mark), had.bytes + len(body))
            assert count(url) == had


def test_a_body_of_many_megabytes_is_counted_and_its_long_answer_comes_whole() -> None:
    mark = SERVICES["resend"].mark
    body = b"".join(b"z" * (n % 97) + mark for n in range(200_000))
    with fast_sink("resend") as url, line(url) as one:
        one.sendall(_HEAD % (len(body), b"") + body)
        wait_for(url, Taken(1, 200_000, len(body)))  # the answer is more than the kernel keeps
        answer = bytearray()
        while not answer.endswith(b"]}"):
            answer += one.recv(1_000_000)
    assert len(set(_ID.findall(answer.partition(b"\r\n\r\n")[2]))) == 200_000


def test_without_a_mark_bodies_are_counted_unread() -> None:
    sizes = (0, 1, 100_000, 5_000_000)
    with fast_sink("empty202") as url, requests.Session() as session:
        answers = [session.post(url, b"m" * size) for size in sizes]
        assert count(url) == Taken(4, 0, sum(sizes))
    assert [one.status_code for one in answers] == [202] * 4


def test_requests_that_come_at_once_are_told_apart() -> None:
    mark = SERVICES["postmark"].mark
    bodies = [mark * n for n in (3, 1, 2)]
    with fast_sink("postmark") as url, line(url) as one:
        one.sendall(b"".join(_HEAD % (len(body), b"") + body for body in bodies))
        answers = b""
        while answers.count(b"]") < 3:
            answers += one.recv(10_000)
        assert count(url) == Taken(3, 6, 6 * len(mark))
    assert [part.count(b"MessageID") for part in answers.split(b"HTTP/1.1")[1:]] == [3, 1, 2]


def test_a_request_that_comes_byte_by_byte_is_one_request() -> None:
    request = _HEAD % (3, b"") + b"abc"
    with fast_sink("sendgrid") as url, line(url) as one:
        for n in range(len(request)):
            one.sendall(request[n : n + 1])
            count(url)  # what came before is read before this is answered
        assert one.recv(1_000).startswith(b"HTTP/1.1 202 ")
        assert count(url) == Taken(1, 0, 3)


def test_who_asks_before_sending_a_body_is_told_to_go_on() -> None:
    with fast_sink("sendgrid") as url, line(url) as one:
        one.sendall(_HEAD % (3, b"expect: 100-continue\r\n"))
        assert one.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        one.sendall(b"abc")
        assert one.recv(1_000).startswith(b"HTTP/1.1 202 ")


def test_a_delay_holds_up_nobody_but_its_own_request() -> None:
    with fast_sink("sendgrid", delay_ms=_MINUTE) as url, line(url) as one:
        one.sendall(_HEAD % (3, b"") + b"abc")
        wait_for(url, Taken(1, 0, 3))
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(1)


def test_delayed_answers_come_to_those_who_are_still_there() -> None:
    with fast_sink("postmark", delay_ms=30) as url, ExitStack() as opened:
        lines = [opened.enter_context(line(url)) for _ in range(20)]
        for one in lines:
            one.sendall(_HEAD % (6, b"") + SERVICES["postmark"].mark)
        for one in lines[::2]:
            one.close()
        answers = [one.recv(1_000) for one in lines[1::2]]
        wait_for(url, Taken(20, 20, 120))
    assert all(b"MessageID" in one for one in answers)


def test_it_ends_when_its_parent_is_gone() -> None:
    program = compiled()
    assert program
    command = [str(program), "202", "0", "", "", "", ""]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.communicate(timeout=30)
    assert process.returncode == 0
