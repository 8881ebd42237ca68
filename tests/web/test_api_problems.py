"""What goes wrong: told as a problem with its remedy, and without anything secret."""

from __future__ import annotations

import json
import logging
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.store import Store, listing
from bypost.web import make_site
from bypost.web.guard import MOST_BYTES
from bypost.web.problem import API, Problem
from tests.web.api_client import Api, check_problem, make_token
from tests.web.conftest import PUBLIC


def send(api: Api, content: bytes, kind: str = "application/json") -> Any:
    headers = {"Content-Type": kind}
    return api.request("POST", "/subscribers", content=content, headers=headers)


def test_a_path_that_is_not_there_says_where_the_list_is(api: Api) -> None:
    for path in ("/", "/nothing", "/subscribers/", "/subscribers/1/x", "/%00", "/a//b", "/x%0Ay"):
        answer = api.request("GET", path)
        assert answer.status_code == 404, path
        assert f"{API}/openapi.json" in answer.json()["detail"]


def test_outside_the_api_an_error_is_a_page(public: TestClient) -> None:
    for path in ("/api", "/api/", "/api/v2/subscribers", "/api/v10", "/apis/v1/x"):
        answer = public.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


def test_a_method_that_is_not_there_names_those_that_are(api: Api) -> None:
    for method, path, allowed in (
        ("DELETE", "/enrollments", {"GET", "POST"}),
        ("PUT", "/subscribers/1", {"GET", "PATCH", "DELETE"}),
        ("GET", "/enrollments/1/pause", {"POST"}),
        ("BREW", "/events", {"GET"}),
    ):
        answer = api.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method")
        assert set(answer.headers["allow"].split(", ")) <= allowed


def test_a_body_that_is_no_json_is_told_from_one_of_another_kind(api: Api) -> None:
    for content in (b"{", b"nonsense", b"\xff\xfe", b"{'a': 1}", b'{"a": 1', b"[" * 60_000):
        assert send(api, content).status_code == 400
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""):
        answer = send(api, b'{"email": "cy@example.org"}', kind)
        assert (answer.status_code, answer.json()["code"]) == (415, "media-type")
        assert "application/json" in answer.json()["detail"]


def test_json_that_is_no_object_or_holds_odd_values_is_refused(api: Api) -> None:
    plain = {"email": "cy@example.org", "consent": "Asked."}
    for value in ([], "text", 1, None, True, [plain]):
        assert send(api, json.dumps(value).encode()).status_code == 422
    for odd in ('"\\ud800"', '"\\u0000"', "1e400", "NaN", "{}", "[[]]", "1" * 5000, "true"):
        answer = send(api, f'{{"email": "cy@example.org", "consent": {odd}}}'.encode())
        assert answer.status_code in (400, 422), odd


