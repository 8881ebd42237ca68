from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.bulk import Bulk, Part
from bypost.model.message import Events, Message, Result
from bypost.providers import ses_statuses
from bypost.providers.base import Provider
from bypost.providers.ses import Ses, origin
from bypost.testing import fault
from bypost.testing.fake_ses import ACCESS_KEY_ID, FakeSes, mailbox_of, rendered
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import SECRET, HttpProviderContract
from tests.contracts.merge import MergeContract, lesson
from tests.contracts.provider import DATE, make_message, make_messages
from tests.providers.ses_spec import SPEC, complaints

RECORDED = Path(__file__).parents[1] / "recorded"
STATUSES = SPEC["shapes"]["BulkEmailStatus"]["enum"]
CLOCK = SimulatedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
BULK, SINGLE = "/v2/email/outbound-bulk-emails", "/v2/email/outbound-emails"


def make(http: HttpClient, **options: Any) -> Ses:
    given = {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET, **options}
    return Ses(http=http, clock=CLOCK, **given)


class TestSes(HttpProviderContract):
    send_class = Events()
    most = 50

    @pytest.fixture
    def fake(self) -> Iterator[FakeSes]:
        with FakeSes(api_key=SECRET) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Ses:
        return make(http, base_url=base_url, batch_size=batch_size)

    def received(self) -> list[Message]:
        return read(self.fake_in_use.requests[-1].body)

    def test_requests_are_the_documented_ones(self, provider: Ses, fake: FakeSes) -> None:
        self.deliver(provider, *make_messages(2))
        self.deliver(provider, make_message("d-9"))
        many, one = list(fake.requests)[-2:]
        assert (many.method, many.path) == ("POST", BULK)
        assert (one.method, one.path) == ("POST", SINGLE)
        assert one.headers["content-type"] == "application/json"
        assert one.headers["x-amz-date"] == "20261123T080000Z"
        scope = f"Credential={ACCESS_KEY_ID}/20261123/us-east-1/ses/aws4_request"
        assert scope in one.headers["authorization"]
        assert fake.accepted == {"d-0": 1, "d-1": 1, "d-9": 1}

    def test_a_wrong_secret_is_refused_with_what_to_check(
        self, http: HttpClient, fake: FakeSes
    ) -> None:
        wrong = make(http, base_url=fake.url, secret_access_key="another-secret")
        with pytest.raises(Refused, match="check its secret_access_key, and the clock"):
            self.attempt(wrong)
        assert not fake.accepted

    def test_the_token_of_temporary_keys_travels_and_is_signed(
        self, http: HttpClient, fake: FakeSes
    ) -> None:
        fake.session_token = "a-token-for-some-hours"
        temporary = make(http, base_url=fake.url, session_token=fake.session_token)
        self.deliver(temporary, make_message())
        headers = fake.requests[-1].headers
        assert headers["x-amz-security-token"] == fake.session_token
        assert ";x-amz-security-token," in headers["authorization"]
        assert fake.session_token not in repr(temporary)

    def test_without_its_token_a_temporary_key_is_refused_with_what_to_set(
        self, http: HttpClient, fake: FakeSes
    ) -> None:
        fake.session_token = "a-token-for-some-hours"
        with pytest.raises(Refused, match="a temporary one wants its session_token"):
            self.attempt(make(http, base_url=fake.url))
        assert not fake.accepted

    def test_an_error_does_not_repeat_the_token(self, http: HttpClient, fake: FakeSes) -> None:
        token = fake.session_token = "a-token-for-some-hours"
        said = orjson.dumps({"message": f"{token} is expired"}).decode()
        headers = {"x-amzn-ErrorType": "ExpiredTokenException"}
        fake.script.add(fault.answer(403, said, headers))
        with pytest.raises(Refused, match="temporary keys have ended") as caught:
            self.attempt(make(http, base_url=fake.url, session_token=token))
        assert token not in str(caught.value)

    def test_a_key_of_another_region_is_refused(self, http: HttpClient, fake: FakeSes) -> None:
        with pytest.raises(Refused, match="InvalidSignatureException"):
            self.attempt(make(http, base_url=fake.url, region="eu-west-1"))

    def test_one_bad_address_spoils_only_itself(self, provider: Ses, fake: FakeSes) -> None:
        messages = make_messages(3)
        messages[1] = replace(messages[1], to="bounce-now@example.org")
        results = provider.send(provider.prepare(messages), count=3, key="batch-1")
        assert [result.accepted for result in results] == [True, False, True]
        assert not results[1].retry
        assert fake.accepted == {"d-0": 1, "d-2": 1}

    @pytest.mark.parametrize("status", STATUSES)
    def test_every_documented_status_beside_an_accepted_one(
        self, provider: Ses, fake: FakeSes, status: str
    ) -> None:
        fake.statuses = ["SUCCESS", status, "SUCCESS"]
        body = provider.prepare(make_messages(3))
        first, second, third = provider.send(body, count=3, key="batch-1")
        own = {"MESSAGE_REJECTED", "INVALID_PARAMETER", "FAILED"}
        assert first.accepted
        assert third.accepted
        assert second.accepted == (status == "SUCCESS")
        assert second.retry == (status not in own | {"SUCCESS"})

    @pytest.mark.parametrize("status", STATUSES)
    def test_every_documented_status_of_everybody(
        self, provider: Ses, fake: FakeSes, status: str
    ) -> None:
        fake.statuses = [status] * 3
        body = provider.prepare(make_messages(3))
        later = {"ACCOUNT_THROTTLED", "ACCOUNT_DAILY_QUOTA_EXCEEDED", "TRANSIENT_FAILURE"}
        if status in {"SUCCESS", "MESSAGE_REJECTED"}:
            results = provider.send(body, count=3, key="batch-1")
            assert {result.accepted for result in results} == {status == "SUCCESS"}
            return
        with pytest.raises(Throttled if status in later else Refused, match=status):
            provider.send(body, count=3, key="batch-1")
        assert not fake.accepted

    def test_a_used_up_day_is_asked_about_again_as_late_as_amazon_says(
        self, provider: Ses, fake: FakeSes
    ) -> None:
        for name, text in (("recorded", "daily-quota"), ("bulk", "all-over-the-daily-quota")):
            told = orjson.loads((RECORDED / "ses" / f"{text}.json").read_bytes())
            body = orjson.dumps(told["body"]).decode()
            fake.script.add(fault.answer(told["status"], body, told["headers"]))
            with pytest.raises(Throttled) as caught:
                self.attempt(provider, count=told["messages"])
            assert caught.value.retry_after == timedelta(minutes=10), name

    def test_what_comes_twice_is_accepted_twice(self, provider: Ses, fake: FakeSes) -> None:
        body = provider.prepare(make_messages(2))
        fake.script.add(fault.reset(accept=True))
        with pytest.raises(OutcomeUnknown):
            provider.send(body, count=2, key="batch-1")
        provider.send(body, count=2, key="batch-1")
        assert fake.accepted == {"d-0": 2, "d-1": 2}  # so the class is Events, not Key

    @pytest.mark.parametrize(
        "changes",
        [
            {"to": "zoë@example.org"},
            {"to": "ann@localhost"},
            {"to": "ann@exa_mple.org"},
            {"to": "ann@-.example..org"},
            {"to": ".ann@example.org"},
            {"to": "a..nn@example.org"},
            {"to": f"{'a' * 65}@example.org"},
            {"from_email": "zoë@example.org"},
            {"reply_to": "zoë@example.org"},
            {"headers": {f"X-{n}": "x" for n in range(16)}},
            {"headers": {"X-Empty": ""}},
            {"headers": {"X-Long": "word " * 199}},
        ],
        ids=repr,
    )
    def test_what_ses_does_not_carry_is_told_before(
        self, provider: Ses, changes: dict[str, Any]
    ) -> None:
        assert provider.objection(make_message(**changes))

    def test_a_domain_beyond_ascii_travels_in_punycode(self, provider: Ses, fake: FakeSes) -> None:
        self.deliver(provider, make_message(to="ann@bücher.example.org"))
        body = orjson.loads(fake.requests[-1].body)
        assert body["Destination"]["ToAddresses"] == ["Ann <ann@xn--bcher-kva.example.org>"]

    def test_names_beyond_ascii_travel_as_encoded_words(self, provider: Ses, fake: FakeSes) -> None:
        self.deliver(provider, make_message(to_name="Zoë Ñandú", from_name="Grüße"))
        body = orjson.loads(fake.requests[-1].body)
        assert body["FromEmailAddress"].isascii()
        assert body["Destination"]["ToAddresses"][0].isascii()

    def test_the_configuration_set_is_named_where_there_is_one(
        self, http: HttpClient, fake: FakeSes
    ) -> None:
        for provider in (
            make(http, base_url=fake.url),
            make(http, base_url=fake.url, configuration_set="news"),
        ):
            self.deliver(provider, *make_messages(2))
        one, other = (orjson.loads(request.body) for request in list(fake.requests)[-2:])
        assert "ConfigurationSetName" not in one
        assert other["ConfigurationSetName"] == "news"

    def test_the_host_is_that_of_the_region(self, http: HttpClient) -> None:
        assert "email.eu-west-1.amazonaws.com" in repr(make(http, region="eu-west-1"))
        assert origin("cn-north-1") == "https://email.cn-north-1.amazonaws.com.cn"

    @pytest.mark.parametrize("token", ["", "two words", "line\n", "schlüssel"])
    def test_with_an_unusable_token_nothing_starts(self, http: HttpClient, token: str) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__SES__SESSION_TOKEN"):
            make(http, session_token=token)

    @pytest.mark.parametrize("name", ["access_key_id", "secret_access_key"])
    @pytest.mark.parametrize("key", [None, "", "two words", "line\n", "schlüssel"])
    def test_without_usable_keys_nothing_starts(
        self, http: HttpClient, name: str, key: str | None
    ) -> None:
        with pytest.raises(SettingsError, match=f"BYPOST_PROVIDERS__SES__{name.upper()}"):
            make(http, **{name: key})

    @pytest.mark.parametrize(
        "path", sorted((RECORDED / "ses").glob("*.json")), ids=lambda path: path.stem
    )
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: Ses, fake: FakeSes, path: Path
    ) -> None:
        self.play(provider, fake, path)

    def test_a_healthy_account_says_its_rate_and_its_records(
        self, provider: Ses, fake: FakeSes
    ) -> None:
        fake.identities["example.org"] = {
            "VerifiedForSendingStatus": True,
            "DkimAttributes": {"Tokens": ["aaa", "bbb"], "Status": "SUCCESS"},
        }
        told = provider.account("mail.example.org")
        assert not told.trouble
        assert (
            told.words == "the key is known there; it takes 14 mails a second, 50,000 mails a day"
        )
        assert list(map(str, told.records)) == [
            "aaa._domainkey.example.org  CNAME  aaa.dkim.amazonses.com",
            "bbb._domainkey.example.org  CNAME  bbb.dkim.amazonses.com",
        ]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"SendingEnabled": False}, "not enabled"),
            ({"ProductionAccessEnabled": False}, "sandbox"),
            ({"EnforcementStatus": "SHUTDOWN"}, "stopped"),
            ({"EnforcementStatus": "PROBATION"}, "reviews"),
            ({}, "not among the identities"),
        ],
    )
    def test_trouble_of_the_account_is_told(
        self, provider: Ses, fake: FakeSes, changes: dict[str, Any], words: str
    ) -> None:
        assert fake.account is not None
        fake.account = {**fake.account, **changes}
        assert words in provider.account("example.org").trouble

    def test_a_domain_that_is_not_verified_is_trouble(self, provider: Ses, fake: FakeSes) -> None:
        fake.identities["example.org"] = {"VerifiedForSendingStatus": False}
        assert provider.account("example.org").trouble == "example.org is not verified there"

    def test_a_key_that_may_only_send_is_no_trouble(self, provider: Ses, fake: FakeSes) -> None:
        fake.account = None
        told = provider.account("example.org")
        assert (told.trouble, told.words[:23]) == ("", "the key is known there;")


