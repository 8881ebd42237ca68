from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.bulk import Part
from bypost.model.message import Key, Message
from bypost.providers.base import Provider
from bypost.providers.brevo import Brevo
from bypost.testing import fault
from bypost.testing.fake_brevo import FakeBrevo
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import SECRET, HttpProviderContract
from tests.contracts.merge import MergeContract, lesson
from tests.contracts.provider import DATE, make_message

RECORDED = Path(__file__).parents[1] / "recorded" / "brevo"


class TestBrevo(HttpProviderContract):
    send_class = Key(lifetime=timedelta(minutes=15))
    most = 1000

    @pytest.fixture(autouse=True)
    def clock(self) -> SimulatedClock:
        self.now = SimulatedClock(DATE)
        return self.now

    @pytest.fixture
    def fake(self, clock: SimulatedClock) -> Iterator[FakeBrevo]:
        with FakeBrevo(api_key=SECRET, clock=clock) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Brevo:
        return Brevo(http=http, api_key=SECRET, base_url=base_url, batch_size=batch_size)

    def received(self) -> list[Message]:
        return _read(self.fake_in_use.requests[-1].body)

    def test_request_is_the_documented_one(self, provider: Brevo, fake: FakeBrevo) -> None:
        self.deliver(provider, make_message())
        request = fake.requests[-1]
        assert (request.method, request.path) == ("POST", "/v3/smtp/email")
        assert request.headers["api-key"] == SECRET
        assert request.headers["content-type"] == "application/json"
        assert fake.accepted == {"d-1": 1}

    def test_the_key_is_a_uuid_in_the_json_and_the_same_for_each_attempt(
        self, provider: Brevo, fake: FakeBrevo
    ) -> None:
        body = provider.prepare([make_message()])
        for key in ("one", "one", "two"):
            provider.send(body, count=1, key=key)
        sent = [orjson.loads(request.body)["headers"] for request in fake.requests]
        keys = [uuid.UUID(one["idempotencyKey"]) for one in sent]
        assert keys[0] == keys[1] != keys[2]
        assert fake.requests[0].body == fake.requests[1].body
        assert fake.accepted == {"d-1": 2}  # under two keys, that is

    def test_a_repeat_after_a_lost_answer_is_not_accepted_again(
        self, provider: Brevo, fake: FakeBrevo
    ) -> None:
        body = provider.prepare([make_message("d-1"), make_message("d-2")])
        for trouble in (fault.reset(accept=True), fault.error(accept=False)):
            fake.script.add(trouble)
            with pytest.raises(OutcomeUnknown):
                provider.send(body, count=2, key="batch-1")
        results = provider.send(body, count=2, key="batch-1")
        assert [(r.accepted, r.provider_id) for r in results] == [(True, "")] * 2
        assert fake.accepted == {"d-1": 1, "d-2": 1}

    def test_its_own_lifetime_is_longer_than_the_one_we_count_on(
        self, provider: Brevo, fake: FakeBrevo
    ) -> None:
        body = provider.prepare([make_message()])
        provider.send(body, count=1, key="batch-1")
        self.now.advance(timedelta(minutes=15))
        provider.send(body, count=1, key="batch-1")
        assert fake.accepted == {"d-1": 1}

    @pytest.mark.parametrize("status", [400, 429])
    def test_a_key_that_was_surely_refused_is_never_taken_for_accepted(
        self, provider: Brevo, fake: FakeBrevo, status: int
    ) -> None:
        fake.script.add(fault.answer(status, '{"code":"x","message":"no"}'))
        with pytest.raises((Refused, Throttled)):
            self.attempt(provider)
        fake.script.add(fault.answer(400, '{"code":"duplicate_parameter","message":"used"}'))
        with pytest.raises(OutcomeUnknown, match="used before"):
            self.attempt(provider)

    def test_one_bad_address_refuses_the_request_and_fails_nobody(
        self, provider: Brevo, fake: FakeBrevo
    ) -> None:
        messages = [make_message("d-0"), make_message("d-1", to="nobody@localhost")]
        with pytest.raises(Refused, match="email is not valid in to") as caught:
            provider.send(provider.prepare(messages), count=2, key="batch-1")
        assert caught.value.status == 400  # of its content: the engine finds out whose
        assert not fake.accepted

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"subject": ""}, "no subject"),
            ({"html": ""}, "no HTML"),
            ({"headers": {"idempotencyKey": "x"}}, "an order"),
            ({"headers": {"X-Sib-Sandbox": "drop"}}, "an order"),
            ({"headers": {"x-mailin-custom": "x"}}, "an order"),
        ],
    )
    def test_what_brevo_does_not_take_is_refused_before_it_is_sent(
        self, provider: Brevo, changes: dict[str, Any], words: str
    ) -> None:
        assert words in provider.objection(make_message(**changes))

    def test_a_mail_without_text_goes_without(self, provider: Brevo, fake: FakeBrevo) -> None:
        self.deliver(provider, make_message(text=""))
        assert b"textContent" not in fake.requests[-1].body

    def test_what_stands_for_the_whole_request_goes_to_nobody(
        self, provider: Brevo, fake: FakeBrevo
    ) -> None:
        self.deliver(provider, make_message("d-1"), make_message("d-2"))
        given = orjson.loads(fake.requests[-1].body)
        shared = {"subject", "htmlContent", "textContent"}
        assert {given[name] for name in shared} == {"-"}
        assert all(shared <= version.keys() for version in given["messageVersions"])
        assert not given.keys() & {"to", "params", "templateId"}

    def test_a_429_says_in_its_own_header_when_to_come_back(
        self, provider: Brevo, fake: FakeBrevo
    ) -> None:
        fake.script.add(fault.answer(429, '{"message":"slow"}', {"x-sib-ratelimit-reset": "12"}))
        with pytest.raises(Throttled) as caught:
            self.attempt(provider)
        assert caught.value.retry_after == timedelta(seconds=12)

    @pytest.mark.parametrize(
        "answer",
        [
            {"messageIds": []},
            {"messageIds": ["a", "b"]},
            {"messageIds": [""]},
            {"messageIds": [7]},
            {"messageIds": "a"},
            {"messageId": ""},
            {"id": "a"},
        ],
        ids=repr,
    )
    def test_an_answer_that_does_not_add_up_leaves_the_outcome_unknown(
        self, provider: Brevo, fake: FakeBrevo, answer: Any
    ) -> None:
        fake.script.add(fault.answer(201, orjson.dumps(answer).decode()))
        with pytest.raises(OutcomeUnknown, match="not the answer it documents"):
            self.attempt(provider)

    def test_a_mail_sent_alone_is_found_by_its_tag_and_nothing_found_settles_nothing(
        self, provider: Brevo, fake: FakeBrevo
    ) -> None:
        since = self.now.now()
        (identity,) = self.deliver(provider, make_message("d-1"))
        found = provider.find("d-1", to="ann@example.org", since=since)
        assert found is not None
        assert found.provider_id == identity
        with pytest.raises(OutcomeUnknown, match="says nothing"):
            provider.find("d-2", to="", since=since)

    def test_the_account_tells_of_our_domain(self, provider: Brevo, fake: FakeBrevo) -> None:
        assert "not among" in provider.account("example.org").trouble
        record = {"type": "TXT", "value": "k=rsa", "host_name": "mail._domainkey", "status": False}
        fake.domains["example.org"] = {
            "authenticated": False,
            "dns_records": {"dkim_record": record},
        }
        told = provider.account("example.org")
        assert told.words == "the key is of the account Course"
        assert "not authenticated" in told.trouble
        assert [str(one) for one in told.records] == [
            'mail._domainkey.example.org  TXT  "k=rsa"',
        ]

    @pytest.mark.parametrize("key", [None, "", "two words"])
    def test_without_a_usable_key_nothing_starts(self, http: HttpClient, key: str | None) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__BREVO__API_KEY"):
            Brevo(http=http, api_key=key)

    @pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: Brevo, fake: FakeBrevo, path: Path
    ) -> None:
        self.play(provider, fake, path)


