"""Idempotency-Key: done once however often it is sent, in several threads, and after a crash."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.people import admit
from bypost.store import Store, replies, signups, subscribers
from bypost.web.api.once import REPLAYED
from scheduler.clock import SimulatedClock
from tests.web.api_client import Api, make_token

ADMIT = {"email": "cy@example.org", "course": "letters", "consent": "Asked for it by phone."}
ASK = {"email": "cy@example.org", "course": "letters", "wording": "Send me the course."}


def requests_of(context: Context, address: str = "cy@example.org") -> list[Any]:
    with context.store.read() as connection:
        person = subscribers.by_keys(connection, [address]).get(address)
        return list(signups.of_subscriber(connection, person["id"])) if person else []


def test_the_same_request_with_the_same_key_has_the_same_answer(api: Api) -> None:
    first = api.post("/subscribers", ADMIT, key="k")
    again = api.post("/subscribers", ADMIT, key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers[REPLAYED] == "true"
    assert REPLAYED not in first.headers


def test_every_post_takes_a_key(api: Api) -> None:
    run = {"subscriber_id": 1, "course": "letters", "consent": "Asked."}
    letter = {"subscriber_id": 1, "newsletter": "notes", "consent": "Asked."}
    posts: list[tuple[str, Any]] = [
        ("/subscribers", ASK),
        ("/enrollments", run),
        ("/subscriptions", letter),
        ("/enrollments/1/pause", {"weeks": 1}),
        ("/enrollments/1/resume", None),
        ("/enrollments/1/next", None),
        ("/enrollments/1/leave", None),
        ("/subscriptions/1/leave", None),
        ("/subscribers/1/leave", None),
    ]
    described = api.get("/openapi.json").json()["paths"].values()
    assert len(posts) == sum("post" in methods for methods in described)
    for number, (path, body) in enumerate(posts):
        first = api.post(path, body, key=f"k{number}")
        again = api.post(path, body, key=f"k{number}")
        assert again.headers[REPLAYED] == "true"
        assert (again.status_code, again.content) == (first.status_code, first.content)


def test_a_repetition_does_not_act_again(context: Context, api: Api) -> None:
    paused = api.post("/enrollments/1/pause", {"weeks": 1}, key="pause").json()
    api.post("/enrollments/1/resume", key="resume")
    assert api.post("/enrollments/1/pause", {"weeks": 1}, key="pause").json() == paused
    assert api.get("/enrollments/1").json()["paused_until"] is None


def test_a_key_belongs_to_one_request(context: Context, api: Api) -> None:
    api.post("/enrollments/1/pause", {"weeks": 1}, key="k")
    others: list[tuple[str, Any]] = [
        ("/enrollments/1/pause", {"weeks": 2}),
        ("/enrollments/2/pause", {"weeks": 1}),
        ("/enrollments/1/resume", None),
        ("/subscribers", ADMIT),
    ]
    for path, body in others:
        answer = api.post(path, body, key="k")
        assert (answer.status_code, answer.json()["code"]) == (422, "key-used")


def test_the_order_of_fields_makes_no_other_request(api: Api) -> None:
    first = api.post("/subscribers", ADMIT, key="k")
    turned = dict(reversed(list(ADMIT.items())))
    assert api.post("/subscribers", turned, key="k").content == first.content


def test_a_key_is_its_tokens_own(context: Context, public: TestClient, api: Api) -> None:
    api.post("/enrollments/1/pause", {"weeks": 1}, key="k")
    other = Api(public, make_token(context, name="other"))
    answer = other.post("/enrollments/1/resume", key="k")
    assert answer.status_code == 200
    assert REPLAYED not in answer.headers


def test_a_key_is_kept_for_a_day(api: Api, clock: SimulatedClock) -> None:
    api.post("/enrollments/1/next", key="k")
    clock.advance(replies.KEPT - timedelta(seconds=1))
    assert REPLAYED in api.post("/enrollments/1/next", key="k").headers
    clock.advance(timedelta(seconds=1))
    assert REPLAYED not in api.post("/enrollments/1/next", key="k").headers


def test_what_failed_was_not_done_and_may_be_repeated_with_the_same_key(
    context: Context, api: Api
) -> None:
    wish = {"subscriber_id": 3, "course": "letters", "consent": "Asked."}
    assert api.post("/enrollments", wish, key="k").status_code == 404
    assert api.post("/subscribers", {**ADMIT, "course": ""}, key="k2").status_code == 422
    api.post("/subscribers", {"email": "cy@example.org", "consent": "Asked."})
    assert api.post("/enrollments", wish, key="k").status_code == 201
    assert api.post("/subscribers", ADMIT, key="k2").status_code == 200


def test_a_mistake_of_ours_leaves_nothing_behind(
    context: Context, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power went off")

    monkeypatch.setattr(admit, "_agree", crash)
    with pytest.raises(RuntimeError):
        api.post("/subscribers", ADMIT, key="k")
    monkeypatch.undo()
    assert len(api.all("/subscribers")) == 2
    assert api.post("/subscribers", ADMIT, key="k").status_code == 201


def test_a_second_request_while_the_first_is_under_way_is_told_to_come_again(
    context: Context, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    claim = replies.claim

    def slow(*args: Any, **more: Any) -> Any:
        begun.set()
        assert go_on.wait(20)
        return claim(*args, **more)

    monkeypatch.setattr(replies, "claim", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(api.post, "/subscribers", ADMIT, key="k")
        assert begun.wait(20)
        second = api.post("/subscribers", ADMIT, key="k")
        go_on.set()
        assert first.result(20).status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "key-busy")
    assert second.headers["retry-after"] == "1"
    assert api.post("/subscribers", ADMIT, key="k").headers[REPLAYED] == "true"


def test_the_same_key_from_many_threads_is_done_once(context: Context, api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("/subscribers", ASK, key="k"), range(16)))
    assert {one.status_code for one in answers} <= {202, 409}
    assert sum(one.status_code == 202 and REPLAYED not in one.headers for one in answers) == 1
    assert len(requests_of(context)) == 1


def test_another_process_finds_the_answer_of_the_first(context: Context, api: Api) -> None:
    api.post("/enrollments/1/next", key="k")
    other = Store(context.settings.database.url, root=context.root)
    with other.write() as connection:
        kept = replies.claim(connection, 1, "k", request=b"", now=context.clock.now())
    other.close()
    assert kept is not None
    assert (kept["status"], kept["body"]) == (200, '{"answer":"asked"}')


def test_a_key_is_printable_and_not_endless(api: Api) -> None:
    for key in ("x" * 256, "a b", "\x7f", "\t"):
        answer = api.post("/enrollments/1/next", key=key)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"
    assert api.post("/enrollments/1/next", key="x" * 255).status_code == 200


def test_answers_about_a_person_go_with_them(context: Context, api: Api) -> None:
    number = api.post("/subscribers", ADMIT, key="k").json()["id"]
    with context.store.write() as connection:
        replies.forget_of(connection, number)
    assert REPLAYED not in api.post("/subscribers", ADMIT, key="k").headers