class TestSesMerge(MergeContract):
    def adapter(self) -> Provider:
        return make(HttpClient(timeout=1, user_agent="x"))

    def merged(self, body: bytes) -> list[Message]:
        assert not list(complaints(body))
        return read(body)

    def test_a_header_that_looks_like_a_variable_is_not_merged(self) -> None:
        adapter = self.adapter()
        bulk = lesson(3)
        assert adapter.room(bulk) == 50
        header = {**bulk.headers, "X-Mood": Part(("{{ x }}",))}
        assert adapter.room(replace(bulk, headers=header)) == 1

    def test_values_longer_than_ses_takes_are_not_merged(self) -> None:
        adapter = self.adapter()
        bulk = lesson(3)
        for size, room in ((200_000, 50), (262_144, 1)):
            people = [replace(one, values=("A", "b" * size, "T")) for one in bulk.people[:1]]
            long: Bulk = replace(bulk, people=[*people, *bulk.people[1:]])
            assert adapter.room(long) == room

    def test_an_optional_part_is_left_out(self) -> None:
        bulk = replace(lesson(2), html=Part(("",)))
        self.check(self.adapter(), bulk)
        template = orjson.loads(self.adapter().encode_bulk(bulk))["DefaultContent"]["Template"]
        assert set(template["TemplateContent"]) == {"Subject", "Text"}


