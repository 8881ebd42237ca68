"""Headers, hosts, and that nothing is loaded from anywhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.links import new_link_id
from bypost.store import Store
from bypost.web import make_site
from tests.web.conftest import LOCAL, Beat

NEXT = {"Sec-Fetch-Site": "same-origin"}


def test_every_answer_carries_the_headers(public: TestClient, course_token: str) -> None:
    for path in (f"/u/{course_token}", f"/p/{course_token}", "/healthz", "/nothing", "/u/x"):
        headers = public.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_the_public_site_has_no_local_page(public: TestClient) -> None:
    for path in ("/mailbox", "/mail/sent/x-1", "/mail/sent/x-1/source"):
        assert public.get(path).status_code == 404
    assert "mailbox" not in public.get("/").text.lower()
    for path in ("/next", "/today"):
        assert public.post(path, headers=NEXT).status_code == 404


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000"])
def test_the_local_site_answers_to_names_of_this_machine(local: TestClient, host: str) -> None:
    assert local.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000", "", "[::2]"]
)
def test_the_local_site_answers_to_no_other_name(
    local: TestClient, host: str, course_token: str
) -> None:
    for path in ("/", f"/p/{course_token}", "/static/site.css"):
        assert local.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": LOCAL}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": LOCAL}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_local_button_works_only_from_the_page_itself(
    local: TestClient, headers: dict[str, str], status: int
) -> None:
    assert local.post("/today", headers=headers).status_code == status


@pytest.mark.parametrize("length", ["65537", "9" * 5000])
def test_a_length_that_is_too_large_is_refused_before_anything_is_read(
    public: TestClient, course_token: str, length: str
) -> None:
    headers = {"Content-Length": length}
    answer = public.post(f"/u/{course_token}", content=b"x", headers=headers)
    assert answer.status_code == 413


def test_an_odd_length_does_not_keep_a_form_from_being_read(
    public: TestClient, course_token: str
) -> None:
    headers = {b"Content-Length": b"\xb2"}  # a digit to str.isdigit, and no number to int
    answer = public.post(f"/u/{course_token}", content=b"x", headers=headers)
    assert answer.status_code == 200


def test_a_page_that_cannot_be_posted_to_says_what_can_be_done(public: TestClient) -> None:
    answer = public.post("/healthz")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_no_page_loads_or_runs_anything_from_elsewhere(
    browse: Callable[..., TestClient], course_token: str, letter_token: str
) -> None:
    client = browse(local=True)
    home = client.get("/").text
    paths = ["/", f"/u/{course_token}", f"/p/{course_token}", f"/p/{letter_token}", "/nothing"]
    mails = re.findall(r'href="(/mail/[a-z]+/[^"?]+)"', home)
    paths += [mails[0], mails[-1], f"{mails[-1]}?view=source", f"{mails[-1]}?view=headers"]
    for path in paths:
        page = LexborHTMLParser(client.get(path).text)
        for node in page.css("[src], link[href], form[action]"):
            target = node.attributes.get("src") or node.attributes.get("href")
            target = target or node.attributes.get("action") or ""
            assert target.startswith("/"), f"{path}: {target}"
            assert not target.startswith("//")
        assert not page.css("script:not([src]), style, [style], [onclick], [onload]")


def test_static_files_name_no_other_host(local: TestClient) -> None:
    for name in ("site.css", "desk.css", "embed.css", "desk.js", "site.js"):
        text = local.get(f"/static/{name}").text
        assert not re.search(r"https?://|url\(|@import", text)
    assert len(local.get("/static/site.css").content) < 12_000


def test_health_tells_only_whether_passes_are_made(public: TestClient, beat: Beat) -> None:
    answer = public.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "last_tick": None})
    beat.well = False
    answer = public.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "no pass was completed lately"


@pytest.mark.sqlite
def test_health_fails_while_the_database_does_not_answer(context: Context, tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()  # a folder where the file should be
    gone = Store("sqlite:///folder.db", root=tmp_path)
    broken = replace(context, store=gone)
    with TestClient(make_site(broken), base_url=LOCAL) as client:
        answer = client.get("/healthz")
        page = client.get(f"/u/{context.links.token(new_link_id())}")
    gone.close()
    assert (answer.status_code, page.status_code) == (503, 503)
    assert answer.json()["reason"] == "the database does not answer"
    assert str(tmp_path) not in answer.text + page.text
