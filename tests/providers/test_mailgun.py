from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.http import HttpClient
from bypost.model.event import EventKind
from bypost.model.message import Message, Search
from bypost.providers.base import Provider
from bypost.providers.mailgun import BOUNDARY, MAX_OPTIONS, PAGE, Mailgun
from bypost.providers.mailgun_hook import MailgunHook
from bypost.testing import fault
from bypost.testing.fake_mailgun import DOMAIN, FakeMailgun, merged, read_form
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import SECRET
from tests.contracts.merge import MergeContract, lesson
from tests.contracts.provider import DATE, make_message, make_messages
from tests.contracts.shape import Shape
from tests.contracts.whole_batch import WholeBatchContract

RECORDED = Path(__file__).parents[1] / "recorded" / "mailgun"
SHAPE = Shape.recorded("mailgun-messages")
LAG = timedelta(minutes=10)


def faults_of(body: bytes) -> list[str]:
    """Return what a form has against Mailgun's description."""
    fields: dict[str, Any] = {"to": []}
    for name, value in read_form(body, BOUNDARY):
        if name == "to":
            fields["to"].append(value)
        else:
            assert name not in fields
            fields[name] = value
    assert len(fields["to"]) == len(orjson.loads(fields["recipient-variables"]))
    return SHAPE.faults(fields)


