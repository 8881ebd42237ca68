"""Who may use the API: a token first, then its scope, then how often."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.store import tokens
from bypost.web import make_site
from bypost.web.api.rate import Rate
from bypost.web.problem import API
from scheduler.clock import SimulatedClock
from tests.web.api_client import Api, check_problem, make_token
from tests.web.conftest import LOCAL, PUBLIC

#: One request of each kind; the numbers are there after the first pass.
READS = [
    "/subscribers",
    "/subscribers/1",
    "/enrollments",
    "/enrollments/1",
    "/subscriptions",
    "/subscriptions/1",
    "/deliveries",
    "/newsletters",
    "/newsletters/notes",
    "/newsletters/notes/issues",
    "/events",
]
WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "/subscribers/1", {"name": "Anna"}),
    ("POST", "/enrollments", {"subscriber_id": 1, "course": "letters", "consent": "Asked."}),
    ("POST", "/enrollments/1/pause", {"weeks": 1}),
    ("POST", "/enrollments/1/resume", None),
    ("POST", "/enrollments/1/next", None),
    ("POST", "/enrollments/1/leave", None),
    ("POST", "/subscriptions", {"subscriber_id": 1, "newsletter": "notes", "consent": "Asked."}),
    ("POST", "/subscriptions/1/leave", None),
    ("POST", "/subscribers/1/leave", None),
    ("DELETE", "/subscribers/2", None),
]
ASK = {"email": "cy@example.org", "course": "letters", "wording": "Send me the course."}
ADMIT = {"email": "di@example.org", "course": "letters", "consent": "Asked for it by phone."}


def with_token(context: Context, client: TestClient, *scopes: str) -> Api:
    return Api(client, make_token(context, *scopes))


def test_a_request_without_a_token_learns_how_to_name_one(public: TestClient) -> None:
    named: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YWRtaW46c2VjcmV0"},
        {"Authorization": "bypost_abc"},
        {"X-Api-Key": "bypost_abc"},
    ]
    paths = ("/subscribers", "/nothing", "/", "/subscribers/1/leave")
    for headers, path in product(named, paths):
        answer = public.get(f"{API}{path}", headers=headers)
        check_problem(answer)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="bypost"'
        assert "bypost admin token add" in answer.json()["detail"]


def test_a_token_that_is_not_known_opens_nothing_and_is_not_repeated(public: TestClient) -> None:
    for token in ("bypost_nonsense", "x" * 5000, "a b", "\xe9\xff", tokens.make()):
        headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
        answer = public.get(f"{API}/subscribers", headers=headers)
        check_problem(answer)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert token not in answer.text


def test_two_tokens_at_once_are_none(public: TestClient, api: Api) -> None:
    headers = [("Authorization", f"Bearer {api.token}")] * 2
    assert public.get(f"{API}/subscribers", headers=headers).status_code == 401


def test_a_token_in_the_address_opens_nothing(public: TestClient, api: Api) -> None:
    for query in ("token", "access_token", "api_key"):
        answer = public.get(f"{API}/subscribers?{query}={api.token}")
        assert answer.status_code == 401
        assert api.token not in answer.text


def test_the_word_bearer_may_be_written_in_any_case(public: TestClient, api: Api) -> None:
    headers = {"Authorization": f"bEARER {api.token}"}
    assert public.get(f"{API}/subscribers", headers=headers).status_code == 200


def test_a_revoked_token_opens_nothing_from_the_next_request_on(context: Context, api: Api) -> None:
    assert api.get("/subscribers").status_code == 200
    with context.store.write() as connection:
        tokens.revoke(connection, "test", context.clock.now())
    assert api.get("/subscribers").status_code == 401


def test_every_kind_of_request_is_named_here(api: Api) -> None:
    described = {
        (method.upper(), path)
        for path, methods in api.get("/openapi.json").json()["paths"].items()
        for method in methods
    }
    named = [("GET", path) for path in READS] + [(m, path) for m, path, _ in WRITES]
    plain = {(m, re.sub("/[12]|/notes", "/{}", path)) for m, path in named}
    plain |= {("POST", "/subscribers"), ("GET", "/deliveries/{}")}
    assert {(m, re.sub(r"\{\w+\}", "{}", path)) for m, path in described} == plain


def test_looking_needs_the_scope_read(context: Context, public: TestClient) -> None:
    api = with_token(context, public, "write", "signup")
    other = Api(public, make_token(context, "read", name="other"))
    for path in READS:
        refused = api.get(path)
        assert refused.status_code == 403
        assert "--scope read" in refused.json()["detail"]
        assert other.get(path).status_code == 200


def test_changing_needs_the_scope_write(context: Context, public: TestClient) -> None:
    api = with_token(context, public, "read", "signup")
    other = Api(public, make_token(context, "write", name="other"))
    for method, path, body in WRITES:
        refused = api.request(method, path, json=body)
        assert refused.status_code == 403
        assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
        assert other.request(method, path, json=body).status_code in (200, 204), path


@pytest.mark.parametrize(
    ("scopes", "asked", "admitted"),
    [(("read",), 403, 403), (("signup",), 202, 403), (("write",), 202, 201)],
)
def test_asking_people_needs_less_than_taking_them_on(
    context: Context, public: TestClient, scopes: tuple[str, ...], asked: int, admitted: int
) -> None:
    api = with_token(context, public, *scopes)
    assert api.post("/subscribers", ASK).status_code == asked
    assert api.post("/subscribers", ADMIT).status_code == admitted


def test_the_description_needs_no_token_and_everything_else_does(public: TestClient) -> None:
    assert public.get(f"{API}/openapi.json").status_code == 200
    for path in ("/docs", "/redoc", "/openapi.json/", "/openapi.jsonx", "//openapi.json"):
        assert public.get(f"{API}{path}").status_code == 401
    assert public.post(f"{API}/openapi.json").status_code == 401


def test_the_last_use_is_noted_once_a_minute(
    context: Context, api: Api, clock: SimulatedClock
) -> None:
    def noted() -> Any:
        with context.store.read() as connection:
            return tokens.every(connection)[0]["last_used_at"]

    first = clock.now()
    api.get("/subscribers")
    assert noted() == first
    clock.advance(timedelta(seconds=59))
    api.get("/subscribers")
    assert noted() == first
    clock.advance(timedelta(seconds=1))
    api.get("/subscribers")
    assert noted() == first + timedelta(minutes=1)


def test_a_token_that_asks_too_often_waits_and_others_do_not(
    project: Any, open_context: Callable[..., Context]
) -> None:
    context = open_context(project, {"BYPOST_API__PER_MINUTE": "3"})
    with TestClient(make_site(context), base_url=PUBLIC) as client:
        api = Api(client, make_token(context))
        other = Api(client, make_token(context, "read", name="other"))
        answers = [api.get("/newsletters") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 20
        assert "per_minute" in answers[3].json()["detail"]
        assert other.get("/newsletters").status_code == 200


def test_a_bucket_fills_evenly_and_never_over_its_brim() -> None:
    now = 0.0
    rate = Rate(60, lambda: now)
    assert [rate.take(1) for _ in range(60)] == [0.0] * 60
    assert rate.take(1) == pytest.approx(1)
    now = 0.5
    assert rate.take(1) == pytest.approx(0.5)
    now = 1.0
    assert (rate.take(1), rate.take(1) > 0) == (0.0, True)
    now = 1e6
    assert [rate.take(1) for _ in range(60)] == [0.0] * 60
    assert rate.take(1) > 0
    now = 0.0  # a clock that goes back gives nothing away, and takes nothing
    assert rate.take(1) > 0


def test_no_page_of_another_site_may_use_the_api(public: TestClient, api: Api) -> None:
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    asked = public.options(f"{API}/subscribers", headers=origin)
    assert asked.status_code == 401
    answer = api.request("GET", "/subscribers", headers=origin)
    for headers in (asked.headers, answer.headers):
        assert not [name for name in headers if name.startswith("access-control")]


def test_the_local_site_has_the_api_for_names_of_this_machine_alone(
    context: Context, local: TestClient
) -> None:
    api = Api(local, make_token(context))
    assert api.get("/subscribers").status_code == 200
    answer = api.request("GET", "/subscribers", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert local.base_url == LOCAL
