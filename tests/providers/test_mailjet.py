from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SendError, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.message import Message, Search
from bypost.providers.base import Provider
from bypost.providers.mailjet import Mailjet
from bypost.testing import fault
from bypost.testing.fake_mailjet import FakeMailjet
from scheduler.clock import SimulatedClock, SystemClock
from tests.contracts.http_provider import SECRET, HttpProviderContract
from tests.contracts.merge import MergeContract
from tests.contracts.provider import DATE, make_message

RECORDED = Path(__file__).parents[1] / "recorded" / "mailjet"
LAG = timedelta(minutes=2)
PUBLIC = "0123456789abcdef0123456789abcdef"
OK = {"Status": "success", "To": [{"Email": "a@x.org", "MessageID": 576460752303423488}]}


def no(code: str, *related: str, status: int = 400) -> dict[str, object]:
    error = {"ErrorCode": code, "StatusCode": status, "ErrorMessage": "no"}
    return {"Status": "error", "Errors": [{**error, "ErrorRelatedTo": list(related)}]}


def carried(message: Message) -> Message:
    """Return ``message`` without the header that Mailjet keeps to itself."""
    headers = {name: value for name, value in message.headers.items() if name != "List-Id"}
    return replace(message, headers=headers)


class TestMailjet(HttpProviderContract):
    send_class = Search(lag=timedelta(minutes=5))
    most = 50

    @pytest.fixture(autouse=True)
    def clock(self) -> SimulatedClock:
        self.now = SimulatedClock(DATE)
        return self.now

    @pytest.fixture
    def fake(self, clock: SimulatedClock) -> Iterator[FakeMailjet]:
        lag = LAG.total_seconds()
        with FakeMailjet(api_key=PUBLIC, secret_key=SECRET, clock=clock, lag_s=lag) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Mailjet:
        return Mailjet(
            http=http,
            clock=self.now,
            api_key=PUBLIC,
            secret_key=SECRET,
            base_url=base_url,
            batch_size=batch_size,
        )

    def received(self) -> list[Message]:
        return _read(self.fake_in_use.requests[-1].body)

    def travels(self, message: Message) -> Message:
        return carried(message)

    def find(self, provider: Mailjet, ref: str = "d-1") -> Any:
        return provider.find(ref, to="", since=self.now.now() - timedelta(hours=1))

    def test_request_is_the_documented_one(self, provider: Mailjet, fake: FakeMailjet) -> None:
        self.deliver(provider, make_message())
        request = fake.requests[-1]
        assert (request.method, request.path) == ("POST", "/v3.1/send")
        pair = base64.b64encode(f"{PUBLIC}:{SECRET}".encode()).decode()
        assert request.headers["authorization"] == f"Basic {pair}"
        assert request.headers["content-type"] == "application/json"
        assert fake.accepted == {"d-1": 1}

    def test_nothing_is_tracked(self, provider: Mailjet, fake: FakeMailjet) -> None:
        self.deliver(provider, make_message())
        shared = orjson.loads(fake.requests[-1].body)["Globals"]
        assert (shared["TrackOpens"], shared["TrackClicks"]) == ("disabled", "disabled")

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"subject": "x" * 256}, "255 characters"), ({"html": "", "text": ""}, "it is empty")],
    )
    def test_what_mailjet_does_not_take_is_refused_before_it_is_sent(
        self, provider: Mailjet, changes: dict[str, Any], words: str
    ) -> None:
        assert words in provider.objection(make_message(**changes))

    def test_a_4xx_with_results_fails_only_those_it_names(
        self, provider: Mailjet, fake: FakeMailjet
    ) -> None:
        messages = [make_message(f"d-{n}") for n in range(3)]
        messages[1] = replace(messages[1], to="nobody@localhost")
        results = provider.send(provider.prepare(messages), count=3, key="batch-1")
        assert [(r.accepted, bool(r.provider_id), r.retry) for r in results] == [
            (True, True, False),
            (False, False, False),
            (True, True, False),
        ]
        assert results[1].error == 'mailjet: mj-0013: "***" is an invalid email address.'
        assert fake.accepted == {"d-0": 1, "d-2": 1}

    def test_a_sender_that_is_not_verified_refuses_all_and_fails_nobody(
        self, provider: Mailjet, fake: FakeMailjet
    ) -> None:
        messages = [make_message(f"d-{n}", from_email="unverified@example.org") for n in (0, 1)]
        with pytest.raises(Refused, match="send-0008"):
            provider.send(provider.prepare(messages), count=2, key="batch-1")
        assert not fake.accepted

    def test_what_is_of_all_leaves_the_others_owed_beside_accepted_ones(
        self, provider: Mailjet
    ) -> None:
        items = [
            OK,
            no("mj-0013", "To[0].Email"),
            no("send-0008", "From"),
            no("mj-0020", status=500),
            no("mj-0017", status=403),
            no("send-0003", "HTMLPart"),
        ]
        results = provider.results({"Messages": items}, 6)
        assert [(r.accepted, r.retry) for r in results] == [
            (True, False),
            (False, False),
            (False, True),
            (False, True),
            (False, True),
            (False, False),
        ]

    @pytest.mark.parametrize(
        ("item", "error"),
        [
            (no("send-0008", "From"), Refused),
            (no("odd", "Something"), Refused),
            (no("mj-0020", status=500), Throttled),
        ],
    )
    def test_the_same_error_of_all_is_no_failure_of_each(
        self, provider: Mailjet, item: dict[str, object], error: type[SendError]
    ) -> None:
        with pytest.raises(error):
            provider.results({"Messages": [item] * 3}, 3)

    def test_a_bad_address_of_each_is_no_refusal_of_all(self, provider: Mailjet) -> None:
        results = provider.results({"Messages": [no("mj-0013", "To[0].Email")] * 3}, 3)
        assert [(r.accepted, r.retry) for r in results] == [(False, False)] * 3

    @pytest.mark.parametrize("status", [200, 400])
    @pytest.mark.parametrize(
        "answer",
        [
            {"Messages": []},
            {"Messages": [OK, OK]},
            {"Messages": None},
            {"Messages": [None]},
            {"Messages": [{"Status": "odd"}]},
            {"Messages": [{"Status": "success", "To": []}]},
            {"Messages": [{"Status": "success", "To": [{"MessageID": 0}]}]},
            {"Messages": [{"Status": "success", "To": [{"MessageID": True}]}]},
            {"Messages": [{"Status": "error", "Errors": []}]},
        ],
        ids=repr,
    )
    def test_an_answer_that_does_not_add_up_leaves_the_outcome_unknown(
        self, provider: Mailjet, fake: FakeMailjet, answer: Any, status: int
    ) -> None:
        fake.script.add(fault.answer(status, orjson.dumps(answer).decode()))
        with pytest.raises(OutcomeUnknown, match="not the answer it documents"):
            self.attempt(provider)

    @pytest.mark.parametrize("key", [None, "", "two words"])
    def test_without_both_halves_of_the_key_nothing_starts(
        self, http: HttpClient, key: str | None
    ) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__MAILJET__API_KEY"):
            Mailjet(http=http, clock=self.now, api_key=key, secret_key=SECRET)
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__MAILJET__SECRET_KEY"):
            Mailjet(http=http, clock=self.now, api_key=PUBLIC, secret_key=key)

    @pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: Mailjet, fake: FakeMailjet, path: Path
    ) -> None:
        self.play(provider, fake, path)

    # Search: what the send class promises

    @pytest.mark.parametrize("trouble", [fault.reset(accept=True), fault.garbage()], ids=repr)
    def test_what_was_taken_over_before_the_answer_got_lost_is_found(
        self, provider: Mailjet, fake: FakeMailjet, trouble: fault.Fault
    ) -> None:
        fake.script.add(trouble)
        with pytest.raises(OutcomeUnknown):
            provider.send(provider.prepare([make_message("d-1")]), count=1, key="batch-1")
        self.now.advance(LAG)
        found = self.find(provider)
        assert found.provider_id == fake.acceptances.of("d-1")[0].provider_id

    def test_what_was_not_taken_over_is_not_found(self, provider: Mailjet) -> None:
        self.deliver(provider, make_message("d-2"), make_message("d-10"))
        self.now.advance(LAG)
        assert self.find(provider, "d-1") is None

    def test_a_search_does_not_see_what_is_too_new(self, provider: Mailjet) -> None:
        self.deliver(provider, make_message("d-1"))
        self.now.advance(LAG - timedelta(seconds=1))
        assert self.find(provider) is None
        assert self.send_class.lag > LAG

    def test_a_question_is_the_documented_one(self, provider: Mailjet, fake: FakeMailjet) -> None:
        self.find(provider)
        asked = fake.requests[-1]
        assert asked.path == "/v3/REST/message?CustomID=d-1&ShowCustomID=true&Limit=10"

    @pytest.mark.parametrize(
        ("mails", "found"),
        [
            ([], None),
            ([{"ID": 7}], "7"),
            ([{"ID": 7, "CustomID": "d-2"}, {"ID": 8, "CustomID": "d-1"}], "8"),
            ([{"ID": 8, "CustomID": "d-1"}, {"ID": 9, "CustomID": "d-1"}], "8"),
        ],
        ids=repr,
    )
    def test_a_listing_is_read_with_care(
        self, provider: Mailjet, fake: FakeMailjet, mails: list[object], found: str | None
    ) -> None:
        fake.script.add(fault.answer(200, orjson.dumps({"Data": mails}).decode()))
        result = self.find(provider)
        assert (result.provider_id if result else None) == found

    @pytest.mark.parametrize(
        "listing",
        [
            None,
            [],
            {},
            {"Data": None},
            {"Data": [None]},
            {"Data": [{"CustomID": "d-1"}]},
            {"Data": [{"ID": 7}, {"ID": 8}]},
            {"Data": [{"ID": 7, "CustomID": "d-2"}]},
        ],
        ids=repr,
    )
    def test_a_listing_of_other_mails_settles_nothing(
        self, provider: Mailjet, fake: FakeMailjet, listing: Any
    ) -> None:
        fake.script.add(fault.answer(200, orjson.dumps(listing).decode()))
        with pytest.raises(OutcomeUnknown):
            self.find(provider)

    def test_after_a_month_a_mail_is_never_taken_for_not_sent(self, provider: Mailjet) -> None:
        with pytest.raises(OutcomeUnknown, match="forgotten"):
            provider.find("d-1", to="", since=self.now.now() - timedelta(days=30))

    def test_the_account_tells_of_our_domain(self, provider: Mailjet, fake: FakeMailjet) -> None:
        assert "not among" in provider.account("example.org").trouble
        fake.domains["example.org"] = {
            "DKIMRecordName": "mailjet._domainkey.example.org.",
            "DKIMRecordValue": "k=rsa; p=MIG",
            "DKIMStatus": "OK",
            "SPFRecordValue": "v=spf1 include:spf.mailjet.com ?all",
            "SPFStatus": "Error",
        }
        told = provider.account("example.org")
        assert told.trouble == "example.org: not in order there: SPF"
        assert [one.name for one in told.records] == [
            "mailjet._domainkey.example.org",
            "example.org",
        ]


class TestMailjetMerge(MergeContract):
    def adapter(self) -> Provider:
        http = HttpClient(timeout=1, user_agent="x")
        return Mailjet(http=http, clock=SystemClock(), api_key="x", secret_key="y")

    def merged(self, body: bytes) -> list[Message]:
        return _read(body)

    def stream(self, message: Message) -> Message:
        return replace(carried(message), stream="bulk")


def _read(body: bytes) -> list[Message]:
    """Read a request as Mailjet does: what a message does not say is said by the globals."""
    given = orjson.loads(body)
    return [_message({**given["Globals"], **one}) for one in given["Messages"]]


def _message(item: dict[str, Any]) -> Message:
    (to,) = item["To"]
    assert "TemplateLanguage" not in item  # so nothing in it is read as a template
    return Message(
        ref=item["CustomID"],
        date=DATE,
        to=to["Email"],
        to_name=to.get("Name", ""),
        from_email=item["From"]["Email"],
        from_name=item["From"].get("Name", ""),
        reply_to=item.get("ReplyTo", {}).get("Email", ""),
        subject=item["Subject"],
        html=item["HTMLPart"],
        text=item["TextPart"],
        headers=item["Headers"],
    )
