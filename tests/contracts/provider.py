"""What every provider owes the delivery engine; each one's tests subclass it.

The transport is real: an HTTP server on loopback, or files on a disk.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from bypost.errors import Refused
from bypost.model.message import Message, SendClass
from bypost.providers.base import Provider

#: The instant of every request here.
DATE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
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
        date=DATE,
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


def make_messages(count: int, **changes: object) -> list[Message]:
    """Return messages to different people, as those of one request always are."""
    return [make_message(f"d-{n}", to=f"p{n}@example.org", **changes) for n in range(count)]


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

    def travels(self, message: Message) -> Message:
        """Return ``message`` as far as the service carries it; override where it does not all."""
        return message

    def deliver(self, provider: Provider, *messages: Message) -> Sequence[str]:
        results = provider.send(provider.prepare(messages), count=len(messages), key="batch-1")
        assert all(result.accepted for result in results), results
        return [result.provider_id for result in results]

    def test_every_message_gets_an_id_of_its_own(self, provider: Provider) -> None:
        ids = self.deliver(provider, *make_messages(5))
        assert len(set(ids)) == 5
        assert all(ids)

    def test_messages_arrive_whole_and_in_order(self, provider: Provider) -> None:
        messages = [
            dataclasses.replace(one, subject=f"No. {n}") for n, one in enumerate(make_messages(5))
        ]
        self.deliver(provider, *messages)
        assert self.received() == list(map(self.travels, messages))

    def test_unsubscribe_headers_keep_their_exact_values(self, provider: Provider) -> None:
        self.deliver(provider, make_message())
        assert self.received()[0].headers == self.travels(make_message()).headers

    def test_headers_that_do_not_travel_are_declared(self, provider: Provider) -> None:
        self.deliver(provider, make_message())
        missing = make_message().headers.keys() - self.received()[0].headers.keys()
        assert {name.lower() for name in missing} == provider.leaves_out

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_names_stay_names(self, provider: Provider, name: str) -> None:
        message = make_message(to_name=name, from_name=name, subject=f"For {name}")
        self.deliver(provider, message)
        assert self.received() == [self.travels(message)]

    def test_empty_names_leave_the_bare_address(self, provider: Provider) -> None:
        message = make_message(to_name="", from_name="", reply_to="")
        self.deliver(provider, message)
        assert self.received() == [self.travels(message)]

    def test_the_same_messages_give_the_same_bytes(self, provider: Provider) -> None:
        messages = make_messages(3)
        assert provider.prepare(messages) == provider.prepare(list(messages))

    def test_send_class_is_the_documented_one(self, provider: Provider) -> None:
        assert provider.send_class == self.send_class

    def test_a_full_batch_goes_and_one_more_does_not(self, provider: Provider) -> None:
        messages = make_messages(self.most + 1)
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