class TestMailgun(WholeBatchContract):
    send_class = Search(lag=timedelta(minutes=30))
    most = 1000

    @pytest.fixture(autouse=True)
    def clock(self) -> SimulatedClock:
        self.now = SimulatedClock(DATE)
        return self.now

    @pytest.fixture
    def fake(self, clock: SimulatedClock) -> Iterator[FakeMailgun]:
        with FakeMailgun(api_key=SECRET, clock=clock, lag_s=LAG.total_seconds()) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Mailgun:
        return Mailgun(
            http=http,
            clock=self.now,
            api_key=SECRET,
            domain=DOMAIN,
            base_url=base_url,
            batch_size=batch_size,
        )

    def received(self) -> list[Message]:
        return merged(read_form(self.fake_in_use.requests[-1].body, BOUNDARY), DATE)

    def find(self, provider: Mailgun, ref: str = "d-1", to: str = "ann@example.org") -> Any:
        return provider.find(ref, to=to, since=DATE - timedelta(minutes=1))

    def test_request_is_the_documented_one(self, provider: Mailgun, fake: FakeMailgun) -> None:
        self.deliver(provider, make_message())
        request = fake.requests[-1]
        login = base64.b64encode(f"api:{SECRET}".encode()).decode()
        assert (request.method, request.path) == ("POST", f"/v3/{DOMAIN}/messages")
        assert request.headers["authorization"] == f"Basic {login}"
        assert request.headers["content-type"] == f"multipart/form-data; boundary={BOUNDARY}"
        assert fake.accepted == {"d-1": 1}

    def test_nothing_is_tracked(self, provider: Mailgun) -> None:
        form = dict(read_form(provider.prepare([make_message()]), BOUNDARY))
        assert {form[name] for name in form if name.startswith("o:tracking")} == {"no"}

    def test_requests_are_as_the_vendor_describes_them(self, provider: Mailgun) -> None:
        assert faults_of(provider.prepare([make_message()])) == []
        assert faults_of(provider.prepare([make_message(reply_to="", text="")])) == []
        for says in ("", "%recipient.x%", "{{x}}\r\n"):
            assert faults_of(provider.encode_bulk(lesson(20, says=says))) == []

    @pytest.mark.parametrize("count", [1, 2])
    def test_the_line_between_fields_stays_one_though_an_author_writes_it(
        self, provider: Mailgun, count: int
    ) -> None:
        says = f'\r\n--{BOUNDARY}--\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="to"'
        bulk = lesson(count, says=says, value=says)
        assert merged(read_form(provider.encode_bulk(bulk), BOUNDARY), DATE) == list(
            bulk.messages()
        )

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"subject": ""}, "subject is empty"),
            ({"html": "", "text": ""}, "neither HTML nor text"),
            ({"headers": {"X-A": "a " * (MAX_OPTIONS // 2)}}, "headers have 15,007 bytes"),
        ],
        ids=["subject", "body", "headers"],
    )
    def test_what_mailgun_would_refuse_meets_an_objection(
        self, provider: Mailgun, changes: dict[str, object], words: str
    ) -> None:
        assert words in provider.objection(make_message(**changes))

    def test_a_bad_address_spoils_its_request(self, provider: Mailgun, fake: FakeMailgun) -> None:
        messages = [make_message("d-0"), make_message("d-1", to="nobody@localhost")]
        with pytest.raises(
            Refused, match=r"not a valid address.*halves the request until it stands alone"
        ):
            provider.send(provider.prepare(messages), count=2, key="batch-1")
        assert not fake.accepted

    def test_a_bad_address_alone_in_its_request_fails_alone(self, provider: Mailgun) -> None:
        message = make_message(to="nobody@localhost")
        (result,) = provider.send(provider.prepare([message]), count=1, key="batch-1")
        assert (result.accepted, result.retry) == (False, False)
        assert result.error.startswith("mailgun: to parameter is not a valid address")

    def test_a_429_says_in_words_how_long(self, provider: Mailgun, fake: FakeMailgun) -> None:
        words = "account-requests-per-sec limit exceeded, try again after 120 seconds"
        fake.script.add(fault.answer(429, orjson.dumps({"message": words}).decode()))
        with pytest.raises(Throttled, match="limit exceeded") as caught:
            self.attempt(provider)
        assert caught.value.retry_after == timedelta(minutes=2)

    def test_a_mail_of_which_an_event_tells_is_found(
        self, provider: Mailgun, fake: FakeMailgun
    ) -> None:
        fake.script.add(fault.reset(accept=True))
        with pytest.raises(OutcomeUnknown):
            provider.send(provider.prepare([make_message("d-1")]), count=1, key="batch-1")
        assert self.find(provider) is None  # no event is listed yet
        self.now.advance(LAG)
        found = self.find(provider)
        assert found.accepted
        assert found.provider_id == fake.message("d-1").provider_id
        assert self.find(provider, ref="d-2") is None
        assert self.find(provider, to="bob@example.org") is None

    def test_the_mail_of_somebody_erased_is_found_on_a_later_page(self, provider: Mailgun) -> None:
        self.deliver(provider, *make_messages(PAGE + 5))
        self.now.advance(LAG)
        assert self.find(provider, ref=f"d-{PAGE + 3}", to="").accepted
        assert self.find(provider, ref="d-unknown", to="") is None

    def test_what_is_not_found_after_the_events_are_gone_stays_open(
        self, provider: Mailgun
    ) -> None:
        self.now.advance(timedelta(days=3))
        with pytest.raises(OutcomeUnknown, match="may have forgotten it"):
            self.find(provider)

    def test_a_listing_without_end_leaves_the_question_open(
        self, provider: Mailgun, fake: FakeMailgun
    ) -> None:
        page = orjson.dumps({"items": [{}], "paging": {"next": "https://x/v3/y?page=1"}}).decode()
        fake.script.add(*[fault.answer(200, page)] * 20)
        with pytest.raises(OutcomeUnknown, match="more than 6,000 events"):
            self.find(provider)

    @pytest.mark.parametrize(
        "body",
        [
            "{}",
            "[]",
            '{"items":[1]}',
            '{"items":[{}]}',
            '{"items":[{"user-variables":{"ref":"%recipient.ref%"}}],"paging":{"next":""}}',
            "no",
        ],
    )
    def test_a_strange_listing_is_no_answer(
        self, provider: Mailgun, fake: FakeMailgun, body: str
    ) -> None:
        fake.script.add(fault.answer(200, body))
        with pytest.raises(OutcomeUnknown):
            self.find(provider)

    def test_the_account_tells_of_the_domain_and_its_records(
        self, provider: Mailgun, fake: FakeMailgun
    ) -> None:
        told = provider.account("example.org")
        assert (told.trouble, len(told.records)) == ("", 2)
        assert told.records[1].name == f"pic._domainkey.{DOMAIN}"
        fake.state = "unverified"
        assert provider.account("example.org").trouble == f"{DOMAIN} is unverified there"

    def test_events_of_the_fake_are_read(self, provider: Mailgun, fake: FakeMailgun) -> None:
        (identity,) = self.deliver(provider, make_message())
        hook = MailgunHook(fake.webhook_secret, self.now)
        (event,) = hook.read(*fake.event("d-1", EventKind.DELIVERED))
        assert (event.ref, event.kind) == ("d-1", EventKind.DELIVERED)
        assert (event.provider_id, event.recipient) == (identity, "ann@example.org")

    @pytest.mark.parametrize("key", [None, "", "two words", "line\n", "schlüssel"])
    def test_without_a_usable_api_key_nothing_starts(
        self, http: HttpClient, key: str | None
    ) -> None:
        with pytest.raises(SettingsError, match="BYPOST_PROVIDERS__MAILGUN__API_KEY"):
            Mailgun(http=http, clock=self.now, api_key=key, domain=DOMAIN)

    @pytest.mark.parametrize("domain", [None, ""])
    def test_without_a_domain_nothing_starts(self, http: HttpClient, domain: str | None) -> None:
        with pytest.raises(SettingsError, match=r"\[providers.mailgun\] domain is missing"):
            Mailgun(http=http, clock=self.now, api_key="key-1", domain=domain)

    @pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
    def test_recorded_answers_mean_what_their_file_says(
        self, provider: Mailgun, fake: FakeMailgun, path: Path
    ) -> None:
        self.play(provider, fake, path)


class TestMailgunMerge(MergeContract):
    def adapter(self) -> Provider:
        http = HttpClient(timeout=1, user_agent="x")
        return Mailgun(http=http, clock=SimulatedClock(DATE), api_key="key-x", domain=DOMAIN)

    def merged(self, body: bytes) -> list[Message]:
        return merged(read_form(body, BOUNDARY), DATE)
