from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.message import Message, Search
from bypost.providers.base import Provider
from bypost.providers.mailtrap import Mailtrap
from bypost.testing import fault
from bypost.testing.fake_mailtrap import FakeMailtrap
from scheduler.clock import SimulatedClock, SystemClock
from tests.contracts.http_provider import SECRET, HttpProviderContract
from tests.contracts.merge import MergeContract, lesson
from tests.contracts.provider import DATE, make_message
from tests.contracts.shape import Shape

RECORDED = Path(__file__).parents[1] / "recorded"
LAG = timedelta(minutes=2)
OK = {"success": True, "message_ids": ["mt-1"]}


def no(words: str) -> dict[str, object]:
    return {"success": False, "errors": [words]}


class TestMailtrap(HttpProviderContract):
    send_class = Search(lag=timedelta(minutes=5))
    most = 500

    @pytest.fixture(autouse=True)
    def clock(self) -> SimulatedClock:
        self.now = SimulatedClock(DATE)
        return self.now

    @pytest.fixture
    def fake(self, clock: SimulatedClock) -> Iterator[FakeMailtrap]:
        with FakeMailtrap(api_key=SECRET, clock=clock, lag_s=LAG.total_seconds()) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Mailtrap:
        return Mailtrap(
            http=http, clock=self.now, api_key=SECRET, base_url=base_url, batch_size=batch_size
        )

    def received(self) -> list[Message]:
        return _read(self.fake_in_use.requests[-1].body)

    def find(self, provider: Mailtrap, ref: str = "d-1", to: str = "ann@example.org") -> Any:
        return provider.find(ref, to=to, since=self.now.now() - timedelta(hours=1))

    def test_request_is_the_documented_one(self, provider: Mailtrap, fake: FakeMailtrap) -> None:
        self.deliver(provider, make_message())
        request = fake.requests[-1]
        assert (request.method, request.path) == ("POST", "/api/batch")
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        assert request.headers["content-type"] == "application/json"
        assert fake.accepted == {"d-1": 1}

    def test_questions_go_to_the_host_that_has_the_logs(self, http: HttpClient) -> None:
        asked = []
        provider = self.make(http, "https://bulk.api.mailtrap.io")
        http.get = lambda url, headers: asked.append(url)  # type: ignore[method-assign, assignment, return-value]
        with pytest.raises(AttributeError):
            provider.account("example.org")
        assert asked == ["https://mailtrap.io/api/domains"]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"subject": ""}, "no subject"), ({"html": "", "text": ""}, "it is empty")],
    )
    def test_what_mailtrap_does_not_take_is_refused_before_it_is_sent(
        self, provider: Mailtrap, changes: dict[str, Any], words: str
    ) -> None:
        assert words in provider.objection(make_message(**changes))

    def test_one_bad_address_spoils_only_itself(
        self, provider: Mailtrap, fake: FakeMailtrap
    ) -> None:
        messages = [make_message("d-0"), make_message("d-1", to="nobody@localhost")]
        results = provider.send(provider.prepare(messages), count=2, key="batch-1")
        assert [(r.accepted, bool(r.provider_id), r.retry) for r in results] == [
            (True, True, False),
            (False, False, False),
        ]
        assert results[1].error == "mailtrap: 'to' address is invalid: ***"
        assert fake.accepted == {"d-0": 1}

    def test_a_sender_that_is_not_verified_refuses_all_and_fails_nobody(
        self, provider: Mailtrap, fake: FakeMailtrap
    ) -> None:
        messages = [make_message(f"d-{n}", from_email="unverified@example.org") for n in (0, 1)]
        with pytest.raises(Refused, match=r"Sending from domain example\.org"):
            provider.send(provider.prepare(messages), count=2, key="batch-1")
        assert not fake.accepted

    def test_what_is_of_all_leaves_the_others_owed_beside_accepted_ones(
        self, provider: Mailtrap
    ) -> None:
        items = [OK, no("Sending limit of the account reached"), no("'to' is invalid"), no("odd")]
        results = provider.results({"success": True, "responses": items}, 4)
        assert [(r.accepted, r.retry) for r in results] == [
            (True, False),
            (False, True),
            (False, False),
            (False, False),
        ]

    @pytest.mark.parametrize(
        ("words", "error"),
        [("Unauthorized", Refused), ("Rate limit exceeded", Throttled), ("odd", Refused)],
    )
    def test_what_is_said_of_all_is_no_failure_of_each(
        self, provider: Mailtrap, words: str, error: type[Exception]
    ) -> None:
        with pytest.raises(error, match=words):
            provider.results({"success": True, "responses": [no(words)] * 2}, 2)
        with pytest.raises(error, match=words):
            provider.results(no(words), 1)

    @pytest.mark.parametrize(
        "answer",
        [
            {"success": True},
            {"responses": []},
            {"responses": [OK, OK]},
            {"responses": [{"success": True}]},
            {"responses": [{"success": True, "message_ids": []}]},
            {"responses": [{"success": True, "message_ids": [""]}]},
            {"responses": [{"success": True, "message_ids": [7]}]},
            {"responses": [{"success": 1, "message_ids": ["x"]}]},
            {"responses": [None]},
            {"responses": {"success": True}},
        ],
        ids=repr,
    )
    def test_an_answer_that_does_not_add_up_leaves_the_outcome_unknown(
        self, provider: Mailtrap, fake: FakeMailtrap, answer: Any
    ) -> None:
        fake.script.add(fault.answer(200, orjson.dumps(answer).decode()))
        with pytest.raises(OutcomeUnknown, match="not the answer it documents"):
            self.attempt(provider)

    def test_errors_in_a_list_are_the_service_s_own_words(
        self, provider: Mailtrap, fake: FakeMailtrap
    ) -> None:
        fake.script.add(fault.answer(400, '{"success":false,"errors":["one","two"]}'))
        with pytest.raises(Refused, match="HTTP 400: one; two"):
            self.attempt(provider)

    @pytest.mark.parametrize("key", [None, "", "two words"])
    def test_without_a_usable_token_nothing_starts(self, http: HttpClient, key: str | None) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__MAILTRAP__API_KEY"):
            Mailtrap(http=http, clock=self.now, api_key=key)

    @pytest.mark.parametrize(
        "path", sorted((RECORDED / "mailtrap").glob("*.json")), ids=lambda path: path.stem
    )
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: Mailtrap, fake: FakeMailtrap, path: Path
    ) -> None:
        self.play(provider, fake, path)

    # Search: what the send class promises

    @pytest.mark.parametrize("trouble", [fault.reset(accept=True), fault.garbage()], ids=repr)
    def test_what_was_taken_over_before_the_answer_got_lost_is_found(
        self, provider: Mailtrap, fake: FakeMailtrap, trouble: fault.Fault
    ) -> None:
        fake.script.add(trouble)
        with pytest.raises(OutcomeUnknown):
            provider.send(provider.prepare([make_message("d-1")]), count=1, key="batch-1")
        self.now.advance(LAG)
        found = self.find(provider, to="Ann@example.org")
        assert found.provider_id == fake.acceptances.of("d-1")[0].provider_id

    def test_what_was_not_taken_over_is_not_found(self, provider: Mailtrap) -> None:
        self.deliver(provider, make_message("d-2"), make_message("d-10"))
        self.now.advance(LAG)
        assert self.find(provider, "d-1") is None

    def test_a_search_does_not_see_what_is_too_new(self, provider: Mailtrap) -> None:
        self.deliver(provider, make_message("d-1"))
        self.now.advance(LAG - timedelta(seconds=1))
        assert self.find(provider) is None
        assert self.send_class.lag > LAG

    def test_further_pages_are_read(self, provider: Mailtrap, fake: FakeMailtrap) -> None:
        for n in range(45):
            self.deliver(provider, make_message(f"d-{n}"))
        self.now.advance(LAG)
        assert self.find(provider, "d-0").accepted

    def test_without_an_address_or_after_the_logs_are_gone_nothing_is_settled(
        self, provider: Mailtrap
    ) -> None:
        with pytest.raises(OutcomeUnknown, match="address"):
            self.find(provider, to="")
        with pytest.raises(OutcomeUnknown, match="may be gone"):
            provider.find("d-1", to="a@example.org", since=self.now.now() - timedelta(days=3))

    @pytest.mark.parametrize("listing", [None, [], {}, {"messages": None}, {"messages": [{}]}])
    def test_a_listing_that_does_not_add_up_settles_nothing(
        self, provider: Mailtrap, fake: FakeMailtrap, listing: Any
    ) -> None:
        fake.script.add(fault.answer(200, orjson.dumps(listing).decode()))
        with pytest.raises(OutcomeUnknown):
            self.find(provider)

    def test_the_account_tells_of_our_domain(self, provider: Mailtrap, fake: FakeMailtrap) -> None:
        assert "not among" in provider.account("example.org").trouble
        record = {"name": "rwmt1._domainkey", "type": "CNAME", "value": "rwmt1.dkim.example.com"}
        known = {"domain_name": "example.org", "dns_verified": False, "dns_records": [record]}
        fake.domains = [known]
        told = provider.account("example.org")
        assert "not verified" in told.trouble
        assert [one.name for one in told.records] == ["rwmt1._domainkey.example.org"]
        fake.domains = [{**known, "dns_verified": True}]
        assert provider.account("example.org").trouble == ""
        fake.domains = None
        assert "may not list" in provider.account("example.org").words


