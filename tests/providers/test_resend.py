from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.message import Key, Message
from bypost.providers.base import Provider
from bypost.providers.resend import Resend
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from tests.contracts.http_provider import SECRET, HttpProviderContract
from tests.contracts.merge import MergeContract, lesson
from tests.contracts.provider import DATE, make_message
from tests.contracts.shape import Shape

RECORDED = Path(__file__).parents[1] / "recorded" / "resend"


class TestResend(HttpProviderContract):
    send_class = Key(lifetime=timedelta(hours=24))
    most = 100

    @pytest.fixture
    def fake(self) -> Iterator[FakeResend]:
        with FakeResend(api_key=SECRET) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Resend:
        return Resend(http=http, api_key=SECRET, base_url=base_url, batch_size=batch_size)

    def received(self) -> list[Message]:
        return [_read(item) for item in orjson.loads(self.fake_in_use.requests[-1].body)]

    def test_request_is_the_documented_one(self, provider: Resend, fake: FakeResend) -> None:
        self.deliver(provider, make_message())
        request = fake.requests[-1]
        assert (request.method, request.path) == ("POST", "/emails/batch")
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        assert request.headers["idempotency-key"] == "batch-1"
        assert request.headers["x-batch-validation"] == "permissive"
        assert request.headers["content-type"] == "application/json"
        assert fake.accepted == {"d-1": 1}

    def test_a_repeat_after_a_lost_answer_is_not_accepted_again(
        self, provider: Resend, fake: FakeResend
    ) -> None:
        body = provider.prepare([make_message("d-1"), make_message("d-2")])
        for trouble in (fault.reset(accept=True), fault.error(accept=True), fault.truncated()):
            fake.script.add(trouble)
            with pytest.raises(OutcomeUnknown):
                provider.send(body, count=2, key="batch-1")
        first = provider.send(body, count=2, key="batch-1")
        assert provider.send(body, count=2, key="batch-1") == first
        assert fake.accepted == {"d-1": 1, "d-2": 1}

    def test_one_bad_address_spoils_only_itself(self, provider: Resend, fake: FakeResend) -> None:
        messages = [
            make_message("d-0"),
            make_message("d-1", to="bounce-now@example.org"),
            make_message("d-2"),
            make_message("d-3", to="nobody@localhost"),
        ]
        results = provider.send(provider.prepare(messages), count=4, key="batch-1")
        assert [result.accepted for result in results] == [True, False, True, False]
        assert [bool(result.provider_id) for result in results] == [True, False, True, False]
        assert results[1].error.startswith("resend: Invalid `to` field.")
        assert fake.accepted == {"d-0": 1, "d-2": 1}

    @pytest.mark.parametrize(
        "answer",
        [
            {"data": [{"id": "a"}, {"id": "b"}], "errors": [{"index": 1, "message": "bad"}]},
            {
                "data": [{"id": "a"}, None, {"id": "b"}],
                "errors": [{"index": 1, "message": "bad"}],
            },
            {"data": [{"id": "a"}, {}, {"id": "b"}], "errors": [{"index": 1, "message": "bad"}]},
        ],
    )
    def test_ids_and_errors_go_back_to_their_places(
        self, provider: Resend, answer: dict[str, Any]
    ) -> None:
        results = provider.results(answer, 3)
        assert [result.provider_id for result in results] == ["a", "", "b"]
        assert [result.error for result in results] == ["", "resend: bad", ""]

    @pytest.mark.parametrize(
        "answer",
        [
            {"data": [{"id": "a"}]},
            {"data": [{"id": "a"}, {"id": "b"}, {"id": "c"}]},
            {"data": [{"id": "a"}, {"id": ""}]},
            {"data": [{"id": "a"}, {"id": 7}]},
            {"data": [{"id": "a"}, {"id": "b"}], "errors": [{"index": 1, "message": "bad"}]},
            {"data": [{"id": "a"}], "errors": [{"index": 2, "message": "bad"}]},
            {"data": [{"id": "a"}], "errors": [{"index": True, "message": "bad"}]},
            {"data": [{"id": "a"}], "errors": [{"message": "bad"}]},
            {"data": {"id": "a"}},
            {"id": "a"},
        ],
        ids=repr,
    )
    def test_an_answer_that_does_not_add_up_leaves_the_outcome_unknown(
        self, provider: Resend, fake: FakeResend, answer: dict[str, Any]
    ) -> None:
        fake.script.add(fault.answer(200, orjson.dumps(answer).decode()))
        with pytest.raises(OutcomeUnknown, match="not the answer it documents"):
            self.attempt(provider, count=2)

    def test_a_key_that_is_still_in_use_means_wait(
        self, provider: Resend, fake: FakeResend
    ) -> None:
        body = '{"statusCode":409,"name":"concurrent_idempotent_requests","message":"busy"}'
        fake.script.add(fault.answer(409, body, {"Retry-After": "2"}))
        with pytest.raises(Throttled, match="still running") as caught:
            self.attempt(provider)
        assert caught.value.retry_after == timedelta(seconds=2)

    def test_a_key_used_for_other_bytes_is_refused_with_these_words(
        self, provider: Resend, fake: FakeResend
    ) -> None:
        self.attempt(provider, count=1)
        with pytest.raises(Refused, match="used before with other bytes"):
            self.attempt(provider, count=2)
        assert fake.accepted == {"d-0": 1}

    @pytest.mark.parametrize("key", [None, "", "two words", "line\n", "schlüssel"])
    def test_without_a_usable_api_key_nothing_starts(
        self, http: HttpClient, key: str | None
    ) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__RESEND__API_KEY"):
            Resend(http=http, api_key=key)

    @pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: Resend, fake: FakeResend, path: Path
    ) -> None:
        self.play(provider, fake, path)


class TestResendMerge(MergeContract):
    def adapter(self) -> Provider:
        return Resend(http=HttpClient(timeout=1, user_agent="x"), api_key="re_x")

    def merged(self, body: bytes) -> list[Message]:
        return [_read(item) for item in orjson.loads(body)]

    def test_the_body_is_one_that_resend_describes(self) -> None:
        shape = Shape.recorded("resend-batch")
        body = orjson.loads(self.adapter().encode_bulk(lesson(100)))
        assert shape.faults(body) == []
        assert "101 for maxItems" in shape.faults([*body, body[0]])[0]
        assert "'replyTo'" in shape.faults([{**body[0], "replyTo": "x"}])[0]


def _read(item: dict[str, Any]) -> Message:
    """Read a message as a mail server would: names and addresses through its own parser."""
    (to,) = item["to"]
    to_name, to_address = parseaddr(to)
    from_name, from_address = parseaddr(item["from"])
    (tag,) = item["tags"]
    assert tag["name"] == "ref"
    return Message(
        ref=tag["value"],
        date=DATE,
        to=to_address,
        to_name=to_name,
        from_email=from_address,
        from_name=from_name,
        reply_to=item.get("reply_to", ""),
        subject=item["subject"],
        html=item["html"],
        text=item["text"],
        headers=item["headers"],
    )