def test_only_documented_statuses_are_read() -> None:
    for status in STATUSES:
        if status != "SUCCESS":
            assert ses_statuses.blame(status, "")
    with pytest.raises(KeyError):
        ses_statuses.blame("OF_A_NEW_KIND", "")


def test_the_description_finds_what_is_wrong() -> None:
    good = make(HttpClient(timeout=1, user_agent="x")).prepare(make_messages(2))
    assert not list(complaints(good))
    for wrong in (
        good.replace(b'"Destination"', b'"Destinations"'),
        good.replace(b'"ReplacementTags":[', b'"ReplacementTags":[7,'),
        good.replace(b"List-Id", b"List Id"),
        good.replace(b"List-Id", b"L" * 127),
    ):
        assert list(complaints(wrong))


def read(body: bytes) -> list[Message]:
    """Read the mails that SES makes of a request, as a mail program would."""
    return [_read(mail) for mail in rendered(orjson.loads(body))]


def _read(mail: Mapping[str, Any]) -> Message:
    sender, to = mailbox_of(mail["from"]), mailbox_of(mail["to"])
    assert mail["tag"]["Name"] == "ref"
    assert mail["texts"].keys() <= {"Html", "Text"}
    return Message(
        ref=mail["tag"]["Value"],
        date=DATE,
        to=to.addr_spec,
        to_name=to.display_name,
        from_email=sender.addr_spec,
        from_name=sender.display_name,
        reply_to="".join(mail["reply_to"]),
        subject=mail["subject"],
        html=mail["texts"].get("Html", ""),
        text=mail["texts"].get("Text", ""),
        headers=mail["headers"],
    )


def test_a_result_keeps_no_address() -> None:
    provider = make(HttpClient(timeout=1, user_agent="x"))
    entries = [
        {"Status": "SUCCESS", "MessageId": "m-1"},
        {"Status": "INVALID_PARAMETER", "Error": "Illegal address ann@example.org"},
    ]
    assert provider.results({"BulkEmailEntryResults": entries}, 2) == [
        Result(accepted=True, provider_id="m-1"),
        Result(accepted=False, error="ses: INVALID_PARAMETER: Illegal address ***"),
    ]