class TestBrevoMerge(MergeContract):
    def adapter(self) -> Provider:
        return Brevo(http=HttpClient(timeout=1, user_agent="x"), api_key="x")

    def merged(self, body: bytes) -> list[Message]:
        return _read(body)

    def test_a_long_lesson_goes_to_fewer_people_at_once(self) -> None:
        adapter, bulk = self.adapter(), lesson(1000)
        assert adapter.room(bulk) == 1000
        long = replace(bulk, text=Part(("x" * 100_000, ""), (0,)))
        room = adapter.room(long)
        assert 100 < room < 1000
        body = adapter.encode_bulk(long.only(range(room)))
        assert adapter.max_bytes // 2 < len(body) <= adapter.max_bytes
        enormous = replace(bulk, text=Part(("x" * adapter.max_bytes, ""), (0,)))
        assert adapter.room(enormous) == 1

    def test_nobody_else_s_link_is_where_everybody_s_text_is(self) -> None:
        body = orjson.loads(self.adapter().encode_bulk(lesson(3)))
        versions = body.pop("messageVersions")
        assert len(versions) == 3
        assert b"/u/" not in orjson.dumps(body)


def _read(body: bytes) -> list[Message]:
    """Read a request as Brevo does: what a version does not say is said by the request."""
    given = orjson.loads(body)
    return [_message({**given, **one}) for one in given["messageVersions"]]


def _message(item: dict[str, Any]) -> Message:
    (to,) = item["to"]
    headers = dict(item["headers"])
    return Message(
        ref=orjson.loads(headers.pop("X-Mailin-custom"))["ref"],
        date=DATE,
        to=to["email"],
        to_name=_name(to.get("name", "")),
        from_email=item["sender"]["email"],
        from_name=_name(item["sender"].get("name", "")),
        reply_to=item.get("replyTo", {}).get("email", ""),
        subject=item["subject"],
        html=item["htmlContent"],
        text=item.get("textContent", ""),
        headers=headers,
    )


def _name(name: str) -> str:
    """Read a name as a reader's program does; Brevo drops some unless they are encoded."""
    if not name.startswith("=?utf-8?b?"):
        return name
    return base64.b64decode(name[10:-2]).decode()
