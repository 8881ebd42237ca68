from __future__ import annotations

import dataclasses
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from pathlib import Path

import pytest

from bypost.errors import NotSent, OutcomeUnknown
from bypost.http import MAX_ANSWER_BYTES, HttpClient
from bypost.testing import fault
from bypost.testing.fake_server import FakeServer, Reply, Request
from tests.contracts.http_provider import no_proxies

Make = Callable[..., HttpClient]


class Echo(FakeServer):
    """Answers with what it got, and counts."""

    def __init__(self) -> None:
        super().__init__(port=0, script=fault.Script(), keep=1000)

    def process(self, request: Request, *, delay_s: float) -> Reply:
        self.stopping.wait(delay_s)
        return Reply(200, request.body, {"X-Answer": "echo"})


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    no_proxies(monkeypatch)


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        yield server


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(timeout=10, user_agent="bypost-tests/1")
    yield client
    client.close()


@pytest.fixture
def impatient() -> Iterator[HttpClient]:
    client = HttpClient(timeout=0.5, user_agent="bypost-tests/1")
    yield client
    client.close()


def test_answer_is_given_back_whole(client: HttpClient, echo: Echo) -> None:
    body = bytes(range(256)) * 10_000
    answer = client.post(f"{echo.url}/x?y=1", body, {"X-Ours": "1"})
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers.get("x-answer") == answer.headers["X-ANSWER"] == "echo"
    request = echo.requests[-1]
    assert (request.path, request.body) == ("/x?y=1", body)
    assert request.headers["x-ours"] == "1"
    assert request.headers["user-agent"] == "bypost-tests/1"
    assert request.headers["content-length"] == str(len(body))


def test_a_body_does_not_leave_after_the_process_or_the_machine_stood_still(echo: Echo) -> None:
    standing_still = chain([0.0], repeat(3600.0))
    client = HttpClient(timeout=10, user_agent="x", elapsed=lambda: next(standing_still))
    with pytest.raises(NotSent, match="its time was over"):
        client.post(echo.url, b"{}", {})
    client.close()
    assert not echo.requests


def test_every_status_is_an_answer(client: HttpClient, echo: Echo) -> None:
    for status in (201, 302, 404, 500):
        echo.script.add(fault.answer(status, "text"))
        assert client.post(echo.url, b"{}", {}).status == status


def test_redirects_are_not_followed(client: HttpClient, echo: Echo) -> None:
    with Echo() as other:
        for status in (301, 302, 303, 307, 308):
            echo.script.add(fault.answer(status, "", {"Location": other.url}))
            assert client.post(echo.url, b"{}", {}).status == status
        assert not other.requests


def test_a_dripping_server_does_not_hold_us_longer_than_the_timeout(
    impatient: HttpClient, echo: Echo
) -> None:
    echo.script.add(fault.drip(0.05))
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match=r"within 0\.5 s"):
        impatient.post(echo.url, b"x" * 1000, {})
    assert time.monotonic() - started < 2
    assert impatient.post(echo.url, b"next", {}).body == b"next"


def test_a_name_found_after_the_deadline_sends_nothing(
    impatient: HttpClient, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    release, found = threading.Event(), threading.Event()

    def slow_look_up(*args: object, **options: object) -> object:
        release.wait(10)
        found.set()
        return look_up(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow_look_up)
    with pytest.raises(NotSent, match="nothing was sent"):
        impatient.post(echo.url, b"too late", {})
    release.set()
    assert found.wait(5)
    assert impatient.post(echo.url, b"in time", {}).body == b"in time"
    time.sleep(0.2)
    assert [request.body for request in echo.requests] == [b"in time"]


def test_a_connection_that_breaks_after_the_request_is_unknown(
    client: HttpClient, echo: Echo
) -> None:
    for trouble in (fault.reset(accept=True), fault.truncated()):
        echo.script.add(trouble)
        with pytest.raises(OutcomeUnknown, match="without a usable answer"):
            client.post(echo.url, b"x" * 100, {})


def test_a_kept_connection_that_is_reset_is_unknown_and_not_tried_again(
    client: HttpClient, echo: Echo
) -> None:
    client.post(echo.url, b"first", {})
    echo.script.add(fault.reset(accept=False))
    with pytest.raises(OutcomeUnknown, match="connection broke"):
        client.post(echo.url, b"second", {})
    assert [request.body for request in echo.requests] == [b"first", b"second"]


def test_connections_are_kept(client: HttpClient) -> None:
    connections = 0
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        nonlocal connections
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections += 1
            with connection:
                while connection.recv(65_536):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    # Without a body the request is one packet, so that one read takes it whole.
    assert [client.post(url, b"", {}).body for _ in range(5)] == [b"ok"] * 5
    client.close()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    assert connections == 1


def test_an_endless_answer_is_not_read_to_its_end(client: HttpClient, echo: Echo) -> None:
    with pytest.raises(OutcomeUnknown, match="longer than"):
        client.post(echo.url, b"x" * (MAX_ANSWER_BYTES + 1), {})


def test_nobody_listening_is_surely_not_sent(client: HttpClient) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match="refused"):
            client.post(f"http://127.0.0.1:{deaf.getsockname()[1]}", b"x", {})


@pytest.mark.parametrize("url", ["http://", "nonsense", "http://a:b:c", "ftp://example.org"])
def test_a_url_that_is_none_is_surely_not_sent(client: HttpClient, url: str) -> None:
    with pytest.raises(NotSent):
        client.post(url, b"x", {})


