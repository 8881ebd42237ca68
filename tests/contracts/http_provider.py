"""Further rules for providers behind HTTP; the service is a server on loopback."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from bypost.errors import NotSent, OutcomeUnknown, Refused, SendError, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.message import Result
from bypost.providers.base import Provider
from bypost.providers.http_provider import HttpProvider
from bypost.testing import fault
from bypost.testing.fake_server import FakeServer, Reply, Request
from tests.contracts.provider import ProviderContract, make_message, make_messages

#: A key that no text may repeat; it looks like a real one.
SECRET = "re_9f8e7d6c5b4a3_topsecret"

ERRORS: dict[str, type[SendError]] = {
    error.__name__: error for error in (Refused, Throttled, OutcomeUnknown)
}


class HttpProviderContract(ProviderContract):
    """A subclass gives a ``fake`` fixture besides, and says how to make the provider."""

    @pytest.fixture
    def fake(self) -> Iterator[FakeServer]:
        """Stand in for the service; it lets :data:`SECRET` in."""
        raise NotImplementedError

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> HttpProvider:
        """Return the provider with :data:`SECRET` as its key."""
        raise NotImplementedError

    @pytest.fixture
    def http(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
        no_proxies(monkeypatch)
        client = HttpClient(timeout=10, user_agent="bypost-tests/1")
        yield client
        client.close()

    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
        no_proxies(monkeypatch)
        client = HttpClient(timeout=0.7, user_agent="bypost-tests/1")
        yield client
        client.close()

    @pytest.fixture
    def provider(self, http: HttpClient, fake: FakeServer) -> HttpProvider:
        self.fake_in_use = fake
        return self.make(http, fake.url)

    def attempt(self, provider: Provider, *, count: int = 1) -> object:
        body = provider.prepare(make_messages(count))
        return provider.send(body, count=count, key="batch-1")

    def play(self, provider: Provider, fake: FakeServer, path: Path) -> None:
        """Answer what a file of ``tests/recorded`` holds, and expect what it says."""
        recorded = orjson.loads(path.read_bytes())
        body = recorded["body"]
        if not isinstance(body, str):
            body = orjson.dumps(body).decode()
        fake.script.add(fault.answer(recorded["status"], body, recorded["headers"]))
        expected = recorded["expected"]
        if "error" in expected:
            with pytest.raises(ERRORS[expected["error"]]) as caught:
                self.attempt(provider, count=recorded["messages"])
            assert expected["words"] in str(caught.value)
            return
        results = self.attempt(provider, count=recorded["messages"])
        assert results == [Result(**fields) for fields in expected["results"]]

    def test_user_agent_is_sent(self, provider: Provider, fake: FakeServer) -> None:
        self.attempt(provider)
        assert fake.requests[-1].headers["user-agent"] == "bypost-tests/1"

    def test_requests_one_after_another_share_a_connection(
        self, provider: Provider, fake: FakeServer
    ) -> None:
        for _ in range(3):
            self.attempt(provider)
        assert fake.connections == 1

    def test_a_proxy_of_the_environment_is_gone_through(
        self, http: HttpClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Trap() as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            with pytest.raises(OutcomeUnknown):
                self.attempt(self.make(http, "http://provider.invalid"))
            assert proxy.requests[-1].path.startswith("http://provider.invalid/")

    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ({"Retry-After": "7"}, timedelta(seconds=7)),
            (
                {
                    "Retry-After": "Mon, 23 Nov 2026 10:02:00 GMT",
                    "Date": "Mon, 23 Nov 2026 10:00:30 GMT",
                },
                timedelta(seconds=90),
            ),
            ({"ratelimit-reset": "3"}, timedelta(seconds=3)),
            ({}, None),
        ],
        ids=repr,
    )
    def test_429_tells_when_to_come_back(
        self, provider: Provider, fake: FakeServer, headers: dict[str, str], wait: timedelta | None
    ) -> None:
        fake.script.add(fault.answer(429, '{"message":"Too many requests"}', headers))
        with pytest.raises(Throttled, match="Too many requests") as caught:
            self.attempt(provider)
        assert caught.value.retry_after == wait
        assert caught.value.status == 429

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 451])
    def test_4xx_is_final_with_the_services_own_words(
        self, provider: Provider, fake: FakeServer, status: int
    ) -> None:
        fake.script.add(fault.answer(status, '{"message":"The domain is not verified"}'))
        with pytest.raises(Refused, match="The domain is not verified") as caught:
            self.attempt(provider)
        assert caught.value.status == status

    @pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
    def test_a_server_error_may_hide_an_acceptance(
        self, provider: Provider, fake: FakeServer, status: int
    ) -> None:
        fake.script.add(fault.answer(status, "<html>Bad gateway</html>"))
        with pytest.raises(OutcomeUnknown) as caught:
            self.attempt(provider)
        assert caught.value.status == status

    @pytest.mark.parametrize(
        "trouble",
        [
            fault.reset(accept=True),
            fault.reset(accept=False),
            fault.truncated(),
            fault.garbage(),
            fault.answer(200, "{}"),
            fault.answer(200, "[]"),
            fault.answer(200, "null"),
            fault.answer(200, ""),
            fault.answer(204, ""),
        ],
        ids=repr,
    )
    def test_an_unusable_answer_leaves_the_outcome_unknown(
        self, provider: Provider, fake: FakeServer, trouble: fault.Fault
    ) -> None:
        fake.script.add(trouble)
        with pytest.raises(OutcomeUnknown):
            self.attempt(provider)

    def test_fewer_results_than_messages_leave_the_outcome_unknown(
        self, provider: Provider, fake: FakeServer
    ) -> None:
        one = provider.prepare([make_message()])
        with pytest.raises(OutcomeUnknown):
            provider.send(one, count=2, key="batch-1")

    @pytest.mark.parametrize("trouble", [fault.hang(30), fault.drip()], ids=["hang", "drip"])
    def test_a_late_answer_leaves_the_outcome_unknown_and_holds_nobody(
        self, impatient: HttpClient, fake: FakeServer, trouble: fault.Fault
    ) -> None:
        fake.script.add(trouble)
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            self.attempt(self.make(impatient, fake.url))
        assert time.monotonic() - started < 3

    def test_a_refused_connection_is_surely_not_sent(self, http: HttpClient) -> None:
        with socket.socket() as deaf:  # bound, so nobody else answers there; not listening
            deaf.bind(("127.0.0.1", 0))
            with pytest.raises(NotSent, match="refused"):
                self.attempt(self.make(http, f"http://127.0.0.1:{deaf.getsockname()[1]}"))

    def test_an_unknown_host_is_surely_not_sent(self, http: HttpClient) -> None:
        with pytest.raises(NotSent, match="name of the host"):
            self.attempt(self.make(http, "http://provider.invalid"))

    def test_a_failed_tls_handshake_is_surely_not_sent(
        self, http: HttpClient, fake: FakeServer
    ) -> None:
        with pytest.raises(NotSent, match="TLS"):
            self.attempt(self.make(http, fake.url.replace("http:", "https:")))

    def test_a_redirect_is_refused_and_not_followed(
        self, provider: Provider, fake: FakeServer
    ) -> None:
        with Trap() as trap:
            fake.script.add(fault.redirect(f"{trap.url}/login?secret=1"))
            with pytest.raises(Refused, match=r"redirect to 127\.0\.0\.1; check base_url"):
                self.attempt(provider)
            assert not trap.requests

    @pytest.mark.parametrize("repeated", [SECRET, SECRET[:14] + "...", f"x {SECRET} " * 40])
    @pytest.mark.parametrize("status", [200, 302, 401, 409, 422, 429, 500])
    def test_the_key_is_in_no_error_though_the_service_repeats_it(
        self, provider: Provider, fake: FakeServer, status: int, repeated: str
    ) -> None:
        fake.script.add(fault.answer(status, f'{{"message":"Bad key {repeated}"}}'))
        with pytest.raises(SendError) as caught:
            self.attempt(provider)
        assert SECRET[:10] not in f"{caught.value!r} {caught.value}"

    def test_the_key_is_in_no_repr_and_no_log(
        self, provider: Provider, fake: FakeServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        self.attempt(provider)
        assert fake.requests[-1].body  # it did go out, with the key
        assert SECRET[:10] not in caplog.text + repr(provider)

    def test_the_services_words_are_one_short_line(
        self, provider: Provider, fake: FakeServer
    ) -> None:
        fake.script.add(
            fault.answer(422, "\x1b[31mred\x07\r\nERROR forged log line " + "long " * 500)
        )
        with pytest.raises(Refused) as caught:
            self.attempt(provider)
        text = str(caught.value)
        assert text.isprintable()
        assert len(text) < 400

    @pytest.mark.parametrize(
        "base_url",
        [
            "",
            "api.example.com",
            "ftp://x",
            "https://",
            "https://a/v1",
            "https://u:p@a",
            "https://a?b",
        ],
    )
    def test_a_base_url_is_scheme_and_host(self, http: HttpClient, base_url: str) -> None:
        with pytest.raises(SettingsError, match=r"\[providers\.\w+\] base_url"):
            self.make(http, base_url)

    def test_a_trailing_slash_of_the_base_url_does_no_harm(
        self, http: HttpClient, fake: FakeServer
    ) -> None:
        self.attempt(self.make(http, f"{fake.url}/"))
        assert "//" not in fake.requests[-1].path

    @pytest.mark.parametrize("wrong", [0, -1, 100_000])
    def test_a_batch_size_the_service_does_not_take_is_refused_at_the_start(
        self, http: HttpClient, wrong: int
    ) -> None:
        with pytest.raises(SettingsError, match="batch_size"):
            self.make(http, "https://api.example.com", wrong)

    def test_a_smaller_batch_size_is_kept_to(self, http: HttpClient) -> None:
        provider = self.make(http, "https://api.example.com", 2)
        with pytest.raises(ValueError, match="not 1 to 2"):
            provider.prepare(make_messages(3))


class Trap(FakeServer):
    """A server that nobody should call."""

    def __init__(self) -> None:
        super().__init__(port=0, script=fault.Script())

    def process(self, request: Request, *, delay_s: float) -> Reply:
        return Reply(200, b"{}")


def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of the machine that runs the tests out of it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
