from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import orjson
import pytest
import standardwebhooks

from bypost.errors import Forged
from bypost.model.event import EventKind
from bypost.providers.webhook import Webhook
from bypost.testing.fake_resend import WEBHOOK_SECRET, FakeResend
from scheduler.clock import SimulatedClock
from tests.contracts.webhook import NOW, WebhookContract


def signed(body: bytes, at: datetime = NOW, identity: str = "msg_1") -> dict[str, str]:
    return {
        "svix-id": identity,
        "svix-timestamp": str(int(at.timestamp())),
        "svix-signature": standardwebhooks.Webhook(WEBHOOK_SECRET).sign(
            identity, at, body.decode()
        ),
    }


class TestResendHook(WebhookContract):
    name = "resend"
    secret = WEBHOOK_SECRET
    unusable = MappingProxyType(
        {
            "": "empty",
            "whsec_c2hvcnQ=": "too short",
            "whsec_not base64 at all, is it": "spaces",
            "re_9f8e7d6c5b4a3_an_api_key_instead": "another alphabet",
            "whsec_schlüssel": "not ASCII",
        }
    )
    untold = frozenset({EventKind.UNSUBSCRIBED})
    fields = (
        ("type",),
        ("created_at",),
        ("data",),
        ("data", "to"),
        ("data", "tags"),
        ("data", "email_id"),
        ("data", "bounce"),
        ("data", "bounce", "type"),
        ("data", "bounce", "subType"),
        ("data", "bounce", "message"),
        ("data", "failed", "reason"),
    )

    def fake(self, clock: SimulatedClock) -> FakeResend:
        return FakeResend(clock=clock)

    def sign(self, body: bytes) -> dict[str, str]:
        return signed(body)

    @pytest.mark.parametrize(
        ("away", "good"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
    )
    def test_a_signature_holds_five_minutes_either_way_by_our_own_clock(
        self, hook: Webhook, away: int, good: bool
    ) -> None:
        headers = signed(b"{}", NOW + timedelta(seconds=away))
        if good:
            assert hook.read(headers, b"{}")
            return
        with pytest.raises(Forged, match="more than 5 minutes"):
            hook.read(headers, b"{}")

    @pytest.mark.parametrize(
        ("signatures", "good"),
        [
            ("{good}", True),
            ("v1,AAAA {good}", True),
            ("{good} v1,AAAA", True),
            ("v2,AAAA v1a,xyz {good}", True),
            ("v1,AAAA", False),
            ("v2,{bare}", False),
            ("{bare}", False),
            ("{good},{good}", False),
            ("v1,", False),
        ],
    )
    def test_one_of_several_signatures_of_a_known_version_must_hold(
        self, hook: Webhook, signatures: str, good: bool
    ) -> None:
        headers = signed(b"{}")
        given = headers["svix-signature"]
        headers["svix-signature"] = signatures.format(good=given, bare=given.partition(",")[2])
        if good:
            assert hook.read(headers, b"{}")
            return
        with pytest.raises(Forged, match="signature is wrong"):
            hook.read(headers, b"{}")

    @pytest.mark.parametrize("stamp", ["", "soon", "1e9", "-1", "+1", " 1", "١", "9" * 30, "nan"])
    def test_a_time_is_a_whole_number(self, hook: Webhook, stamp: str) -> None:
        with pytest.raises(Forged, match="missing or wrong"):
            hook.read(signed(b"{}") | {"svix-timestamp": stamp}, b"{}")

    def test_every_byte_is_signed(self, hook: Webhook) -> None:
        body = orjson.dumps({"type": "email.delivered"})
        with pytest.raises(Forged):
            hook.read(signed(body), body + b" ")
        with pytest.raises(Forged):
            hook.read(signed(body, identity="msg_2") | {"svix-id": "msg_3"}, body)

    def test_the_secret_of_another_lets_nobody_in(self) -> None:
        other = "whsec_" + "A" * 32
        hook = self.build(SimulatedClock(NOW), other)
        with pytest.raises(Forged):
            hook.read(signed(b"{}"), b"{}")

    def test_the_secret_may_stand_without_its_prefix(self) -> None:
        bare = WEBHOOK_SECRET.removeprefix("whsec_")
        for secret in (bare, bare.rstrip("=")):
            assert self.build(SimulatedClock(NOW), secret).read(signed(b"{}"), b"{}")

    @pytest.mark.parametrize(
        ("bounce", "kind"),
        [
            ({"type": "Permanent", "subType": "General"}, EventKind.BOUNCED),
            ({"type": "permanent"}, EventKind.BOUNCED),
            ({"type": "Transient", "subType": "MailboxFull"}, EventKind.SOFT_BOUNCED),
            ({"type": "Undetermined"}, EventKind.SOFT_BOUNCED),
            ({"type": "New", "message": "a hard bounce"}, EventKind.SOFT_BOUNCED),
            ({"message": "The provider sent a hard bounce message"}, EventKind.BOUNCED),
            ({"message": "Try again"}, EventKind.SOFT_BOUNCED),
            ({}, EventKind.SOFT_BOUNCED),
            (None, EventKind.SOFT_BOUNCED),
        ],
    )
    def test_only_a_bounce_that_is_said_to_be_for_good_is_one(
        self, hook: Webhook, bounce: dict[str, str] | None, kind: EventKind
    ) -> None:
        told = {"type": "email.bounced", "data": {"bounce": bounce}}
        assert self.one(hook, told).kind is kind

    def test_a_bounce_for_size_says_so_by_its_subtype(self, hook: Webhook) -> None:
        bounce = {"type": "Transient", "subType": "MessageTooLarge", "message": "Sorry"}
        told = {"type": "email.bounced", "data": {"bounce": bounce}}
        assert self.one(hook, told).too_large

    @pytest.mark.parametrize(
        ("tags", "ref"),
        [
            ([{"name": "ref", "value": "d-1"}], "d-1"),
            ([{"name": "x", "value": "y"}, {"name": "ref", "value": "d-1"}], "d-1"),
            ({"ref": "d-1"}, "d-1"),
            ({"ref": "../d-1"}, ""),
            ({"ref": 7}, ""),
            ([], ""),
            (None, ""),
            ("ref", ""),
        ],
    )
    def test_our_reference_is_read_from_both_forms_of_tags(
        self, hook: Webhook, tags: object, ref: str
    ) -> None:
        assert self.one(hook, {"type": "email.delivered", "data": {"tags": tags}}).ref == ref

    @pytest.mark.parametrize(
        ("to", "recipient"),
        [
            (["ann@example.org"], "ann@example.org"),
            (["Ann, the <ann@example.org>"], "ann@example.org"),
            (["ann@example.org", "bo@example.org"], ""),
            ([], ""),
            ("ann@example.org", ""),
            ([7], ""),
        ],
    )
    def test_an_event_is_about_its_only_recipient(
        self, hook: Webhook, to: object, recipient: str
    ) -> None:
        told = {"type": "email.delivered", "data": {"to": to}}
        assert self.one(hook, told).recipient == recipient

    def test_an_event_without_a_time_happened_when_it_came(self, hook: Webhook) -> None:
        assert self.one(hook, {"type": "email.sent", "created_at": "soon"}).at == NOW
        told = {"type": "email.sent", "created_at": "2026-11-23 07:00:00.5+00"}
        assert self.one(hook, told).at == datetime(2026, 11, 23, 7, 0, 0, 500_000, tzinfo=UTC)

    def test_a_long_id_becomes_a_short_one(self, hook: Webhook) -> None:
        ids = [
            hook.read(signed(b"{}", identity=identity), b"{}")[0].event_id
            for identity in ("m" * 500, "m" * 500, "m" * 501)
        ]
        assert ids[0] == ids[1] != ids[2]
        assert max(map(len, ids)) <= 120