class TestMailtrapMerge(MergeContract):
    def adapter(self) -> Provider:
        http = HttpClient(timeout=1, user_agent="x")
        return Mailtrap(http=http, clock=SystemClock(), api_key="x")

    def merged(self, body: bytes) -> list[Message]:
        return _read(body)

    def test_the_body_is_one_that_mailtrap_describes(self) -> None:
        shape = Shape.recorded("mailtrap-batch")
        body = orjson.loads(self.adapter().encode_bulk(lesson(500)))
        assert shape.faults(body) == []
        body["requests"].append({**body["requests"][0], "Subject": "x", "html": ""})
        found = " ".join(shape.faults(body))
        assert "501" in found
        assert "Subject" in found
        assert "html" in found


def _read(body: bytes) -> list[Message]:
    """Read a request as Mailtrap does: what a message does not say is said by the base."""
    given = orjson.loads(body)
    return [_message({**given["base"], **one}) for one in given["requests"]]


def _message(item: dict[str, Any]) -> Message:
    (to,) = item["to"]
    return Message(
        ref=item["custom_variables"]["ref"],
        date=DATE,
        to=to["email"],
        to_name=to.get("name", ""),
        from_email=item["from"]["email"],
        from_name=item["from"].get("name", ""),
        reply_to=item.get("reply_to", {}).get("email", ""),
        subject=item["subject"],
        html=item["html"],
        text=item["text"],
        headers=item["headers"],
    )
