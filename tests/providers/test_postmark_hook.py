from __future__ import annotations

import base64
from types import MappingProxyType

import orjson
import pytest

from bypost.errors import Forged
from bypost.model.event import EventKind
from bypost.providers.webhook import Webhook
from bypost.testing.fake_postmark import WEBHOOK_SECRET, FakePostmark
from scheduler.clock import SimulatedClock
from tests.contracts.webhook import NOW, WebhookContract


class TestPostmarkHook(WebhookContract):
    name = "postmark"
    secret = WEBHOOK_SECRET
    unusable = MappingProxyType(
        {
            "": "empty",
            "hunter2hunter2": "no colon",
            ":hunter2": "no name",
            "hunter2:": "no password",
        }
    )
    untold = frozenset({EventKind.SENT})
    fields = (
        ("RecordType",),
        ("Type",),
        ("ID",),
        ("SuppressSending",),
        ("SuppressionReason",),
        ("MessageID",),
        ("Email",),
        ("Recipient",),
        ("Details",),
        ("Description",),
        ("BouncedAt",),
        ("Metadata",),
        ("Metadata", "ref"),
    )

    def fake(self, clock: SimulatedClock) -> FakePostmark:
        return FakePostmark(clock=clock)

    def sign(self, body: bytes) -> dict[str, str]:
        return {"authorization": "Basic " + base64.b64encode(self.secret.encode()).decode()}

    @pytest.mark.parametrize(
        ("kind", "types"),
        [
            (EventKind.BOUNCED, ["HardBounce", "BadEmailAddress"]),
            (EventKind.SOFT_BOUNCED, ["SoftBounce", "Unknown"]),
            (EventKind.DEFERRED, ["Transient", "DnsError"]),
            (EventKind.COMPLAINED, ["SpamNotification", "SpamComplaint"]),
            (EventKind.UNSUBSCRIBED, ["Unsubscribe"]),
            (
                EventKind.REJECTED,
                [
                    "Blocked",
                    "ManuallyDeactivated",
                    "DMARCPolicy",
                    "SMTPApiError",
                    "TemplateRenderingFailed",
                ],
            ),
            (
                EventKind.OTHER,
                ["AutoResponder", "AddressChange", "ChallengeVerification", "Subscribe", "New", ""],
            ),
        ],
    )
    def test_a_bounce_means_what_its_type_says(
        self, hook: Webhook, kind: EventKind, types: list[str]
    ) -> None:
        for name in types:
            told = {"RecordType": "Bounce", "Type": name, "ID": 7, "Email": "ann@example.org"}
            event = self.one(hook, told)
            assert (event.kind, event.recipient) == (kind, "ann@example.org"), name

    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            ({"SuppressSending": True, "SuppressionReason": "HardBounce"}, EventKind.BOUNCED),
            ({"SuppressSending": True, "SuppressionReason": "SpamComplaint"}, EventKind.COMPLAINED),
            (
                {"SuppressSending": True, "SuppressionReason": "ManualSuppression"},
                EventKind.UNSUBSCRIBED,
            ),
            ({"SuppressSending": False, "SuppressionReason": None}, EventKind.OTHER),
            ({"SuppressSending": False, "SuppressionReason": "HardBounce"}, EventKind.OTHER),
            ({"SuppressSending": True, "SuppressionReason": "New"}, EventKind.OTHER),
            ({"SuppressSending": "true", "SuppressionReason": "HardBounce"}, EventKind.OTHER),
        ],
    )
    def test_a_change_of_subscription_is_the_person_s_will_only_where_it_says_so(
        self, hook: Webhook, change: dict[str, object], kind: EventKind
    ) -> None:
        told = {"RecordType": "SubscriptionChange", "Recipient": "ann@example.org", **change}
        assert self.one(hook, told).kind is kind

    def test_two_verdicts_on_one_bounce_are_two_events(self, hook: Webhook) -> None:
        ids = {
            self.one(hook, {"RecordType": "Bounce", "ID": 7, "Type": name}).event_id
            for name in ("Transient", "HardBounce")
        }
        assert len(ids) == 2

    @pytest.mark.parametrize("identity", [True, 1.5, [], {"a": 1}, "", None])
    def test_an_id_that_is_none_is_replaced_by_a_hash_of_the_body(
        self, hook: Webhook, identity: object
    ) -> None:
        ids = {
            self.one(hook, {"RecordType": "Bounce", "ID": identity, "Details": words}).event_id
            for words in ("one", "two")
        }
        assert len(ids) == 2

    @pytest.mark.parametrize(
        "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", "", 5]
    )
    def test_an_instant_that_is_none_is_that_of_the_request(
        self, hook: Webhook, at: object
    ) -> None:
        assert self.one(hook, {"RecordType": "Delivery", "DeliveredAt": at}).at == NOW

    def test_the_mail_itself_is_not_kept(self, hook: Webhook) -> None:
        told = {"RecordType": "Bounce", "ID": 7, "Type": "HardBounce", "Content": "links"}
        assert self.one(hook, told).raw == {k: v for k, v in told.items() if k != "Content"}

    def test_an_instant_with_seven_decimals_and_an_offset_is_read(self, hook: Webhook) -> None:
        told = {"RecordType": "Delivery", "DeliveredAt": "2026-11-23T03:04:05.1234567-05:00"}
        assert self.one(hook, told).at.isoformat() == "2026-11-23T08:04:05.123456+00:00"

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Basic",
            "Basic ",
            "Basic ::::",
            "Basic é",
            "Bearer {good}",
            "{good}",
            "Basic {good} {good}",
            "Basic {longer}",
            "Basic {shorter}",
            "Basic {other}",
        ],
    )
    def test_only_the_right_name_and_password_are_let_in(
        self, hook: Webhook, authorization: str
    ) -> None:
        texts = {
            "good": self.secret,
            "longer": self.secret + "x",
            "shorter": self.secret[:-1],
            "other": "someone:else",
        }
        coded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
        with pytest.raises(Forged):
            hook.read({"authorization": authorization.format(**coded)}, b"{}")

    def test_the_scheme_s_letters_may_be_of_any_size(self, hook: Webhook) -> None:
        authorization = self.sign(b"")["authorization"].replace("Basic", "basic")
        assert hook.read({"authorization": authorization}, orjson.dumps({}))
