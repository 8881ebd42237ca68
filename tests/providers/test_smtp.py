from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import orjson
import pytest

from bypost.errors import NotSent, OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.model.message import Message, Nothing
from bypost.providers import smtp
from bypost.providers.base import Provider
from bypost.providers.smtp import Smtp
from bypost.testing.fake_smtp import FakeSmtp
from tests.contracts.merge import MergeContract
from tests.contracts.provider import ProviderContract, make_message, make_messages

OURS = ["from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"]


class TestSmtp(ProviderContract):
    send_class = Nothing()
    most = 100

    @pytest.fixture
    def catcher(self) -> Iterator[FakeSmtp]:
        with FakeSmtp() as catcher:
            yield catcher

    @pytest.fixture
    def provider(self, catcher: FakeSmtp) -> Smtp:
        self.catcher_in_use = catcher
        return Smtp(port=catcher.port)

    def received(self) -> list[Message]:
        return [_read(mail) for mail in self.catcher_in_use.mails]

    def test_a_request_is_one_connection(self, provider: Smtp, catcher: FakeSmtp) -> None:
        self.deliver(provider, *make_messages(3))
        assert catcher.connections == 1
        assert catcher.recipients == ["p0@example.org", "p1@example.org", "p2@example.org"]

    def test_lines_that_begin_with_a_dot_stay(self, provider: Smtp) -> None:
        message = make_message(text=".\n..\n.hidden\n", html="<p>\n.\n</p>\n")
        self.deliver(provider, message)
        assert self.received() == [message]

    def test_nobody_there_is_surely_not_sent(self) -> None:
        with socket.socket() as deaf:  # bound, so nobody else answers there; not listening
            deaf.bind(("127.0.0.1", 0))
            with pytest.raises(NotSent, match="refused"):
                self.deliver(Smtp(port=deaf.getsockname()[1]), make_message())

    def test_a_server_that_says_nothing_is_surely_not_sent(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            provider = Smtp(port=silent.getsockname()[1], timeout=0.2)
            with pytest.raises(NotSent, match="it took too long"):
                self.deliver(provider, make_message())

    def test_one_recipient_s_refusal_spoils_only_theirs(
        self, provider: Smtp, catcher: FakeSmtp
    ) -> None:
        catcher.replies["RCPT TO:<P1@"] = "550 5.1.1 <p1@example.org> unknown"
        results = provider.send(provider.prepare(make_messages(3)), count=3, key="batch-1")
        assert [result.accepted for result in results] == [True, False, True]
        assert results[1].error == "smtp: 550: 5.1.1 <***> unknown"
        assert not results[1].retry

    @pytest.mark.parametrize("step", ["RCPT TO:<P1@", "MAIL"])
    def test_a_refusal_for_now_is_owed_again(
        self, provider: Smtp, catcher: FakeSmtp, step: str
    ) -> None:
        catcher.replies[step] = "451 4.7.1 Later"
        body = provider.prepare(make_messages(2))
        if step == "MAIL":
            with pytest.raises(Throttled, match=r"451: 4\.7\.1 Later"):
                provider.send(body, count=2, key="batch-1")
            return
        results = provider.send(body, count=2, key="batch-1")
        assert [(result.accepted, result.retry) for result in results] == [
            (True, False),
            (False, True),
        ]

    @pytest.mark.parametrize(("step", "said"), [("DATA", "554 No"), (".", "552 Too long")])
    def test_a_refused_mail_is_not_accepted(
        self, provider: Smtp, catcher: FakeSmtp, step: str, said: str
    ) -> None:
        catcher.replies[step] = said
        (result,) = provider.send(provider.prepare([make_message()]), count=1, key="batch-1")
        assert not result.accepted
        assert said[4:] in result.error
        assert not catcher.mails

    def test_a_connection_that_breaks_before_a_mail_leaves_it_owed(
        self, provider: Smtp, catcher: FakeSmtp
    ) -> None:
        catcher.replies["RCPT TO:<P1@"] = ""
        results = provider.send(provider.prepare(make_messages(3)), count=3, key="batch-1")
        assert [result.accepted for result in results] == [True, False, False]
        assert [result.retry for result in results] == [False, True, True]

    def test_a_connection_that_breaks_before_the_first_is_surely_not_sent(
        self, provider: Smtp, catcher: FakeSmtp
    ) -> None:
        catcher.replies["MAIL"] = ""
        with pytest.raises(NotSent):
            self.deliver(provider, make_message())

    def test_a_connection_that_breaks_within_a_mail_leaves_the_outcome_unknown(
        self, provider: Smtp, catcher: FakeSmtp
    ) -> None:
        catcher.replies["."] = ""
        with pytest.raises(OutcomeUnknown):
            self.deliver(provider, make_message())

    def test_no_mail_is_begun_after_its_time(
        self, provider: Smtp, catcher: FakeSmtp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "MOST", -1)
        with pytest.raises(NotSent, match="too slow"):
            self.deliver(provider, make_message())
        assert not catcher.mails

    def test_who_logs_in_is_let_in_and_nobody_else(self) -> None:
        with FakeSmtp(login=("me", "a secret")) as catcher:
            self.deliver(
                Smtp(port=catcher.port, username="me", password="a secret"), make_message()
            )
            assert len(catcher.mails) == 1
            wrong = Smtp(port=catcher.port, username="me", password="something else")
            with pytest.raises(Refused, match="does not know this username") as caught:
                self.deliver(wrong, make_message())
            assert "something else" not in f"{caught.value} {wrong!r}"

    def test_a_server_that_lets_nobody_log_in_says_so(self, catcher: FakeSmtp) -> None:
        provider = Smtp(port=catcher.port, username="me", password="a secret")
        with pytest.raises(Refused, match="leave out username"):
            self.deliver(provider, make_message())

    @pytest.mark.parametrize("half", [{"username": "me"}, {"password": "a secret"}])
    def test_half_a_login_is_a_mistake(self, half: dict[str, Any]) -> None:
        with pytest.raises(SettingsError, match="set both, or neither"):
            Smtp(**half)

    def test_an_address_beyond_ascii_meets_an_objection(self, provider: Smtp) -> None:
        assert provider.objection(make_message(to="zoë@example.org"))

    def test_a_request_for_another_number_is_refused(self, provider: Smtp) -> None:
        with pytest.raises(Refused, match="1 messages in a request for 2"):
            provider.send(provider.prepare([make_message()]), count=2, key="batch-1")


class TestSmtpMerge(MergeContract):
    def adapter(self) -> Provider:
        return Smtp()

    def merged(self, body: bytes) -> list[Message]:
        return [_message(fields) for fields in orjson.loads(body)]

    def stream(self, message: Message) -> Message:
        return message


def _message(fields: dict[str, Any]) -> Message:
    return Message(**{**fields, "date": datetime.fromisoformat(fields["date"])})


def _read(mail: bytes) -> Message:
    """Read a mail as a mail program would."""
    parsed = email.message_from_bytes(mail, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    (to,), (sender,) = parsed["To"].addresses, parsed["From"].addresses
    html, text = parsed.get_body(("html",)), parsed.get_body(("plain",))
    assert html
    assert text
    return Message(
        ref=parsed["Message-ID"].strip("<>").partition("@")[0],
        date=parsed["Date"].datetime,
        to=to.addr_spec,
        to_name=to.display_name,
        from_email=sender.addr_spec,
        from_name=sender.display_name,
        reply_to=str(parsed["Reply-To"] or ""),
        subject=str(parsed["Subject"]),
        html=html.get_content().replace("\r\n", "\n"),
        text=text.get_content().replace("\r\n", "\n"),
        headers={name: str(one) for name, one in parsed.items() if name.lower() not in OURS},
    )
