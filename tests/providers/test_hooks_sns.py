"""Amazon SNS: which certificate is believed, which topic, and what is visited to confirm."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from bypost.errors import Forged, HookError, NotSent, OutcomeUnknown, Unverified
from bypost.http import HttpAnswer
from bypost.providers.registry import build_hook
from bypost.providers.webhook import Webhook
from bypost.testing.told_sns import (
    CERTIFICATE_URL,
    CONFIRM_URL,
    TOPIC,
    Amazon,
    certificate,
    sns,
)
from scheduler.clock import SimulatedClock
from tests.contracts.webhook import MODEST, NOW

EVENT = '{"eventType": "Delivery"}'


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
def hook(amazon: Any, clock: SimulatedClock) -> Webhook:
    return build_hook("ses", TOPIC, clock=clock, http=amazon)


def changed(body: bytes, **fields: object) -> bytes:
    return orjson.dumps(orjson.loads(body) | fields)


def confirmation(kind: str = "SubscriptionConfirmation", **fields: str) -> bytes:
    asked = {"Type": kind, "Token": "2336412f37fb", "SubscribeURL": CONFIRM_URL} | fields
    return sns("You have chosen to subscribe to the topic.", at=NOW, **asked)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_message_of_our_topic_is_believed_in_both_versions(
    hook: Webhook, amazon: Amazon, version: str
) -> None:
    for subject in ({}, {"Subject": "Amazon SES Email Event Notification"}):
        (event,) = hook.read({}, sns(EVENT, at=NOW, version=version, **subject))
        assert event.at == NOW
    assert amazon.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    "address",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
        "https://evil.example/SimpleNotificationService-0123456789.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
        "https://evil.example#sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://evil.example\\@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789.pem",
        "https://sns.amazonaws.com/SimpleNotificationService-0123456789.pem",
        "https://sns.evil.amazonaws.com/SimpleNotificationService-0123456789.pem",
        "https://sns.eu-west-1.amazonaws.com.cn.evil.example/SimpleNotificationService-0.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem",
        "https://evil.s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem",
        "https://sns.eu-west-1.amazonaws.com/evil/SimpleNotificationService-0123456789.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-../evil.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem#x",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem\n",
        "https://sns.eu-west-1.amazonaws.com/simplenotificationservice-0123456789.pem",
        "HTTPS://SNS.EU-WEST-1.AMAZONAWS.COM/SimpleNotificationService-0123456789.pem",
        "https://169.254.169.254/SimpleNotificationService-0123456789.pem",
        "file:///SimpleNotificationService-0123456789.pem",
        "https://snѕ.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789.pem",
        "",
        None,
        7,
        [CERTIFICATE_URL],
    ],
)
def test_nothing_but_sns_is_asked_for_a_certificate(
    hook: Webhook, amazon: Amazon, address: object
) -> None:
    with pytest.raises(Forged, match="certificate's address is not one of SNS's"):
        hook.read({}, changed(sns(EVENT, at=NOW), SigningCertURL=address))
    assert amazon.asked == []


def test_a_certificate_may_be_in_china_or_at_a_government(hook: Webhook, amazon: Amazon) -> None:
    for host in ("sns.cn-north-1.amazonaws.com.cn", "sns.us-gov-west-1.amazonaws.com"):
        address = f"https://{host}/SimpleNotificationService-0a1B.pem"
        amazon.answers[address] = HttpAnswer(200, {}, certificate())
        assert hook.read({}, changed(sns(EVENT, at=NOW), SigningCertURL=address))


@pytest.mark.parametrize(
    "fields",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:bypost"},
        {"TopicArn": TOPIC + "2"},
        {"TopicArn": TOPIC.upper()},
        {"TopicArn": ""},
    ],
)
def test_a_genuine_message_of_another_topic_is_refused_before_anything_is_asked(
    hook: Webhook, amazon: Amazon, fields: dict[str, str]
) -> None:
    with pytest.raises(Forged):
        hook.read({}, sns(EVENT, at=NOW, **fields))
    assert amazon.asked == []


def test_another_topic_cannot_be_hidden_in_a_field(hook: Webhook) -> None:
    """Fields of a genuine foreign message, cut anew: the signed text would be the same."""
    foreign = "arn:aws:sns:eu-west-1:999999999999:evil"
    genuine = orjson.loads(sns(EVENT, at=NOW, TopicArn=foreign))
    stamp = genuine["Timestamp"]
    del genuine["TopicArn"]
    for fields in (
        {},
        {"Timestamp": f"{stamp}\nTopicArn\n{foreign}"},
        {"Type": f"TopicArn\n{foreign}\nType\nNotification"},
        {"MessageId": f"x\nTimestamp\n{stamp}\nTopicArn\n{foreign}"},
    ):
        with pytest.raises(Forged):
            hook.read({}, orjson.dumps(genuine | fields))


@pytest.mark.parametrize("identity", ["", "a\nb", "ü", "x" * 3_000])
def test_an_id_is_one_line_even_where_it_is_signed(hook: Webhook, identity: str) -> None:
    with pytest.raises(Forged):
        hook.read({}, sns(EVENT, at=NOW, MessageId=identity))


def test_a_message_posted_raw_says_what_to_switch_off(hook: Webhook) -> None:
    with pytest.raises(Forged, match="raw message delivery"):
        hook.read({"x-amz-sns-rawdelivery": "true"}, EVENT.encode())


@pytest.mark.parametrize("version", ["0", "3", "", "1.0", None, [], 2.0, True])
def test_a_version_that_is_not_known_is_refused(hook: Webhook, version: object) -> None:
    with pytest.raises(Forged):
        hook.read({}, changed(sns(EVENT, at=NOW), SignatureVersion=version))


@pytest.mark.parametrize("signature", ["", "x", "%%%", "é", None, 7, "AAAA", "A" * 100_000])
def test_a_signature_of_another_form_is_wrong(hook: Webhook, signature: object) -> None:
    with pytest.raises(Forged, match="signature is missing or wrong"):
        hook.read({}, changed(sns(EVENT, at=NOW), Signature=signature))


def test_a_version_cannot_be_exchanged(hook: Webhook) -> None:
    for version, other in (("1", "2"), ("2", "1")):
        body = sns(EVENT, at=NOW, version=version)
        with pytest.raises(Forged):
            hook.read({}, changed(body, SignatureVersion=other))


@pytest.mark.parametrize(
    "at",
    [
        "soon",
        "2026-11-23",
        "2026-11-23T08:00:00",
        "2026-11-23T08:00:00+01:00",
        "2026-13-01T00:00:00Z",
    ],
)
def test_a_time_of_another_form_is_refused(hook: Webhook, at: str) -> None:
    with pytest.raises(HookError):
        hook.read({}, sns(EVENT, at=NOW, Timestamp=at))


class TestCertificates:
    def test_one_is_asked_for_once(
        self, hook: Webhook, amazon: Amazon, clock: SimulatedClock
    ) -> None:
        for number in range(5):
            hook.read({}, sns(f'{{"n": {number}}}', at=NOW))
            clock.advance(timedelta(days=30))
        assert amazon.asked == [CERTIFICATE_URL]

    def test_many_at_once_ask_once(self, hook: Webhook, amazon: Amazon) -> None:
        body = sns(EVENT, at=NOW)
        threads = [threading.Thread(target=hook.read, args=({}, body)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert amazon.asked == [CERTIFICATE_URL]

    @pytest.mark.parametrize(("begins", "good"), [(-10, True), (-400, False), (2, False)])
    def test_one_holds_from_its_first_to_its_last_day(
        self, hook: Webhook, amazon: Amazon, begins: int, good: bool
    ) -> None:
        pem = certificate(NOW + timedelta(days=begins), days=365)
        amazon.answers[CERTIFICATE_URL] = HttpAnswer(200, {}, pem)
        if good:
            assert hook.read({}, sns(EVENT, at=NOW))
            return
        with pytest.raises(Forged, match="not valid at this time"):
            hook.read({}, sns(EVENT, at=NOW))

    def test_one_that_has_run_out_meanwhile_is_believed_no_more(
        self, hook: Webhook, amazon: Amazon, clock: SimulatedClock
    ) -> None:
        pem = certificate(NOW - timedelta(days=1), days=30)
        amazon.answers[CERTIFICATE_URL] = HttpAnswer(200, {}, pem)
        assert hook.read({}, sns(EVENT, at=NOW))
        clock.advance(timedelta(days=30))
        with pytest.raises(Forged):
            hook.read({}, sns(EVENT, at=NOW))

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (404, b"", Forged),
            (403, b"", Forged),
            (301, b"", Unverified),
            (500, b"", Unverified),
            (204, b"", Unverified),
            (200, b"", Unverified),
            (200, b"<html>", Unverified),
            (200, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Unverified),
        ],
    )
    def test_what_is_no_certificate_proves_nothing_and_is_not_kept(
        self, hook: Webhook, amazon: Amazon, status: int, body: bytes, error: type[HookError]
    ) -> None:
        headers = {"Location": "https://evil.example/"}
        amazon.answers[CERTIFICATE_URL] = HttpAnswer(status, headers, body)
        with pytest.raises(error):
            hook.read({}, sns(EVENT, at=NOW))
        assert amazon.asked == [CERTIFICATE_URL]
        del amazon.answers[CERTIFICATE_URL]
        assert hook.read({}, sns(EVENT, at=NOW))

    @pytest.mark.parametrize("key", ["small", "curve"])
    def test_a_key_of_another_kind_is_none(self, hook: Webhook, amazon: Amazon, key: str) -> None:
        made: Any = (
            rsa.generate_private_key(public_exponent=65537, key_size=1024)
            if key == "small"
            else ec.generate_private_key(ec.SECP256R1())
        )
        pem = certificate(NOW, days=9, signed_by=made)
        amazon.answers[CERTIFICATE_URL] = HttpAnswer(200, {}, pem)
        with pytest.raises(Unverified, match="no certificate"):
            hook.read({}, sns(EVENT, at=NOW))

    def test_the_certificate_of_another_key_proves_nothing(
        self, hook: Webhook, amazon: Amazon
    ) -> None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = certificate(NOW, days=9, signed_by=other)
        amazon.answers[CERTIFICATE_URL] = HttpAnswer(200, {}, pem)
        with pytest.raises(Forged, match="signature"):
            hook.read({}, sns(EVENT, at=NOW))

    @pytest.mark.parametrize("error", [NotSent("sns: closed"), OutcomeUnknown("sns: no answer")])
    def test_while_amazon_is_away_the_post_may_come_again(
        self, clock: SimulatedClock, error: Exception
    ) -> None:
        class Away:
            def get(self, url: str, headers: object) -> HttpAnswer:
                raise error

        away: Any = Away()
        hook = build_hook("ses", TOPIC, clock=clock, http=away)
        for body in (sns(EVENT, at=NOW), confirmation()):
            with pytest.raises(Unverified):
                hook.read({}, body)

    def test_addresses_made_up_are_asked_for_six_times_a_minute(
        self, hook: Webhook, amazon: Amazon, clock: SimulatedClock
    ) -> None:
        def post(number: int) -> None:
            address = f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{number}.pem"
            amazon.answers[address] = HttpAnswer(403, {}, b"")
            hook.read({}, changed(sns(EVENT, at=NOW), SigningCertURL=address))

        for number in range(20):
            with pytest.raises(Forged if number < 6 else Unverified):
                post(number)
        assert len(amazon.asked) == 6
        clock.advance(timedelta(minutes=1))
        assert hook.read({}, sns(EVENT, at=NOW))


class TestSubscriptions:
    def test_ours_is_confirmed(self, hook: Webhook, amazon: Amazon) -> None:
        assert hook.read({}, confirmation()) == []
        assert amazon.asked == [CERTIFICATE_URL, CONFIRM_URL]

    def test_one_that_is_not_signed_is_not(self, hook: Webhook, amazon: Amazon) -> None:
        with pytest.raises(Forged):
            hook.read({}, changed(confirmation(), Token="another"))
        assert amazon.asked == [CERTIFICATE_URL]

    def test_one_of_another_topic_is_not(self, hook: Webhook, amazon: Amazon) -> None:
        other = "arn:aws:sns:eu-west-1:999999999999:evil"
        with pytest.raises(Forged):
            hook.read({}, confirmation(TopicArn=other, SubscribeURL=CONFIRM_URL))
        assert amazon.asked == []

    @pytest.mark.parametrize(
        "address",
        [
            "https://evil.example/?Action=ConfirmSubscription&TopicArn={topic}&Token=x",
            "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=x",
            "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=other&Token=x",
            "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&TopicArn={topic}&Token=x",
            "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}",
            (
                "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}"
                "&Token=x&Action=DeleteTopic"
            ),
            (
                "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}"
                "&Token=x&AuthenticateOnUnsubscribe=true"
            ),
            (
                "https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription"
                "&TopicArn={topic}&Token=x"
            ),
            (
                "https://sns.eu-west-1.amazonaws.com/evil?Action=ConfirmSubscription"
                "&TopicArn={topic}&Token=x"
            ),
            (
                "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}"
                "&Token=x#y"
            ),
            "https://sns.eu-west-1.amazonaws.com/",
        ],
    )
    def test_only_an_address_that_confirms_ours_is_visited(
        self, hook: Webhook, amazon: Amazon, address: str
    ) -> None:
        with pytest.raises(Forged, match="address to confirm at"):
            hook.read({}, confirmation(SubscribeURL=address.format(topic=TOPIC)))
        assert amazon.asked == [CERTIFICATE_URL]

    @pytest.mark.parametrize("status", [301, 400, 404, 500])
    def test_what_amazon_does_not_confirm_may_come_again(
        self, hook: Webhook, amazon: Amazon, status: int
    ) -> None:
        amazon.answers[CONFIRM_URL] = HttpAnswer(status, {}, b"")
        with pytest.raises(Unverified, match=f"SNS answered {status}"):
            hook.read({}, confirmation())

    def test_an_end_of_the_subscription_is_taken_and_not_undone(
        self, hook: Webhook, amazon: Amazon
    ) -> None:
        assert hook.read({}, confirmation("UnsubscribeConfirmation")) == []
        assert amazon.asked == [CERTIFICATE_URL]


ANY = st.none() | st.integers() | st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=2)
NAMES = [
    "Type",
    "MessageId",
    "TopicArn",
    "Message",
    "Timestamp",
    "SignatureVersion",
    "Signature",
    "SigningCertURL",
    "SubscribeURL",
    "Token",
    "Subject",
]
WORDS = ["Notification", "SubscriptionConfirmation", TOPIC, CERTIFICATE_URL, "1", "2"]


@MODEST
@given(
    fields=st.dictionaries(st.sampled_from(NAMES), ANY | st.sampled_from(WORDS)), base=st.booleans()
)
def test_whatever_stands_in_a_message_it_is_refused_with_a_word(
    fields: dict[str, object], base: bool
) -> None:
    amazon: Any = Amazon()
    hook = build_hook("ses", TOPIC, clock=SimulatedClock(NOW), http=amazon)
    genuine = orjson.loads(sns(EVENT, at=NOW))
    told = genuine | fields if base else fields
    differs = {name for name, text in fields.items() if genuine.get(name) != text}
    if base and differs <= {"SubscribeURL", "Token"}:  # a notification's are not signed
        assert hook.read({}, json.dumps(told).encode())
        return
    with pytest.raises(HookError):
        hook.read({}, json.dumps(told).encode())
    assert not [one for one in amazon.asked if one != CERTIFICATE_URL]


def test_the_signature_is_read_as_amazon_writes_it(hook: Webhook) -> None:
    body = orjson.loads(sns(EVENT, at=datetime(2026, 11, 23, 8, tzinfo=UTC)))
    wrapped = base64.encodebytes(base64.b64decode(body["Signature"])).decode()
    with pytest.raises(Forged):
        hook.read({}, orjson.dumps(body | {"Signature": wrapped}))
