"""What six services post: the rules for every webhook, and their own."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import orjson
import pytest

from bypost.errors import Forged, HookError, Malformed
from bypost.model.event import EventKind
from bypost.providers.webhook import Webhook
from bypost.testing import told
from bypost.testing.told import Told, tell
from scheduler.clock import SimulatedClock
from tests.contracts.webhook import NOW, WebhookContract

LOGINS = MappingProxyType({"": "empty", ":hunter2": "no name", "hunter2:": "no password"})


class Teller:
    """Tells of events as the service does, without being one."""

    def __init__(self, name: str, clock: SimulatedClock) -> None:
        self._name, self._clock = name, clock

    def event(
        self,
        ref: str,
        kind: EventKind,
        *,
        to: str = "ann@example.org",
        at: datetime | None = None,
        detail: str = "",
    ) -> tuple[dict[str, str], bytes]:
        now = self._clock.now()
        event = Told(
            ref=ref,
            kind=kind,
            provider_id=f"<{ref}@mail.example>",
            to=to,
            at=at or now,
            detail=detail,
            now=now,
        )
        return tell(self._name, event)


class Contract(WebhookContract):
    """The rules, for a service whose requests ``bypost.testing.told`` makes."""

    untold: ClassVar[frozenset[EventKind]] = frozenset()

    def __init_subclass__(cls) -> None:
        cls.secret = told.secret(cls.name)
        cls.untold = told.UNTOLD.get(cls.name, frozenset())

    @pytest.fixture
    def service(self, clock: SimulatedClock) -> Any:
        return Teller(self.name, clock)

    def sign(self, body: bytes) -> dict[str, str]:
        return told.post(self.name, body, NOW)[0]

    def post(self, body: bytes) -> tuple[dict[str, str], bytes]:
        return told.post(self.name, body, NOW)

    def kinds(self, hook: Webhook, kind: EventKind, *events: Mapping[str, object]) -> None:
        for event in events:
            assert self.one(hook, event).kind is kind, event


class TestSes(Contract):
    name = "ses"
    unusable = MappingProxyType(
        {
            "": "empty",
            "user:password": "no ARN",
            "arn:aws:sqs:eu-west-1:123456789012:bypost": "a queue",
            "arn:aws:sns:eu-west-1:12:bypost": "no account",
            "arn:aws:sns:eu-west-1:123456789012:by post": "a space",
            "arn:aws:sns:eu-west-1:123456789012:bypost:5c1d-a-subscription": "a subscription",
        }
    )
    fields = (
        ("eventType",),
        ("notificationType",),
        ("mail",),
        ("mail", "tags"),
        ("mail", "tags", "ref"),
        ("mail", "destination"),
        ("mail", "messageId"),
        ("bounce", "bounceType"),
        ("bounce", "bounceSubType"),
        ("complaint", "complaintFeedbackType"),
        ("delivery", "recipients"),
    )

    @pytest.mark.parametrize(
        "text", ["", "Hello world", "null", "[]", "7", "{", '{"a": NaN}', '{"a":' * 100_000]
    )
    def test_what_is_genuine_but_no_object_is_malformed(self, hook: Webhook, text: str) -> None:
        """Not here: Amazon itself publishes a sentence to a new topic."""
        assert hook.read(*self.post(text.encode())) == []

    def test_bounces_are_for_good_only_where_ses_says_so(self, hook: Webhook) -> None:
        for name, kind in (
            ("Permanent", EventKind.BOUNCED),
            ("Transient", EventKind.SOFT_BOUNCED),
            ("Undetermined", EventKind.SOFT_BOUNCED),
            ("permanently new", EventKind.SOFT_BOUNCED),
        ):
            event = {"eventType": "Bounce", "bounce": {"bounceType": name}}
            self.kinds(hook, kind, event, {**event, "notificationType": "Delivery"})

    def test_a_bounce_for_size_says_so_by_its_subtype(self, hook: Webhook) -> None:
        bounce = {"bounceType": "Transient", "bounceSubType": "MessageTooLarge"}
        assert self.one(hook, {"eventType": "Bounce", "bounce": bounce}).too_large

    def test_what_says_that_mail_is_wanted_is_no_complaint(self, hook: Webhook) -> None:
        for feedback, kind in (
            ("abuse", EventKind.COMPLAINED),
            ("", EventKind.COMPLAINED),
            ("not-spam", EventKind.OTHER),
            ("auth-failure", EventKind.OTHER),
        ):
            complaint = {"complaintFeedbackType": feedback}
            self.kinds(hook, kind, {"eventType": "Complaint", "complaint": complaint})

    def test_only_who_leaves_all_topics_there_has_left(self, hook: Webhook) -> None:
        for left, kind in ((True, EventKind.UNSUBSCRIBED), (False, EventKind.OTHER)):
            new = {"newTopicPreferences": {"unsubscribeAll": left}}
            self.kinds(hook, kind, {"eventType": "Subscription", "subscription": new})

    def test_several_who_bounced_are_several_events(self, hook: Webhook) -> None:
        people = [{"emailAddress": f"{name}@example.org"} for name in ("ann", "bo")]
        bounce = {"bounceType": "Permanent", "bouncedRecipients": people}
        body = orjson.dumps({"eventType": "Bounce", "bounce": bounce})
        events = hook.read(*self.post(body))
        assert [event.recipient for event in events] == ["ann@example.org", "bo@example.org"]
        assert len({event.event_id for event in events}) == 2

    def test_one_of_several_who_may_have_complained_is_not_named(self, hook: Webhook) -> None:
        people = [{"emailAddress": f"{name}@example.org"} for name in ("ann", "bo")]
        for told_of in (
            {"eventType": "Complaint", "complaint": {"complainedRecipients": people}},
            {"eventType": "Open", "mail": {"destination": ["ann@example.org", "bo@example.org"]}},
        ):
            assert self.one(hook, told_of).recipient == ""

    def test_the_headers_of_the_mail_are_not_kept(self, hook: Webhook) -> None:
        mail = {"messageId": "m", "headers": [{"name": "List-Unsubscribe"}], "commonHeaders": {}}
        event = self.one(hook, {"eventType": "Open", "mail": mail})
        assert event.raw == {"eventType": "Open", "mail": {"messageId": "m"}}


class TestMailgun(Contract):
    name = "mailgun"
    unreadable = HookError
    unusable = MappingProxyType({"": "empty", "short": "too short", "two words of a key": "spaces"})
    fields = (
        ("event",),
        ("severity",),
        ("reason",),
        ("timestamp",),
        ("recipient",),
        ("message",),
        ("message", "headers"),
        ("message", "headers", "message-id"),
        ("message", "headers", "to"),
        ("user-variables",),
        ("user-variables", "ref"),
        ("delivery-status", "message"),
    )

    def test_a_final_failure_is_the_address_s_unless_its_reason_says_otherwise(
        self, hook: Webhook
    ) -> None:
        failed = {"event": "failed", "severity": "permanent"}
        words = {"delivery-status": {"message": "552 5.3.4 Message size exceeds fixed limit"}}
        self.kinds(hook, EventKind.BOUNCED, failed, {**failed, "reason": "bounce"})
        self.kinds(hook, EventKind.SOFT_BOUNCED, {**failed, "reason": "old"}, failed | words)
        self.kinds(
            hook,
            EventKind.REJECTED,
            {**failed, "reason": "suppress-bounce"},
            {**failed, "reason": "suppress-unsubscribe"},
        )
        self.kinds(hook, EventKind.DEFERRED, {"event": "failed"}, failed | {"severity": "new"})

    def test_a_second_event_with_the_signature_of_the_first_has_its_id(self, hook: Webhook) -> None:
        headers, body = self.post(b'{"event": "opened", "id": "one"}')
        other = body.replace(b"opened", b"complained").replace(b"one", b"two")
        (first,), (second,) = hook.read(headers, body), hook.read(headers, other)
        assert first.kind is not second.kind
        assert first.event_id == second.event_id

    @pytest.mark.parametrize(
        ("hours", "good"), [(-0.1, False), (0, True), (8, True), (8.1, False), (900, False)]
    )
    def test_a_signature_holds_as_long_as_mailgun_tries(
        self, clock: SimulatedClock, hook: Webhook, hours: float, good: bool
    ) -> None:
        headers, body = told.post(self.name, b'{"event":"x"}', NOW - timedelta(hours=hours))
        if good:
            assert hook.read(headers, body)
            return
        with pytest.raises(Forged, match="more than 8 hours before, or more than 5 minutes after"):
            hook.read(headers, body)

    @pytest.mark.parametrize(
        "signature",
        [
            None,
            "text",
            {},
            {"token": 7},
            {"timestamp": 1_763_884_800},
            {"timestamp": "1e9"},
            {"token": "short"},
            {"token": "ü" * 50},
            {"token": "x" * 5_000},
            {"signature": ""},
            {"signature": ["x"]},
            {"signature": "é"},
        ],
    )
    def test_a_signature_of_another_form_is_none(self, hook: Webhook, signature: Any) -> None:
        body = orjson.loads(self.post(b"{}")[1])
        merged = isinstance(signature, dict) and signature
        body["signature"] = body["signature"] | signature if merged else signature
        with pytest.raises(Forged):
            hook.read({}, orjson.dumps(body))

    def test_where_the_mail_is_kept_there_is_not_kept_here(self, hook: Webhook) -> None:
        assert self.one(hook, {"event": "x", "storage": {"url": "https://x"}}).raw == {"event": "x"}


class TestSendGrid(Contract):
    name = "sendgrid"
    unusable = MappingProxyType(
        {
            "": "empty",
            "SG.an_api_key_instead": "no base64",
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE": "half a key",
            base64.b64encode(b"0" * 91).decode(): "no key",
            "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEe9TTq4SBBNW4CCe877eAsRKlMUu3"
            "hbOlgCrrycPdJaoc6iv1gIVbACcjcdWkBz5OPolSkI1O+SjbZa08WEkdvw==": "another curve",
        }
    )
    fields = (
        ("event",),
        ("type",),
        ("email",),
        ("ref",),
        ("timestamp",),
        ("reason",),
        ("response",),
        ("smtp-id",),
        ("sg_message_id",),
        ("sg_event_id",),
    )

    def test_a_block_is_no_bounce_for_good(self, hook: Webhook) -> None:
        bounce = {"event": "bounce"}
        words = {"reason": "552 5.3.4 message size exceeds fixed limit"}
        self.kinds(hook, EventKind.BOUNCED, bounce | {"type": "bounce"})
        self.kinds(hook, EventKind.SOFT_BOUNCED, bounce | {"type": "blocked"}, bounce)
        self.kinds(hook, EventKind.SOFT_BOUNCED, bounce | {"type": "bounce"} | words)
        self.kinds(hook, EventKind.UNSUBSCRIBED, {"event": "group_unsubscribe"})
        self.kinds(hook, EventKind.OTHER, {"event": "group_resubscribe"})

    def test_all_events_of_a_request_are_read(self, hook: Webhook) -> None:
        body = orjson.dumps([{"event": "open", "sg_event_id": str(n)} for n in range(1000)])
        events = hook.read(*self.post(body))
        assert [event.event_id for event in events] == [str(n) for n in range(1000)]

    def test_one_that_is_no_event_spoils_the_request(self, hook: Webhook) -> None:
        with pytest.raises(Malformed):
            hook.read(*self.post(b'[{"event": "open"}, 7]'))

    @pytest.mark.parametrize("form", ["{key}", "\n{key}\n", "{pem}", "{flat}"])
    def test_the_key_may_stand_as_pem_or_bare(self, clock: SimulatedClock, form: str) -> None:
        lines = f"-----BEGIN PUBLIC KEY-----\n{self.secret[:64]}\n{self.secret[64:]}\n"
        pem = f"{lines}-----END PUBLIC KEY-----\n"
        given = form.format(key=self.secret, pem=pem, flat=pem.replace("\n", "\\n"))
        assert self.build(clock, given).read(*self.post(b"[{}]"))

    @pytest.mark.parametrize(
        ("hours", "good"), [(-0.1, False), (0, True), (24, True), (24.1, False)]
    )
    def test_a_signature_holds_as_long_as_sendgrid_tries(
        self, hook: Webhook, hours: float, good: bool
    ) -> None:
        headers, body = told.post(self.name, b"[{}]", NOW - timedelta(hours=hours))
        if good:
            assert hook.read(headers, body)
            return
        with pytest.raises(Forged, match="more than 24 hours before"):
            hook.read(headers, body)


class TestBrevo(Contract):
    name = "brevo"
    unusable = MappingProxyType({**LOGINS, "short": "a short token", "a token of words": "spaces"})
    fields = (
        ("event",),
        ("email",),
        ("ts_epoch",),
        ("reason",),
        ("message-id",),
        ("X-Mailin-custom",),
        ("tags",),
    )

    @pytest.mark.parametrize(
        ("fields", "ref"),
        [
            ({"X-Mailin-custom": '{"ref": "d-1"}'}, "d-1"),
            ({"X-Mailin-custom": "d-1"}, "d-1"),
            ({"X-Mailin-custom": '{"ref": "../d"}', "tags": ["d-2"]}, "d-2"),
            ({"X-Mailin-custom": "[", "tags": ["d-2"]}, "d-2"),
            ({"tags": ["d-2", "d-3"]}, ""),
            ({"tags": "d-2"}, ""),
            ({"X-Mailin-custom": {"ref": "d-1"}}, ""),
        ],
    )
    def test_our_reference_is_in_the_header_of_its_own_or_the_only_tag(
        self, hook: Webhook, fields: dict[str, object], ref: str
    ) -> None:
        assert self.one(hook, {"event": "delivered", **fields}).ref == ref

    def test_seconds_of_the_account_s_own_zone_are_not_believed(self, hook: Webhook) -> None:
        assert self.one(hook, {"event": "x", "ts": 1, "ts_event": 2}).at == NOW

    def test_a_token_is_believed_where_one_is_set(self, clock: SimulatedClock) -> None:
        hook = self.build(clock, "a-token-of-ours")
        for given, good in (
            ("Bearer a-token-of-ours", True),
            ("bearer a-token-of-ours", True),
            ("Bearer a-token-of-our", False),
            ("Bearer", False),
            ("a-token-of-ours", False),
            ("Basic " + base64.b64encode(b"a-token-of-ours").decode(), False),
            ("Bearer é", False),
        ):
            if good:
                assert hook.read({"authorization": given}, b"{}")
                continue
            with pytest.raises(Forged):
                hook.read({"authorization": given}, b"{}")

    def test_a_list_of_events_is_read_as_one_is(self, hook: Webhook) -> None:
        body = b'[{"event": "opened"}, {"event": "click"}]'
        kinds = [event.kind for event in hook.read(*self.post(body))]
        assert kinds == [EventKind.OPENED, EventKind.CLICKED]


class TestMailtrap(Contract):
    name = "mailtrap"
    unusable = MappingProxyType({"": "empty", "short": "too short", "two words of a key": "spaces"})
    fields = (
        ("event",),
        ("email",),
        ("timestamp",),
        ("response",),
        ("response_code",),
        ("bounce_category",),
        ("message_id",),
        ("event_id",),
        ("custom_variables",),
        ("custom_variables", "ref"),
    )

    def post(self, body: bytes) -> tuple[dict[str, str], bytes]:
        return super().post(b'{"events": [' + body + b"]}")

    def test_a_bounce_that_may_pass_is_soft(self, hook: Webhook) -> None:
        bounce = {"event": "bounce"}
        self.kinds(hook, EventKind.BOUNCED, bounce, bounce | {"response_code": 550})
        self.kinds(hook, EventKind.SOFT_BOUNCED, bounce | {"response_code": 452})
        self.kinds(hook, EventKind.SOFT_BOUNCED, bounce | {"bounce_category": "soft"})
        self.kinds(hook, EventKind.DEFERRED, {"event": "soft bounce"}, {"event": "suspension"})

    @pytest.mark.parametrize("between", [b"\n", b"\r\n", b"\n\n"])
    def test_an_event_in_each_line_is_read_as_a_list_is(
        self, hook: Webhook, between: bytes
    ) -> None:
        lines = [orjson.dumps({"event": "open", "event_id": str(n)}) for n in range(3)]
        for body in (between.join(lines), between.join([*lines, b""])):
            events = hook.read(*told.post(self.name, body, NOW))
            assert [event.event_id for event in events] == ["0", "1", "2"]
        (event,) = hook.read(*told.post(self.name, lines[0], NOW))
        assert event.event_id == "0"

    @pytest.mark.parametrize("body", [b"{}", b"[{}]", b'{"events": {}}', b"{}\n7", b"{}\n{", b"\n"])
    def test_a_request_of_another_form_is_malformed(self, hook: Webhook, body: bytes) -> None:
        with pytest.raises(Malformed):
            hook.read(*told.post(self.name, body, NOW))


class TestMailjet(Contract):
    name = "mailjet"
    unusable = MappingProxyType({**LOGINS, "hunter2hunter2": "no colon"})
    fields = (
        ("event",),
        ("hard_bounce",),
        ("error",),
        ("email",),
        ("time",),
        ("MessageID",),
        ("CustomID",),
        ("comment",),
        ("smtp_reply",),
    )

    def test_a_bounce_is_for_good_only_where_mailjet_says_so(self, hook: Webhook) -> None:
        bounce = {"event": "bounce"}
        self.kinds(hook, EventKind.BOUNCED, bounce | {"hard_bounce": True})
        self.kinds(hook, EventKind.SOFT_BOUNCED, bounce, bounce | {"hard_bounce": "true"})
        self.kinds(hook, EventKind.DEFERRED, bounce | {"error": "greylisted"})

    def test_a_number_is_an_id_as_it_is_written(self, hook: Webhook) -> None:
        event = self.one(hook, {"event": "sent", "MessageID": 1_152_921_500_000_000_123})
        assert event.provider_id == "1152921500000000123"

    def test_two_events_of_a_request_have_ids_of_their_own(self, hook: Webhook) -> None:
        body = orjson.dumps([{"event": "sent", "time": n} for n in (1, 2, 2)])
        ids = [event.event_id for event in hook.read(*self.post(body))]
        assert ids[0] != ids[1] == ids[2]