def test_a_header_that_is_none_is_surely_not_sent(client: HttpClient, echo: Echo) -> None:
    with pytest.raises(NotSent, match="not valid"):
        client.post(echo.url, b"x", {"Authorization": "Bearer secret\r\nX-Evil: 1"})
    assert not echo.requests


def test_errors_hold_no_secret(
    client: HttpClient, echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host = echo.url.removeprefix("http://")
    url = f"http://user:hidden-1@{host}/path?token=hidden-2"
    echo.script.add(fault.reset(accept=True))
    with pytest.raises(OutcomeUnknown) as caught:
        client.post(url, b"hidden-3", {"Authorization": "Bearer hidden-4"})
    assert host in str(caught.value)
    assert "hidden" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
    assert "hidden-4" not in caplog.text


def test_netrc_does_not_replace_our_authorization(
    client: HttpClient, echo: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "x.invalid")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")  # makes requests read the environment
    client.post(echo.url, b"{}", {"Authorization": "Bearer ours"})
    assert echo.requests[-1].headers["authorization"] == "Bearer ours"


def test_cookies_are_not_kept(client: HttpClient, echo: Echo) -> None:
    echo.script.add(fault.answer(200, "{}", {"Set-Cookie": "session=1; Path=/"}))
    client.post(echo.url, b"{}", {})
    client.post(echo.url, b"{}", {})
    assert "cookie" not in echo.requests[-1].headers


def test_a_proxy_of_the_environment_is_used(
    client: HttpClient, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", echo.url)
    client.post("http://provider.invalid/emails", b"{}", {})
    assert echo.requests[-1].path == "http://provider.invalid/emails"


def test_hosts_that_no_proxy_names_are_reached_without_it(
    client: HttpClient, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Echo() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert client.post(f"{echo.url}/emails", b"{}", {}).status == 200
        assert not proxy.requests
    assert echo.requests[-1].path == "/emails"


def test_a_proxy_on_the_way_to_https_learns_the_host_and_nothing_else(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = b""
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        nonlocal heard
        connection, _ = listener.accept()
        with connection:
            heard = connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=refuse)
    thread.start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    with pytest.raises(NotSent, match="nothing was sent"):
        client.post("https://provider.invalid/emails", b"body", {"Authorization": "Bearer key"})
    thread.join(5)
    listener.close()
    assert heard.startswith(b"CONNECT provider.invalid:443 ")
    assert not any(word in heard for word in (b"key", b"body", b"/emails"))


def test_threads_share_one_client_without_mixing_answers(client: HttpClient, echo: Echo) -> None:
    bodies = [f"body {n}".encode() for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: client.post(echo.url, body, {}).body, bodies))
    assert answers == bodies


def test_a_closed_client_sends_nothing(client: HttpClient, echo: Echo) -> None:
    client.post(echo.url, b"{}", {})
    client.close()
    with pytest.raises(NotSent, match="closed"):
        client.post(echo.url, b"{}", {})


def test_a_question_has_no_body_and_brings_back_the_answer(client: HttpClient, echo: Echo) -> None:
    echo.script.add(fault.answer(404, "nothing there"))
    answer = client.get(f"{echo.url}/x?y=1", {"X-Ours": "1"})
    assert (answer.status, answer.body) == (404, b"nothing there")
    request = echo.requests[-1]
    assert (request.method, request.path, request.body) == ("GET", "/x?y=1", b"")
    assert request.headers["x-ours"] == "1"
    assert request.headers["user-agent"] == "bypost-tests/1"
    assert "content-length" not in request.headers


@pytest.mark.parametrize(
    "trouble",
    [
        fault.reset(accept=True),
        fault.truncated(),
        fault.hang(30),
        fault.Fault(body="x" * 6_000_000),
    ],
    ids=["reset", "truncated", "hang", "endless"],
)
def test_a_question_without_an_answer_stays_open_and_is_repeated_in_no_error(
    impatient: HttpClient, echo: Echo, trouble: fault.Fault
) -> None:
    echo.script.add(dataclasses.replace(trouble, body=trouble.body or "some text"))
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="asked, but without a usable answer") as caught:
        impatient.get(f"{echo.url}/hidden?token=hidden", {"X-Token": "hidden"})
    assert time.monotonic() - started < 3
    assert "hidden" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"


def test_a_question_that_reaches_nobody_stays_open(client: HttpClient) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(OutcomeUnknown, match="refused"):
            client.get(f"http://127.0.0.1:{deaf.getsockname()[1]}", {})
    client.close()
    with pytest.raises(NotSent, match="closed"):
        client.get("http://127.0.0.1:1", {})


def test_closing_ends_the_threads(client: HttpClient, echo: Echo) -> None:
    before = set(threading.enumerate())  # other tests may have clients of their own
    client.post(echo.url, b"{}", {})
    own = [t for t in set(threading.enumerate()) - before if t.name == "bypost-http"]
    assert own
    client.close()
    echo.close()
    for thread in own:
        thread.join(timeout=2)
    assert not any(thread.is_alive() for thread in own)


def test_a_status_is_asked_for_without_reading_what_comes_after_it(client: HttpClient) -> None:
    class Endless(Echo):
        def process(self, request: Request, *, delay_s: float) -> Reply:
            return Reply(200, b"x" * (MAX_ANSWER_BYTES + 1), {"X-Answer": request.method})

    with Endless() as server:
        answer = client.status("GET", f"{server.url}/a")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["x-answer"] == "GET"


def test_a_status_that_never_came_says_why(client: HttpClient) -> None:
    with pytest.raises(OutcomeUnknown, match=r"no answer: the connection was refused$"):
        client.status("HEAD", "http://127.0.0.1:9/a")
