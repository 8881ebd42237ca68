from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest

from bypost.http import HttpAnswer, HttpClient
from bypost.testing import fault
from bypost.testing.fake_postmark import FakePostmark
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import no_proxies

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TOKEN = {"X-Postmark-Server-Token": "pm_test_key"}


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    no_proxies(monkeypatch)
    client = HttpClient(timeout=10, user_agent="bypost-tests/1")
    yield client
    client.close()


Post = Callable[..., HttpAnswer]
Search = Callable[..., list[str]]


@pytest.fixture
def post(http: HttpClient) -> Post:
    def post(url: str, body: bytes, **headers: str) -> HttpAnswer:
        return http.post(f"{url}/email/batch", body, TOKEN | headers)

    return post


@pytest.fixture
def search(http: HttpClient) -> Search:
    def search(url: str, query: str) -> list[str]:
        answer = http.get(f"{url}/messages/outbound?count=50&offset=0&{query}", TOKEN)
        found = orjson.loads(answer.body)
        assert found["TotalCount"] == len(found["Messages"])
        return [message["Metadata"]["ref"] for message in found["Messages"]]

    return search


def batch(*refs: str, to: str = "ann@example.org", **fields: object) -> bytes:
    return orjson.dumps(
        [
            {
                "From": "a@example.org",
                "To": to,
                "TextBody": 'The "From": field',
                "Metadata": {"ref": ref},
                **fields,
            }
            for ref in refs
        ]
    )


def codes(answer: HttpAnswer) -> list[int]:
    return [item["ErrorCode"] for item in orjson.loads(answer.body)]


def test_what_comes_twice_is_accepted_twice(post: Post) -> None:
    with FakePostmark() as fake:
        first, second = post(fake.url, batch("a", "b")), post(fake.url, batch("a"))
        assert codes(first) == [0, 0]
        assert codes(second) == [0]
        assert fake.accepted == {"a": 2, "b": 1}
        assert fake.acceptances.summary() == {"accepted": 3, "distinct": 2, "repeated": 1}


def test_each_message_has_a_result_of_its_own(post: Post) -> None:
    with FakePostmark() as fake:
        bodies = [
            batch("a"),
            batch("b", to="inactive@example.org"),
            batch("c", to="nobody"),
            batch("d", TextBody=""),
            batch("e", MessageStream="other"),
            batch("f", MessageStream="broadcast"),
        ]
        messages = [message for body in bodies for message in orjson.loads(body)]
        assert codes(post(fake.url, orjson.dumps([*messages, 7]))) == [
            *(0, 406, 300, 300, 1235, 0),
            300,
        ]
        assert fake.accepted == {"a": 1, "f": 1}


def test_a_search_sees_a_message_after_the_lag(post: Post, search: Search) -> None:
    clock = SimulatedClock(START)
    with FakePostmark(clock=clock, lag_s=60) as fake:
        post(fake.url, batch("a"))
        clock.advance(timedelta(seconds=59))
        assert search(fake.url, "metadata_ref=a") == []
        clock.advance(timedelta(seconds=1))
        assert search(fake.url, "metadata_ref=a") == ["a"]


def test_a_search_is_for_one_reference_one_recipient_and_one_stream(
    post: Post, search: Search
) -> None:
    with FakePostmark() as fake:
        post(fake.url, batch("a", "b"))
        post(fake.url, batch("c", to="bo@example.org", MessageStream="broadcast"))
        assert search(fake.url, "metadata_ref=b") == ["b"]
        assert search(fake.url, "metadata_ref=c") == []
        assert search(fake.url, "metadata_ref=c&messagestream=broadcast") == ["c"]
        assert sorted(search(fake.url, "recipient=ann@example.org")) == ["a", "b"]
        assert search(fake.url, "recipient=bo@example.org&messagestream=broadcast") == ["c"]


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"not json", 402), (b"{}", 403), (batch(*map(str, range(501))), 410)],
    ids=["text", "object", "501"],
)
def test_a_request_that_is_none_is_refused_whole(post: Post, body: bytes, code: int) -> None:
    with FakePostmark() as fake:
        answer = post(fake.url, body)
        assert (answer.status, orjson.loads(answer.body)["ErrorCode"]) == (422, code)
        assert not fake.accepted


def test_a_wrong_token_is_let_in_nowhere(post: Post, http: HttpClient) -> None:
    with FakePostmark() as fake:
        assert post(fake.url, batch("a"), **{"X-Postmark-Server-Token": "other"}).status == 401
        assert http.get(f"{fake.url}/messages/outbound?count=1&offset=0", {}).status == 401
        assert not fake.accepted


@pytest.mark.parametrize("path", ["/email", "/messages/outbound/x", "/"])
def test_other_paths_do_not_exist(http: HttpClient, path: str) -> None:
    with FakePostmark() as fake:
        assert http.get(fake.url + path, TOKEN).status == 404


@pytest.mark.parametrize("query", ["", "?count=1", "?count=x&offset=0"])
def test_a_search_without_a_page_is_refused(http: HttpClient, query: str) -> None:
    with FakePostmark() as fake:
        assert http.get(f"{fake.url}/messages/outbound{query}", TOKEN).status == 422


def test_discarding_answers_a_result_per_message_and_keeps_nothing(post: Post) -> None:
    with FakePostmark(discard=True) as fake:
        assert codes(post(fake.url, batch("a", "b", "c"))) == [0, 0, 0]
        assert not fake.accepted


def test_faults_meet_searches_too(post: Post, http: HttpClient) -> None:
    with FakePostmark(faults=[None, fault.error(503, accept=False)]) as fake:
        assert post(fake.url, batch("a")).status == 200
        assert http.get(f"{fake.url}/messages/outbound?count=1&offset=0", TOKEN).status == 503


@pytest.mark.process
def test_on_its_own_it_prints_its_url_writes_its_log_and_answers_questions(
    post: Post, search: Search, tmp_path: Path
) -> None:
    log = tmp_path / "accepted.jsonl"
    command = [sys.executable, "-m", "bypost.testing.fake_postmark", "--log", str(log)]
    command += ["--lag", "0.2", "--latency", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            post(url, batch("a", "b"))
            assert get(f"{url}/_count") == {"accepted": 2, "distinct": 2, "repeated": 0}
            assert get(f"{url}/_log")["accepted"] == {"a": 1, "b": 1}
        finally:
            process.kill()
    lines = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    assert [(line["ref"], line["to"]) for line in lines] == [
        ("a", "ann@example.org"),
        ("b", "ann@example.org"),
    ]


def get(url: str) -> Any:
    with urlopen(url, timeout=10) as answer:
        return orjson.loads(answer.read())
