from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest

from bypost.http import HttpAnswer, HttpClient
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import no_proxies

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    no_proxies(monkeypatch)
    client = HttpClient(timeout=10, user_agent="bypost-tests/1")
    yield client
    client.close()


Post = Callable[..., HttpAnswer]


@pytest.fixture
def post(http: HttpClient) -> Post:
    def post(url: str, body: bytes, key: str = "k", **headers: str) -> HttpAnswer:
        given = {"Authorization": "Bearer re_test_key", "Idempotency-Key": key}
        return http.post(f"{url}/emails/batch", body, given | headers)

    return post


def batch(*refs: str, to: str = "ann@example.org") -> bytes:
    return orjson.dumps(
        [
            {
                "from": "a@example.org",
                "to": [to],
                "subject": 'The "from": field',
                "tags": [{"name": "ref", "value": ref}],
            }
            for ref in refs
        ]
    )


def test_the_same_key_and_bytes_are_answered_alike_and_accepted_once(post: Post) -> None:
    with FakeResend() as fake:
        first, second = post(fake.url, batch("a", "b")), post(fake.url, batch("a", "b"))
        assert first.body == second.body
        assert fake.accepted == {"a": 1, "b": 1}


def test_without_a_key_everything_is_accepted_again(post: Post) -> None:
    with FakeResend() as fake:
        post(fake.url, batch("a"), key="")
        post(fake.url, batch("a"), key="")
        assert fake.accepted == {"a": 2}
        assert fake.acceptances.summary() == {"accepted": 2, "distinct": 1, "repeated": 1}


def test_a_key_is_forgotten_after_a_day(post: Post) -> None:
    clock = SimulatedClock(START)
    with FakeResend(clock=clock) as fake:
        post(fake.url, batch("a"))
        clock.advance(timedelta(hours=23, minutes=59))
        post(fake.url, batch("a"))
        assert fake.accepted == {"a": 1}
        clock.advance(timedelta(minutes=1))
        post(fake.url, batch("a"))
        assert fake.accepted == {"a": 2}
        assert fake.acceptances.log == [(START, "a"), (START + timedelta(days=1), "a")]


def test_a_key_with_other_bytes_is_a_conflict(post: Post) -> None:
    with FakeResend() as fake:
        post(fake.url, batch("a"))
        answer = post(fake.url, batch("b"))
        assert answer.status == 409
        assert orjson.loads(answer.body)["name"] == "invalid_idempotent_request"
        assert fake.accepted == {"a": 1}


def test_a_key_still_at_work_is_a_conflict_of_another_name(post: Post) -> None:
    with FakeResend(faults=[fault.slow(0.5)]) as fake:
        first = threading.Thread(target=post, args=(fake.url, batch("a")))
        first.start()
        while not fake.requests:
            time.sleep(0.01)
        answer = post(fake.url, batch("a"))
        first.join()
        assert answer.status == 409
        assert orjson.loads(answer.body)["name"] == "concurrent_idempotent_requests"
        assert post(fake.url, batch("a")).status == 200
        assert fake.accepted == {"a": 1}


def test_a_refused_request_does_not_use_up_its_key(post: Post) -> None:
    with FakeResend() as fake:
        assert post(fake.url, b"not json").status == 422
        assert post(fake.url, batch("a")).status == 200


def test_a_wrong_key_is_let_in_nowhere(post: Post) -> None:
    with FakeResend() as fake:
        assert post(fake.url, batch("a"), Authorization="Bearer other").status == 401
        assert not fake.accepted


def test_more_than_a_hundred_are_refused(post: Post) -> None:
    with FakeResend() as fake:
        assert post(fake.url, batch(*map(str, range(101)))).status == 422
        assert not fake.accepted


def test_strict_mode_refuses_all_for_one(post: Post) -> None:
    with FakeResend() as fake:
        bad = orjson.loads(batch("b", to="bounce-now@example.org"))
        body = orjson.dumps(orjson.loads(batch("a")) + bad)
        assert post(fake.url, body, key="1").status == 422
        answer = post(fake.url, body, key="2", **{"x-batch-validation": "permissive"})
        assert answer.status == 200
        assert [error["index"] for error in orjson.loads(answer.body)["errors"]] == [1]
        assert fake.accepted == {"a": 1}


@pytest.mark.parametrize(
    ("trouble", "accepted"),
    [
        (fault.error(accept=True), {"a": 1}),
        (fault.error(accept=False), {}),
        (fault.throttled(), {}),
        (fault.garbage(), {"a": 1}),
    ],
    ids=repr,
)
def test_a_fault_accepts_or_not_as_it_says(
    post: Post, trouble: fault.Fault, accepted: dict[str, int]
) -> None:
    with FakeResend(faults=[trouble]) as fake:
        post(fake.url, batch("a"))
        assert fake.accepted == accepted


def test_faults_may_follow_a_rule(post: Post) -> None:
    every_second = lambda n: fault.error(accept=False) if n % 2 else None  # noqa: E731
    with FakeResend(faults=every_second) as fake:
        statuses = [post(fake.url, batch(str(n)), key=str(n)).status for n in range(4)]
        assert statuses == [200, 500, 200, 500]


def test_discarding_answers_an_id_per_message_and_keeps_nothing(post: Post) -> None:
    with FakeResend(discard=True) as fake:
        answer = post(fake.url, batch("a", "b", "c"))
        assert len(orjson.loads(answer.body)["data"]) == 3
        assert not fake.accepted
        assert not fake.requests


@pytest.mark.process
def test_on_its_own_it_prints_its_url_writes_its_log_and_answers_questions(
    post: Post, http: HttpClient, tmp_path: Path
) -> None:
    log = tmp_path / "accepted.jsonl"
    command = [sys.executable, "-m", "bypost.testing.fake_resend", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            post(url, batch("a", "b"))
            faults = orjson.dumps([{"status": 503, "body": ""}, None])
            assert http.post(f"{url}/_faults", faults, {}).status == 200
            assert post(url, batch("c"), key="2").status == 503
            assert post(url, batch("c"), key="2").status == 200
            assert get(f"{url}/_count") == {"accepted": 3, "distinct": 3, "repeated": 0}
            assert get(f"{url}/_log")["accepted"] == {"a": 1, "b": 1, "c": 1}
        finally:
            process.kill()
    lines = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    assert [(line["ref"], line["to"], line["key"]) for line in lines] == [
        ("a", "ann@example.org", "k"),
        ("b", "ann@example.org", "k"),
        ("c", "ann@example.org", "2"),
    ]
    assert all(datetime.fromisoformat(line["t"]).tzinfo for line in lines)


def get(url: str) -> Any:
    with urlopen(url, timeout=10) as answer:
        return orjson.loads(answer.read())
