from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SendError, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.message import Message, Search
from bypost.providers.base import Provider
from bypost.providers.postmark import Postmark
from bypost.testing import fault
from bypost.testing.fake_postmark import FakePostmark
from scheduler.clock import SimulatedClock, SystemClock
from tests.contracts.http_provider import SECRET, HttpProviderContract
from tests.contracts.merge import MergeContract, lesson
from tests.contracts.provider import DATE, make_message
from tests.contracts.shape import Shape

RECORDED = Path(__file__).parents[1] / "recorded" / "postmark"
OK = {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "ann@example.org"}
LAG = timedelta(minutes=2)


def item(code: int, words: str = "no") -> dict[str, object]:
    return {"ErrorCode": code, "Message": words}


#: Longest HTML or text, in bytes.
MOST = 5_000_000


class TestPostmark(HttpProviderContract):
    send_class = Search(lag=timedelta(minutes=5))
    most = 500

    @pytest.fixture(autouse=True)
    def clock(self) -> SimulatedClock:
        self.now = SimulatedClock(DATE)
        return self.now

    @pytest.fixture
    def fake(self, clock: SimulatedClock) -> Iterator[FakePostmark]:
        with FakePostmark(
            api_key=SECRET, clock=clock, lag_s=LAG.total_seconds(), streams=["outbound", "lessons"]
        ) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Postmark:
        return Postmark(
            http=http,
            clock=self.now,
            api_key=SECRET,
            base_url=base_url,
            batch_size=batch_size,
            bulk_stream="lessons",
        )

    def received(self) -> list[Message]:
        return [_read(item) for item in orjson.loads(self.fake_in_use.requests[-1].body)]

    def find(self, provider: Postmark, ref: str = "d-1", to: str = "ann@example.org") -> Any:
        return provider.find(ref, to=to, since=self.now.now() - timedelta(hours=1))

    def test_request_is_the_documented_one(self, provider: Postmark, fake: FakePostmark) -> None:
        self.deliver(provider, make_message())
        request = fake.requests[-1]
        assert (request.method, request.path) == ("POST", "/email/batch")
        assert request.headers["x-postmark-server-token"] == SECRET
        assert request.headers["content-type"] == request.headers["accept"] == "application/json"
        assert fake.accepted == {"d-1": 1}

    def test_nothing_is_tracked(self, provider: Postmark, fake: FakePostmark) -> None:
        self.deliver(provider, make_message())
        (sent,) = orjson.loads(fake.requests[-1].body)
        assert (sent["TrackOpens"], sent["TrackLinks"]) == (False, "None")

    @pytest.mark.parametrize(
        ("kind", "stream"), [("bulk", "lessons"), ("transactional", "outbound")]
    )
    def test_lessons_and_notices_go_by_streams_of_their_own(
        self, provider: Postmark, fake: FakePostmark, kind: str, stream: str
    ) -> None:
        self.deliver(provider, make_message(stream=kind))
        (sent,) = orjson.loads(fake.requests[-1].body)
        assert sent["MessageStream"] == stream

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"html": "é" * (MOST // 2 + 1)}, "HTML part has 5,000,002 bytes"),
            ({"text": "x" * (MOST + 1)}, "text part has 5,000,001 bytes"),
            ({"html": "x" * MOST, "text": "x" * MOST}, "it has 10,000,"),
        ],
    )
    def test_a_message_that_is_too_long_is_refused_before_it_is_sent(
        self, provider: Postmark, changes: dict[str, object], words: str
    ) -> None:
        assert words in provider.objection(make_message(**changes))

    def test_a_message_that_just_fits_meets_no_objection(self, provider: Postmark) -> None:
        assert provider.objection(make_message(html="é" * (MOST // 2))) == ""

    def test_one_bad_address_spoils_only_itself(
        self, provider: Postmark, fake: FakePostmark
    ) -> None:
        messages = [
            make_message("d-0"),
            make_message("d-1", to="inactive@example.org"),
            make_message("d-2", to="nobody@localhost"),
        ]
        results = provider.send(provider.prepare(messages), count=3, key="batch-1")
        assert [(r.accepted, bool(r.provider_id), r.retry) for r in results] == [
            (True, True, False),
            (False, False, False),
            (False, False, False),
        ]
        assert fake.accepted == {"d-0": 1}

    def test_a_refused_address_is_not_repeated_in_the_words_that_are_kept(
        self, provider: Postmark
    ) -> None:
        message = make_message(to="inactive@example.org")
        (result,) = provider.send(provider.prepare([message]), count=1, key="batch-1")
        assert result.error.startswith("postmark: error 406: You tried to send to recipient(s)")
        assert "@" not in result.error

    @pytest.mark.parametrize("code", [300, 406])
    def test_a_code_about_the_recipient_is_no_refusal_of_all_even_if_all_have_it(
        self, provider: Postmark, code: int
    ) -> None:
        results = provider.results([item(code)] * 3, 3)
        assert [(result.accepted, result.retry) for result in results] == [(False, False)] * 3

    @pytest.mark.parametrize("code", [10, 400, 401, 402, 403, 405, 409, 410, 412, 413])
    def test_a_code_about_the_account_refuses_all_and_fails_nobody(
        self, provider: Postmark, code: int
    ) -> None:
        with pytest.raises(Refused, match=f"postmark: error {code}: no"):
            provider.results([item(406), item(code), item(100)], 3)

    @pytest.mark.parametrize("code", [100, 429])
    def test_a_code_that_passes_means_wait(self, provider: Postmark, code: int) -> None:
        with pytest.raises(Throttled, match=f"postmark: error {code}: no"):
            provider.results([item(code), item(406)], 2)

    @pytest.mark.parametrize("code", [100, 405, 412, 429])
    def test_beside_accepted_messages_such_a_code_leaves_the_others_owed(
        self, provider: Postmark, code: int
    ) -> None:
        results = provider.results([OK, item(code), item(406)], 3)
        assert [(r.accepted, r.retry) for r in results] == [
            (True, False),
            (False, True),
            (False, False),
        ]

    @pytest.mark.parametrize(
        "words",
        [
            "Invalid 'From' address: 'x'.",
            "Error parsing 'ReplyTo': x",
            "The stream provided: 'news' does not exist on this server.",
            "Sending is not supported on the supplied 'MessageStream'.",
        ],
    )
    def test_words_about_our_own_settings_refuse_all_whatever_the_code(
        self, provider: Postmark, words: str
    ) -> None:
        with pytest.raises(Refused, match=words.partition(":")[0]):
            provider.results([item(300, words)], 1)

    def test_an_unknown_code_is_one_message_s_own_unless_it_is_that_of_all(
        self, provider: Postmark
    ) -> None:
        (alone,) = provider.results([item(4711)], 1)
        assert (alone.accepted, alone.retry) == (False, False)
        mixed = provider.results([OK, item(4711)], 2)
        assert [result.retry for result in mixed] == [False, False]
        with pytest.raises(Refused, match="4711"):
            provider.results([item(4711)] * 2, 2)

    def test_a_stream_that_does_not_exist_refuses_all(
        self, http: HttpClient, fake: FakePostmark
    ) -> None:
        provider = Postmark(
            http=http, clock=self.now, api_key=SECRET, base_url=fake.url, bulk_stream="typo"
        )
        with pytest.raises(Refused, match="'typo' does not exist on this server"):
            self.attempt(provider, count=3)

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            [],
            [OK, OK],
            [{**OK, "MessageID": ""}],
            [{**OK, "MessageID": 7}],
            [{**OK, "ErrorCode": "0"}],
            [{**OK, "ErrorCode": False}],
            [{"MessageID": "pm-1"}],
            [None],
            ["OK"],
        ],
        ids=repr,
    )
    def test_an_answer_that_does_not_add_up_leaves_the_outcome_unknown(
        self, provider: Postmark, fake: FakePostmark, answer: Any
    ) -> None:
        fake.script.add(fault.answer(200, orjson.dumps(answer).decode()))
        with pytest.raises(OutcomeUnknown, match="not the answer it documents") as caught:
            self.attempt(provider)
        assert "ann@example.org" not in str(caught.value)

    @pytest.mark.parametrize("key", [None, "", "two words", "line\n", "schlüssel"])
    def test_without_a_usable_token_nothing_starts(self, http: HttpClient, key: str | None) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__POSTMARK__API_KEY"):
            Postmark(http=http, clock=self.now, api_key=key)

    @pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: Postmark, fake: FakePostmark, path: Path
    ) -> None:
        self.play(provider, fake, path)

    # Search: what the send class promises

    @pytest.mark.parametrize("trouble", [fault.reset(accept=True), fault.garbage()], ids=repr)
    @pytest.mark.parametrize("stream", ["bulk", "transactional"])
    def test_what_was_taken_over_before_the_answer_got_lost_is_found(
        self, provider: Postmark, fake: FakePostmark, trouble: fault.Fault, stream: str
    ) -> None:
        fake.script.add(trouble)
        body = provider.prepare([make_message("d-1", stream=stream)])
        with pytest.raises(OutcomeUnknown):
            provider.send(body, count=1, key="batch-1")
        self.now.advance(LAG)
        found = self.find(provider)
        assert found.accepted
        assert found.provider_id == fake.acceptances.of("d-1")[0].provider_id

    def test_what_was_not_taken_over_is_not_found(
        self, provider: Postmark, fake: FakePostmark
    ) -> None:
        fake.script.add(fault.reset(accept=False))
        with pytest.raises(OutcomeUnknown):
            self.attempt(provider)
        self.deliver(provider, make_message("d-2"), make_message("d-10"))
        self.now.advance(LAG)
        assert self.find(provider, "d-1") is None
        assert self.find(provider, "d-0") is None

    def test_a_search_does_not_see_what_is_too_new(self, provider: Postmark) -> None:
        self.deliver(provider, make_message("d-1"))
        self.now.advance(LAG - timedelta(seconds=1))
        assert self.find(provider) is None
        assert self.send_class.lag > LAG

    def test_a_question_is_the_documented_one(self, provider: Postmark, fake: FakePostmark) -> None:
        self.find(provider)
        asked = [(request.method, request.path) for request in fake.requests]
        path = "/messages/outbound?count=50&offset=0&metadata_ref=d-1&messagestream="
        assert asked == [("GET", f"{path}lessons"), ("GET", f"{path}outbound")]
        assert fake.requests[-1].headers["x-postmark-server-token"] == SECRET

    @pytest.mark.parametrize(
        ("messages", "found"),
        [
            ([], False),
            ([{"Metadata": {"ref": "d-1"}}], True),
            # The filter matched the beginning only, or nothing at all was filtered.
            ([{"Metadata": {"ref": "d-10"}}], False),
            ([{"Metadata": {}}], False),
            ([{"Metadata": {"ref": "d-10"}}, {"Metadata": {"ref": "d-1"}}], True),
            # A listing without metadata: the recipient has to be the right one.
            ([{"Recipients": ["Ann@Example.org"]}], True),
            ([{}], True),
        ],
        ids=repr,
    )
    def test_a_listing_is_read_with_care(
        self,
        provider: Postmark,
        fake: FakePostmark,
        messages: list[dict[str, Any]],
        found: bool,
    ) -> None:
        numbered = [{"MessageID": f"m-{n}", **message} for n, message in enumerate(messages, 1)]
        listing = {"TotalCount": len(numbered), "Messages": numbered}
        answer = fault.answer(200, orjson.dumps(listing).decode())
        fake.script.add(answer, answer)
        result = self.find(provider)
        assert (result.provider_id if result else None) == (f"m-{len(messages)}" if found else None)

    @pytest.mark.parametrize(
        "listing",
        [
            None,
            [],
            {},
            "text",
            {"TotalCount": 0},
            {"TotalCount": "0", "Messages": []},
            {"TotalCount": True, "Messages": []},
            {"TotalCount": 0, "Messages": [{"MessageID": "m", "Metadata": {"ref": "d-1"}}]},
            {"TotalCount": 3, "Messages": []},
            {"TotalCount": 51, "Messages": [{"MessageID": "m", "Metadata": {"ref": "d-2"}}]},
            {"TotalCount": 1, "Messages": [{"Metadata": {"ref": "d-1"}}]},
            {"TotalCount": 1, "Messages": [{"MessageID": "m", "Recipients": ["bo@example.org"]}]},
            {"TotalCount": 1, "Messages": [None]},
            {"TotalCount": 0, "Messages": None},
        ],
        ids=repr,
    )
    def test_a_listing_that_does_not_add_up_settles_nothing(
        self, provider: Postmark, fake: FakePostmark, listing: Any
    ) -> None:
        fake.script.add(fault.answer(200, orjson.dumps(listing).decode()))
        with pytest.raises(OutcomeUnknown) as caught:
            self.find(provider)
        assert "@" not in str(caught.value)

    def test_of_an_erased_person_only_the_reference_is_compared(
        self, provider: Postmark, fake: FakePostmark
    ) -> None:
        listing = {"TotalCount": 1, "Messages": [{"MessageID": "m", "Recipients": ["b@x.org"]}]}
        fake.script.add(fault.answer(200, orjson.dumps(listing).decode()))
        assert self.find(provider, to="").provider_id == "m"

    @pytest.mark.parametrize(
        ("trouble", "error"),
        [
            (fault.answer(429, '{"ErrorCode":429,"Message":"Rate limit"}'), Throttled),
            (fault.answer(401, '{"ErrorCode":10,"Message":"Bad token"}'), Refused),
            (fault.answer(422, '{"ErrorCode":1226,"Message":"No such stream"}'), Refused),
            (fault.answer(500, "<html>"), OutcomeUnknown),
            (fault.answer(200, "<html>"), OutcomeUnknown),
            (fault.reset(accept=True), OutcomeUnknown),
            (fault.truncated(), OutcomeUnknown),
        ],
        ids=repr,
    )
    def test_an_answer_that_is_no_listing_settles_nothing(
        self, provider: Postmark, fake: FakePostmark, trouble: fault.Fault, error: type[SendError]
    ) -> None:
        fake.script.add(trouble)
        with pytest.raises(error) as caught:
            self.find(provider)
        assert "metadata_ref" not in str(caught.value)

    def test_a_mail_older_than_postmark_keeps_them_is_never_taken_for_not_sent(
        self, provider: Postmark
    ) -> None:
        self.deliver(provider, make_message("d-1"))
        self.now.advance(timedelta(days=44))
        since = self.now.now() - timedelta(days=44)
        assert provider.find("d-1", to="", since=since).provider_id
        with pytest.raises(OutcomeUnknown, match="retention_days"):
            provider.find("d-2", to="", since=since)
        assert provider.find("d-2", to="", since=since + timedelta(days=1)) is None

    def test_the_token_is_in_no_log_of_a_question(
        self, provider: Postmark, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        self.find(provider)
        assert SECRET[:10] not in caplog.text
        assert "ann@example.org" not in caplog.text


class TestPostmarkMerge(MergeContract):
    def adapter(self) -> Provider:
        http = HttpClient(timeout=1, user_agent="x")
        return Postmark(http=http, clock=SystemClock(), api_key="x", bulk_stream="lessons")

    def merged(self, body: bytes) -> list[Message]:
        return [_read(item) for item in orjson.loads(body)]

    def stream(self, message: Message) -> Message:
        return message

    def test_the_body_is_one_that_postmark_describes(self) -> None:
        shape = Shape.recorded("postmark-batch")
        body = orjson.loads(self.adapter().encode_bulk(lesson(500)))
        assert shape.faults(body) == []
        assert "501 for maxItems" in shape.faults([*body, body[0]])[0]
        assert "'TrackLink'" in shape.faults([{**body[0], "TrackLink": "None"}])[0]


def _read(item: dict[str, Any]) -> Message:
    """Read a message as a mail server would: names and addresses through its own parser."""
    to_name, to_address = parseaddr(item["To"])
    from_name, from_address = parseaddr(item["From"])
    return Message(
        ref=item["Metadata"]["ref"],
        date=DATE,
        to=to_address,
        to_name=to_name,
        from_email=from_address,
        from_name=from_name,
        reply_to=item.get("ReplyTo", ""),
        subject=item["Subject"],
        html=item["HtmlBody"],
        text=item["TextBody"],
        headers={header["Name"]: header["Value"] for header in item["Headers"]},
        stream={"lessons": "bulk", "outbound": "transactional"}[item["MessageStream"]],
    )