def test_a_body_that_is_too_large_is_refused_before_it_is_read(api: Api) -> None:
    answer = send(api, b"x" * (MOST_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert "64 kB" in answer.json()["detail"]
    headers = {"Content-Length": "9" * 30}
    answer = api.request("POST", "/subscribers", content=b"x", headers=headers)
    assert answer.status_code == 413


def test_a_field_with_a_name_that_was_made_up_is_shortened(api: Api) -> None:
    answer = api.post("/subscribers", {"x" * 50_000: 1})
    assert answer.status_code == 422
    assert len(answer.text) < 2_000
    many = api.post("/subscribers", {f"field{i}": 1 for i in range(1000)})
    assert len(many.json()["errors"]) == 10


def test_values_are_not_repeated_in_an_error(api: Api) -> None:
    secret = "hunter2-hunter2"
    bodies: list[Any] = [
        {"email": secret, "consent": "Asked."},
        {"email": f"{secret}@", "name": f"{secret}\x00"},
        {"email": "cy@example.org", "consent": "Asked.", "hour": secret},
        {"email": "cy@example.org", "consent": "Asked.", "time_zone": secret},
        {"email": "cy@example.org", "consent": "Asked.", "course": secret},
        {"email": "cy@example.org", "consent": "Asked.", "newsletters": [secret]},
        [secret],
        secret,
    ]
    answers = [api.post("/subscribers", body) for body in bodies]
    answers += [api.get(f"/{secret}"), api.get(f"/deliveries/{secret}"), api.get("/x", q=secret)]
    answers += [api.get("/subscribers", **{name: secret}) for name in ("cursor", "limit", "status")]
    answers += [api.get("/deliveries", since=secret), api.get(f"/subscribers/{secret}")]
    answers += [api.post("/enrollments/1/next", key=f"{secret} {secret}")]
    answers += [send(api, f'{{"email": {secret}'.encode()), send(api, secret.encode(), "text/x")]
    for answer in answers:
        assert answer.status_code >= 400
        assert secret not in answer.text
        assert all(secret not in value for value in answer.headers.values())


def test_without_its_database_the_api_says_so_and_nothing_of_it(
    context: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "folder.db").mkdir()  # a folder where the file should be
    gone = Store("sqlite:///folder.db", root=tmp_path)
    broken = replace(context, store=gone)
    with TestClient(make_site(broken), base_url=PUBLIC) as client:
        api = Api(client, "bypost_any")
        answer = api.get("/subscribers")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert client.get(f"{API}/openapi.json").status_code == 200
    gone.close()
    assert str(tmp_path) not in answer.text
    assert "sqlite" not in answer.text.casefold()
    assert "bypost_any" not in caplog.text


@pytest.mark.sqlite
def test_a_database_that_is_held_by_others_is_told_as_such(
    context: Context, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.get("/subscribers")  # so that the use of the token is noted
    monkeypatch.setattr("bypost.store.sqlite._BUSY_MS", 20)
    hasty = Store(f"sqlite:///{context.store.path}", root=context.root)
    with TestClient(make_site(replace(context, store=hasty)), base_url=PUBLIC) as client:
        busy = Api(client, api.token)
        holder = sqlite3.connect(context.store.path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert busy.get("/subscribers").status_code == 200
        assert busy.post("/enrollments/1/leave", key="k").status_code == 503
        assert busy.patch("/subscribers/1", {"name": "X"}).status_code == 503
        holder.execute("ROLLBACK")
        holder.close()
        assert busy.post("/enrollments/1/leave", key="k").status_code == 200
    hasty.close()


@pytest.mark.sqlite
def test_a_token_is_good_even_while_its_use_cannot_be_noted(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bypost.store.sqlite._BUSY_MS", 20)
    token = make_token(context, "read")
    hasty = Store(f"sqlite:///{context.store.path}", root=context.root)
    with TestClient(make_site(replace(context, store=hasty)), base_url=PUBLIC) as client:
        holder = sqlite3.connect(context.store.path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert Api(client, token).get("/subscribers").status_code == 200
        holder.execute("ROLLBACK")
        holder.close()
    hasty.close()


def test_a_mistake_of_ours_is_told_without_its_traceback(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(listing, "people", fail)
    site = make_site(context)
    with TestClient(site, base_url=PUBLIC, raise_server_exceptions=False) as client:
        answer = Api(client, make_token(context)).get("/subscribers")
    assert (answer.status_code, answer.json()["code"]) == (500, "broken")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_a_token_does_not_get_into_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api.get("/subscribers", token=api.token)
    api.get("/nothing")
    send(api, b"{")
    ours = [one for one in caplog.records if not one.name.startswith("http")]  # not the client's
    assert all(api.token not in one.getMessage() for one in ours)


def test_every_error_of_the_api_carries_the_headers_of_the_site(api: Api) -> None:
    for answer in (api.get("/nothing"), send(api, b"{"), send(api, b"x" * (MOST_BYTES + 1))):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"


def test_a_problem_without_fields_has_no_list_of_them() -> None:
    problem = Problem(404, "Nothing.", code="x")
    assert list(problem.body) == ["type", "title", "status", "code", "detail"]
    answer = TestClient(problem.response()).get("/")
    check_problem(answer)
