"""What every webhook owes the engine, whoever posts to it; each provider's tests subclass it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypost.errors import Forged, HookError, Malformed, SettingsError
from bypost.model.event import Event, EventKind
from bypost.providers.registry import build_hook
from bypost.providers.webhook import Webhook
from bypost.testing.fake_provider import FakeProvider
from bypost.testing.told_sns import Amazon
from scheduler.clock import SimulatedClock

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RECORDED = Path(__file__).parents[1] / "recorded" / "vectors"

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
MODEST = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture],
)


class WebhookContract:
    """Rules for every webhook.

    A subclass makes the fake of its provider and signs bodies as the provider does: in headers, or
    with more around the body.
    """

    name: ClassVar[str]
    secret: ClassVar[str]
    unusable: ClassVar[Mapping[str, str]]  #: secrets that cannot be used, by what is wrong
    fields: ClassVar[tuple[tuple[str, ...], ...]]  #: paths of the fields that are read
    untold: ClassVar[frozenset[EventKind]]  #: kinds that the provider tells nothing of
    unreadable: ClassVar[type[HookError]] = Malformed  #: what a body that cannot be read is

    def fake(self, clock: SimulatedClock) -> FakeProvider:
        raise NotImplementedError

    def sign(self, body: bytes) -> dict[str, str]:
        """Return headers with which ``body`` is genuine now."""
        raise NotImplementedError

    def post(self, body: bytes) -> tuple[dict[str, str], bytes]:
        """Return a genuine request that tells of the event ``body``."""
        return self.sign(body), body

    def build(self, clock: SimulatedClock, secret: str | None = None) -> Webhook:
        given = self.secret if secret is None else secret
        return build_hook(self.name, given, clock=clock, http=Amazon())  # type: ignore[arg-type]

    @pytest.fixture
    def clock(self) -> SimulatedClock:
        return SimulatedClock(NOW)

    @pytest.fixture
    def hook(self, clock: SimulatedClock) -> Webhook:
        return self.build(clock)

    @pytest.fixture
    def service(self, clock: SimulatedClock) -> Iterator[FakeProvider]:
        with self.fake(clock) as fake:
            yield fake

    def one(self, hook: Webhook, told: object) -> Event:
        body = told if isinstance(told, bytes) else orjson.dumps(told)
        (event,) = hook.read(*self.post(body))
        return event

    @pytest.mark.parametrize("kind", EventKind)
    def test_every_kind_is_read_back_with_our_reference(
        self, hook: Webhook, service: FakeProvider, kind: EventKind
    ) -> None:
        if kind in self.untold:
            with pytest.raises(ValueError, match=f"no event {kind}"):
                service.event("d-1", kind)
            return
        headers, body = service.event("d-1", kind, to="ann@example.org")
        (event,) = hook.read(headers, body)
        assert (event.kind, event.ref, event.recipient) == (kind, "d-1", "ann@example.org")
        assert event.provider_id
        assert event.at == NOW

    def test_the_same_event_told_twice_has_one_id_and_two_events_have_two(
        self, hook: Webhook, service: FakeProvider, clock: SimulatedClock
    ) -> None:
        told = [service.event(ref, EventKind.DELIVERED) for ref in ("d-1", "d-2")]
        ids = [hook.read(*request)[0].event_id for request in (*told, *told)]
        assert ids[:2] == ids[2:]
        assert ids[0] != ids[1]
        assert all(0 < len(identity) <= 120 for identity in ids)

    def test_a_changed_body_or_header_is_no_longer_genuine_where_they_are_signed(
        self, hook: Webhook
    ) -> None:
        body = b'{"a": 1}'
        headers = self.sign(body)
        for name in headers:
            without = {other: value for other, value in headers.items() if other != name}
            with pytest.raises(Forged):
                hook.read(without, body)
            with pytest.raises(Forged):
                hook.read(headers | {name: headers[name] + "x"}, body)

    def test_an_event_of_a_kind_that_is_not_known_is_read_without_effect(
        self, hook: Webhook
    ) -> None:
        for told in ({}, {"type": "x", "RecordType": "y"}, {"type": ["x"], "RecordType": {}}):
            event = self.one(hook, told)
            assert event.kind is EventKind.OTHER
            assert event.event_id
            assert event.at == NOW
            assert (event.ref, event.recipient, event.provider_id) == ("", "", "")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"7",
            b'"text"',
            b"{",
            b'{"a": NaN}',
            b'{"a": "\\ud83d"}',
            b"<html>",
            b'{"a":' * 100_000,
            b'{"a":' * 500 + b"1" + b"}" * 500,
            b"[" * 300 + b"]" * 300,
        ],
        ids=lambda body: repr(body[:20]),
    )
    def test_what_is_genuine_but_no_object_is_malformed(self, hook: Webhook, body: bytes) -> None:
        with pytest.raises(self.unreadable):
            hook.read(*self.post(body))

    def test_bytes_that_are_not_text_are_refused(self, hook: Webhook) -> None:
        with pytest.raises(HookError):
            hook.read(self.sign(b"{}"), b'{"a": "\xff"}')

    @MODEST
    @given(
        headers=st.dictionaries(
            st.sampled_from(
                [
                    "authorization",
                    "svix-id",
                    "svix-timestamp",
                    "svix-signature",
                    "mailtrap-signature",
                    "x-twilio-email-event-webhook-signature",
                    "x-twilio-email-event-webhook-timestamp",
                    "x-amz-sns-message-type",
                ]
            ),
            st.text(max_size=40)
            | st.sampled_from(["Basic !!!", "Basic Og==", "v1,x v1,y", "9" * 11, "1_0"]),
        ),
        body=st.binary(max_size=60),
    )
    def test_without_a_signature_nothing_is_believed_and_nothing_breaks(
        self, headers: dict[str, str], body: bytes
    ) -> None:
        hook = self.build(SimulatedClock(NOW))
        with pytest.raises(Forged):
            hook.read(headers, body)

    @MODEST
    @given(body=st.text(max_size=60).map(str.encode))
    def test_signed_text_is_events_or_malformed(self, body: bytes) -> None:
        hook = self.build(SimulatedClock(NOW))
        try:
            events = hook.read(*self.post(body))
        except self.unreadable:
            return
        assert all(isinstance(event, Event) for event in events)

    @MODEST
    @given(data=st.data())
    def test_fields_of_any_type_are_read_or_passed_over(self, data: st.DataObject) -> None:
        hook = self.build(SimulatedClock(NOW))
        told: dict[str, Any] = {}
        for path in data.draw(st.lists(st.sampled_from(self.fields), unique=True)):
            place = told
            for name in path[:-1]:
                inner = place.setdefault(name, {})
                place = inner if isinstance(inner, dict) else {}
            place[path[-1]] = copy.deepcopy(data.draw(ANYTHING | st.sampled_from(WORDS)))
        event = self.one(hook, json.dumps(told).encode())
        assert len(event.ref) <= 40
        assert 0 < len(event.event_id) <= 120
        assert len(event.provider_id) <= 120
        assert len(event.detail) <= 300
        for text in (event.detail, event.provider_id, event.recipient, event.event_id):
            assert text.isprintable()
        assert event.at.tzinfo is UTC
        orjson.dumps(event.raw)

    def test_the_detail_names_nobody(self, hook: Webhook, service: FakeProvider) -> None:
        headers, body = service.event(
            "d-1",
            EventKind.BOUNCED,
            to="ann@example.org",
            detail="550 5.1.1 <ann@example.org>:\r\nRecipient address rejected" + " x" * 300,
        )
        (event,) = hook.read(headers, body)
        assert event.detail.startswith("550 5.1.1 <***>: Recipient address rejected")
        assert len(event.detail) <= 300

    @pytest.mark.parametrize(
        "words",
        [
            "552 5.3.4 Message size exceeds fixed limit",
            "smtp;552-5.2.3 Your message exceeded Google's message size limits.",
            "552 message size exceeds maximum permitted",
            "554 Message too large",
            "The message exceeds the maximum size",
        ],
    )
    def test_a_soft_bounce_for_size_says_so(
        self, hook: Webhook, service: FakeProvider, words: str
    ) -> None:
        (event,) = hook.read(*service.event("d-1", EventKind.SOFT_BOUNCED, detail=words))
        assert event.too_large
        # Some call every final refusal a bounce for good; size makes it none.
        (event,) = hook.read(*service.event("d-1", EventKind.BOUNCED, detail=words))
        assert event.too_large is (event.kind is EventKind.SOFT_BOUNCED)

    @pytest.mark.parametrize(
        "words",
        [
            "",
            "552 5.2.2 Mailbox full",
            "452 4.2.2 The email account is over quota",
            "mailbox size is ok, try later 15.3.45",
            "421 4.7.0 Try again later",
        ],
    )
    def test_a_full_mailbox_is_no_mail_too_large(
        self, hook: Webhook, service: FakeProvider, words: str
    ) -> None:
        (event,) = hook.read(*service.event("d-1", EventKind.SOFT_BOUNCED, detail=words))
        assert not event.too_large

    def test_the_secret_shows_nowhere(self, hook: Webhook) -> None:
        said = [repr(hook), str(hook)]
        for headers in ({}, self.sign(b"other") | {"authorization": "Basic b3RoZXI6eA=="}):
            with pytest.raises(Forged) as caught:
                hook.read(headers, b"{}")
            said.append(f"{caught.value!r}")
        parts = filter(None, self.secret.partition(":"))
        assert not [part for part in parts if part != ":" and any(part in text for text in said)]

    def test_a_secret_that_cannot_be_one_is_told_at_the_start(self) -> None:
        variable = f"BYPOST_PROVIDERS__{self.name.upper()}__WEBHOOK_SECRET"
        for secret, why in self.unusable.items():
            with pytest.raises(SettingsError) as caught:
                self.build(SimulatedClock(NOW), secret)
            assert f"[providers.{self.name}] webhook_secret" in str(caught.value), why
            assert variable in str(caught.value), why
            assert not secret or secret not in str(caught.value), why


#: What a field may well hold, besides anything.
WORDS = [
    "bounce",
    "failed",
    "permanent",
    1_498_093_527,
    1e300,
    -1,
    [["ann@example.org"]],
    ['{"ref": "d-1"}'],
    '{"ref": ["d-1"]}',
    "[" * 300,
    [{"emailAddress": "ann@example.org"}, {"emailAddress": 7}],
    "Bounce",
    "SubscriptionChange",
    "HardBounce",
    "email.bounced",
    "Permanent",
    "2026-11-23T08:00:00.1234567-05:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-23",
    "Ann <ann@example.org>",
    ["ann@example.org"],
    "d-1",
    "../d-1",
    "a\x00b\r\nc",
    "x" * 5_000,
    2**63,
    True,
    {"ref": "d-1"},
    [{"name": "ref", "value": "d-1"}],
    [{"name": ["ref"], "value": {}}, 7, None],
]
