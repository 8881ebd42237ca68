from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.bulk import Part
from bypost.model.message import Events, Message
from bypost.providers.base import Provider
from bypost.providers.sendgrid import MAX_SUBSTITUTIONS, SendGrid
from bypost.testing import fault
from bypost.testing.fake_sendgrid import FakeSendGrid, merged
from bypost.testing.fake_server import FakeServer
from tests.contracts.http_provider import SECRET
from tests.contracts.merge import MergeContract, lesson
from tests.contracts.provider import DATE, make_message
from tests.contracts.shape import Shape
from tests.contracts.whole_batch import WholeBatchContract

RECORDED = Path(__file__).parents[1] / "recorded" / "sendgrid"
SHAPE = Shape.recorded("sendgrid-mail-send")


class TestSendGrid(WholeBatchContract):
    send_class = Events()
    most = 1000

    @pytest.fixture
    def fake(self) -> Iterator[FakeSendGrid]:
        with FakeSendGrid(api_key=SECRET) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> SendGrid:
        return SendGrid(http=http, api_key=SECRET, base_url=base_url, batch_size=batch_size)

    def received(self) -> list[Message]:
        return merged(orjson.loads(self.fake_in_use.requests[-1].body), DATE)

    # An answer without a body cannot break off in it: what is told has arrived with the status.
    @pytest.mark.parametrize(
        "trouble",
        [
            fault.reset(accept=True),
            fault.reset(accept=False),
            fault.garbage(),
            fault.answer(200, "{}"),
            fault.answer(200, ""),
            fault.answer(202, "<html>Please sign in</html>"),
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

    def test_request_is_the_documented_one(self, provider: SendGrid, fake: FakeSendGrid) -> None:
        self.deliver(provider, make_message())
        request = fake.requests[-1]
        assert (request.method, request.path) == ("POST", "/v3/mail/send")
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        assert request.headers["content-type"] == "application/json"
        assert fake.accepted == {"d-1": 1}

    def test_nothing_is_tracked(self, provider: SendGrid) -> None:
        tracking = orjson.loads(provider.prepare([make_message()]))["tracking_settings"]
        assert not any(switch for one in tracking.values() for switch in one.values())

    def test_requests_are_as_the_vendor_describes_them(self, provider: SendGrid) -> None:
        bodies = [
            provider.prepare([make_message()]),
            provider.prepare([make_message(to_name="", from_name="", reply_to="", html="")]),
            *(provider.encode_bulk(lesson(20, says=says)) for says in ("", "-0.v0-", "{{x}}")),
        ]
        for body in bodies:
            assert SHAPE.faults(orjson.loads(body)) == []
        assert SHAPE.faults({"personalizations": [{"too": []}]})

    def test_headers_that_are_the_same_for_all_travel_once(self, provider: SendGrid) -> None:
        bulk = lesson(3)
        body = orjson.loads(provider.encode_bulk(bulk))
        assert "headers" not in body
        assert all(set(own["headers"]) == set(bulk.headers) for own in body["personalizations"])
        alike = replace(bulk, headers={"List-Id": Part(("<course.example.org>",))})
        body = orjson.loads(provider.encode_bulk(alike))
        assert body["headers"] == {"List-Id": "<course.example.org>"}
        assert not any("headers" in own for own in body["personalizations"])

    def test_one_person_s_mail_has_no_tags(self, provider: SendGrid) -> None:
        (own,) = orjson.loads(provider.encode_bulk(lesson(1)))["personalizations"]
        assert "substitutions" not in own

    def test_too_much_of_each_person_s_own_makes_mails_for_one(self, provider: SendGrid) -> None:
        heavy = lesson(3, value="x" * (MAX_SUBSTITUTIONS // 2))
        assert provider.room(heavy) == 1
        assert provider.room(lesson(3, value="x" * 100)) == 3

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"subject": ""}, "subject is empty"),
            ({"html": "", "text": ""}, "neither HTML nor text"),
            ({"headers": {"X-SG-ID": "x"}}, "sets the header X-SG-ID itself"),
        ],
        ids=repr,
    )
    def test_what_sendgrid_would_refuse_meets_an_objection(
        self, provider: SendGrid, changes: dict[str, object], words: str
    ) -> None:
        assert words in provider.objection(make_message(**changes))

    def test_a_bad_address_fails_and_the_others_are_owed_theirs(
        self, provider: SendGrid, fake: FakeSendGrid
    ) -> None:
        places = ["ann@example.org", "nobody@localhost", "bob@example.org"]
        messages = [make_message(f"d-{n}", to=to) for n, to in enumerate(places)]
        results = provider.send(provider.prepare(messages), count=3, key="batch-1")
        assert [(one.accepted, one.retry) for one in results] == [
            (False, True),
            (False, False),
            (False, True),
        ]
        assert results[1].error == "sendgrid: Does not contain a valid address."
        assert not fake.accepted

    def test_a_429_tells_the_second_of_its_clock(
        self, provider: SendGrid, fake: FakeSendGrid
    ) -> None:
        headers = {"X-RateLimit-Reset": "1795420860", "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}
        fake.script.add(fault.answer(429, '{"errors":[{"message":"too many"}]}', headers))
        with pytest.raises(Throttled, match="too many") as caught:
            self.attempt(provider)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after < timedelta(days=1)

    def test_the_account_tells_what_the_key_may_and_the_domain(
        self, provider: SendGrid, fake: FakeSendGrid
    ) -> None:
        assert "not among the authenticated" in provider.account("example.org").trouble
        dns = {"dkim1": {"host": "s1._domainkey.example.org", "type": "cname", "data": "s1.sg.net"}}
        fake.domains = [{"id": 1, "domain": "example.org", "valid": True, "dns": dns}]
        told = provider.account("mail.example.org")
        assert told.trouble == ""
        assert [str(one) for one in told.records] == ["s1._domainkey.example.org  CNAME  s1.sg.net"]
        fake.domains[0]["valid"] = False
        assert provider.account("example.org").trouble == "example.org is not verified there"
        fake.scopes = ["mail.send"]
        assert provider.account("example.org").trouble == ""
        fake.scopes = ["stats.read"]
        assert provider.account("example.org").trouble == "the key may not send mail"

    def test_a_wrong_key_is_said_to_be_one(self, fake: FakeSendGrid, http: HttpClient) -> None:
        other = SendGrid(http=http, api_key="SG.other", base_url=fake.url)
        with pytest.raises(Refused, match="check its api_key"):
            other.account("example.org")

    @pytest.mark.parametrize("key", [None, "", "two words", "line\n", "schlüssel"])
    def test_without_a_usable_api_key_nothing_starts(
        self, http: HttpClient, key: str | None
    ) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__SENDGRID__API_KEY"):
            SendGrid(http=http, api_key=key)

    @pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: SendGrid, fake: FakeSendGrid, path: Path
    ) -> None:
        self.play(provider, fake, path)


class TestSendGridMerge(MergeContract):
    def adapter(self) -> Provider:
        return SendGrid(http=HttpClient(timeout=1, user_agent="x"), api_key="SG.x")

    def merged(self, body: bytes) -> list[Message]:
        return merged(orjson.loads(body), DATE)
