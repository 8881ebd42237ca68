"""What every provider owes the delivery engine; each one's tests subclass it.

The transport is real: an HTTP server on loopback, or files on a disk.
"""

from __future__ import annotations

import dataclasses
import logging
import socket
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from bypost.errors import NotSent, OutcomeUnknown, Refused, SendError, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.message import Message, SendClass
from bypost.providers.base import HttpProvider, Provider
from bypost.testing import fault
from bypost.testing.fake_server import FakeServer, Reply, Request

#: A key that no text may repeat; it looks like a real one.
SECRET = "re_9f8e7d6c5b4a3_topsecret"

UNSUBSCRIBE = {
    "List-Unsubscribe": f"<https://mail.example.org/u/{'k1Zx' * 40}?a=b&c=d>,"
    " <mailto:leave@example.org?subject=leave%20now>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Id": "After the interview <after-the-interview.mail.example.org>",
}

HOSTILE_NAMES = [
    'Smith, "Bo" <boss@example.net>',
    "O'Neil (PhD); dept: x",
    "Zoë 🎉 Ñandú",
    "=?utf-8?q?not_encoded?=",
    "back\\slash\\",
    "someone@example.net",
    "<script>alert(1)</script>",
    " spaced  out ",
    "{{ subscriber.name }} %recipient.x%",
    'Ünï, die "Große"',
    ".",
    "x" * 200,
]


def make_message(ref: str = "d-1", **changes: object) -> Message:
    message = Message(
        ref=ref,
        to="ann@example.org",
        to_name="Ann",
        from_email="course@example.org",
        from_name="Clarity Notes",
        reply_to="hello@example.org",
        subject="Where do you stand?",
        html="<p>Hello Ann &amp; co, 100 % = all. Grüße</p>\n",
        text="Hello Ann & co, 100 % = all. Grüße\n",
        headers=UNSUBSCRIBE,
    )
    return dataclasses.replace(message, **changes)


class ProviderContract:
    """Rules for every provider.

    A subclass gives a ``provider`` fixture, says which send class it declares, and how to read
    back what was handed over.
    """

    send_class: ClassVar[SendClass]
    most: ClassVar[int]  #: messages of one request

    @pytest.fixture
    def provider(self) -> Provider:
        raise NotImplementedError

    def received(self) -> list[Message]:
        """Return the messages of the last request as the other side reads them, in order."""
        raise NotImplementedError

    def deliver(self, provider: Provider, *messages: Message) -> Sequence[str]:
        results = provider.send(provider.prepare(messages), count=len(messages), key="batch-1")
        assert all(result.accepted for result in results), results
        return [result.provider_id for result in results]

    def test_every_message_gets_an_id_of_its_own(self, provider: Provider) -> None:
        ids = self.deliver(provider, *(make_message(f"d-{n}") for n in range(5)))
        assert len(set(ids)) == 5
        assert all(ids)

    def test_messages_arrive_whole_and_in_order(self, provider: Provider) -> None:
        messages = [make_message(f"d-{n}", subject=f"No. {n}") for n in range(5)]
        self.deliver(provider, *messages)
        assert self.received() == messages

    def test_unsubscribe_headers_keep_their_exact_values(self, provider: Provider) -> None:
        self.deliver(provider, make_message())
        assert self.received()[0].headers == UNSUBSCRIBE

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_names_stay_names(self, provider: Provider, name: str) -> None:
        message = make_message(to_name=name, from_name=name, subject=f"For {name}")
        self.deliver(provider, message)
        assert self.received() == [message]

    def test_empty_names_leave_the_bare_address(self, provider: Provider) -> None:
        message = make_message(to_name="", from_name="", reply_to="")
        self.deliver(provider, message)
        assert self.received() == [message]

    def test_the_same_messages_give_the_same_bytes(self, provider: Provider) -> None:
        messages = [make_message(f"d-{n}") for n in range(3)]
        assert provider.prepare(messages) == provider.prepare(list(messages))

    def test_send_class_is_the_documented_one(self, provider: Provider) -> None:
        assert provider.send_class == self.send_class

    def test_a_full_batch_goes_and_one_more_does_not(self, provider: Provider) -> None:
        messages = [make_message(f"d-{n}") for n in range(self.most + 1)]
        assert len(self.deliver(provider, *messages[:-1])) == self.most
        with pytest.raises(ValueError, match=f"not 1 to {self.most}"):
            provider.prepare(messages)

    def test_an_empty_batch_is_a_mistake(self, provider: Provider) -> None:
        with pytest.raises(ValueError, match="0 messages"):
            provider.prepare([])

    @pytest.mark.parametrize(
        "changes",
        [
            {"subject": "Hello\r\nBcc: all@example.net"},
            {"to_name": "Ann\nBcc: all@example.net"},
            {"from_name": "Clarity\rNotes"},
            {"to": "ann@example.org\r\nBcc: all@example.net"},
            {"to": "ann@example.org, all@example.net"},
            {"to": "Ann <ann@example.org>"},
            {"reply_to": "hello@example.org\n"},
            {"subject": "a\x00b"},
            {"subject": "a\u2028b"},
            {"subject": "half a pair \ud83d"},
            {"html": "half a pair \ud83d"},
            {"headers": {"List-Id": "x\r\nBcc: all@example.net"}},
            {"headers": {"List-Id\r\nBcc": "all@example.net"}},
            {"headers": {"Bcc": "all@example.net"}},
            {"headers": {"subject": "another"}},
            {"headers": {"X-Long": "a" * 1000}},
            {"ref": "../outside"},
            {"ref": ""},
        ],
        ids=repr,
    )
    def test_nothing_can_break_out_of_its_header(
        self, provider: Provider, changes: dict[str, object]
    ) -> None:
        message = make_message(**changes)
        assert provider.objection(message)
        with pytest.raises(Refused, match="cannot be sent"):
            provider.prepare([make_message("good"), message])

    def test_an_ordinary_message_meets_no_objection(self, provider: Provider) -> None:
        assert provider.objection(make_message()) == ""


class HttpProviderContract(ProviderContract):
    """Further rules for providers behind HTTP."""

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
        body = provider.prepare([make_message(f"d-{n}") for n in range(count)])
        return provider.send(body, count=count, key="batch-1")

    def test_user_agent_is_sent(self, provider: Provider, fake: FakeServer) -> None:
        self.attempt(provider)
        assert fake.requests[-1].headers["user-agent"] == "bypost-tests/1"

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
            provider.prepare([make_message(f"d-{n}") for n in range(3)])


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
