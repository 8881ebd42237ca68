"""The way out: RFC 8058, and link scanners that open everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.links import Links, new_link_id
from bypost.store import counts, meta, suppressions
from bypost.store import notices as store_notices
from bypost.web import make_site
from tests import kept
from tests.web.conftest import ANNA, PUBLIC

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("page", ["u", "p"])
def test_opening_a_link_five_times_changes_nothing(
    public: TestClient, context: Context, course_token: str, method: str, page: str
) -> None:
    before = kept.everything(context.store)
    for _ in range(5):
        assert public.request(method, f"/{page}/{course_token}").status_code == 200
    assert kept.everything(context.store) == before


def test_the_page_says_what_would_end_and_has_a_button(
    public: TestClient, course_token: str
) -> None:
    page = public.get(f"/u/{course_token}").text
    assert "Leave “Course letters”?" in page
    assert f'<form method="post" action="/u/{course_token}">' in page


@pytest.mark.parametrize(
    "sent",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
        {"content": b"\xff\x00 whatever", "headers": {"Content-Type": "text/odd"}},
    ],
    ids=["form", "multipart", "no body", "something else"],
)
def test_one_post_without_cookies_leaves_at_once(
    public: TestClient, person: Callable[..., dict], course_token: str, sent: dict
) -> None:
    answer = public.post(f"/u/{course_token}", **sent)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "You have left “Course letters”" in answer.text
    assert person()["run"]["status"] == "left"


def test_leaving_a_course_leaves_the_newsletter_and_other_people_alone(
    public: TestClient, person: Callable[..., dict], course_token: str
) -> None:
    public.post(f"/u/{course_token}", data=ONE_CLICK)
    assert person()["letter"]["status"] == "active"
    assert person("bo@example.org")["run"]["status"] == "active"


def test_leaving_a_newsletter_leaves_the_course_alone(
    public: TestClient, person: Callable[..., dict], letter_token: str
) -> None:
    assert "Notes &amp; News" in public.post(f"/u/{letter_token}", data=ONE_CLICK).text
    assert person()["letter"]["status"] == "left"
    assert person()["run"]["status"] == "active"


def test_a_second_post_answers_the_same_and_changes_nothing(
    public: TestClient, context: Context, course_token: str
) -> None:
    first = public.post(f"/u/{course_token}", data=ONE_CLICK)
    before = kept.everything(context.store)
    second = public.post(f"/u/{course_token}", data=ONE_CLICK)
    assert (second.status_code, second.text) == (200, first.text)
    assert kept.everything(context.store) == before


def test_a_post_from_another_site_is_not_refused(public: TestClient, course_token: str) -> None:
    headers = {"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"}
    assert public.post(f"/u/{course_token}", data=ONE_CLICK, headers=headers).status_code == 200


def test_leaving_everything_ends_all_and_is_remembered(
    public: TestClient, context: Context, person: Callable[..., dict], course_token: str
) -> None:
    assert public.post(f"/u/{course_token}/everything").status_code == 200
    assert person()["run"]["status"] == person()["letter"]["status"] == "left"
    address = context.address_hash(ANNA)
    with context.store.read() as connection:
        assert suppressions.find(connection, [address]) == {address: "left"}


def goodbyes(context: Context) -> list[str]:
    Pass(context).run()
    with context.store.read() as connection:
        return [row["title"] for row in counts.timeline(connection) if row["kind"] == "notice"]


@pytest.mark.parametrize("wanted", [False, True])
def test_who_leaves_is_told_so_by_mail_where_the_author_wants_it(
    public: TestClient, context: Context, course_token: str, wanted: bool
) -> None:
    file = context.root / "lessons/letters/course.toml"
    file.write_text(f"goodbye = {str(wanted).lower()}\n{file.read_text()}", encoding="utf-8")
    for _ in range(2):
        public.post(f"/u/{course_token}", data=ONE_CLICK)
    assert len(goodbyes(context)) == wanted


def test_a_broken_text_of_the_goodbye_stops_nobody_from_leaving(
    public: TestClient, context: Context, course_token: str, person: Callable[..., dict]
) -> None:
    file = context.root / "lessons/letters/course.toml"
    file.write_text(f"goodbye = true\n{file.read_text()}", encoding="utf-8")
    (context.root / "templates/email/goodbye.md").unlink()
    with context.store.write() as connection:
        meta.put(connection, store_notices._TEXTS, "{}")
    assert public.post(f"/u/{course_token}", data=ONE_CLICK).status_code == 200
    assert person()["run"]["status"] == "left"


@pytest.mark.parametrize("token", ["x", "A" * 34, "..%2f..%2fetc", "%00", "é"])
def test_a_forged_token_is_not_found(public: TestClient, token: str) -> None:
    for page in ("u", "p"):
        assert public.get(f"/{page}/{token}").status_code == 404
        assert public.post(f"/{page}/{token}", data={"do": "resume"}).status_code == 404
    assert public.post(f"/u/{token}/everything").status_code == 404


def test_the_link_of_an_erased_person_still_answers(public: TestClient, context: Context) -> None:
    token = context.links.token(new_link_id())
    for answer in (
        public.get(f"/u/{token}"),
        public.post(f"/u/{token}", data=ONE_CLICK),
        public.post(f"/u/{token}/everything"),
        public.get(f"/p/{token}"),
    ):
        assert answer.status_code == 200


def test_a_link_signed_with_a_retired_key_still_leaves(
    context: Context, person: Callable[..., dict]
) -> None:
    old = Links("https://x", ["old"]).token(person()["run"]["link_id"])
    rotated = replace(context, links=Links("https://x", ["new", "old"]))
    with TestClient(make_site(rotated), base_url=PUBLIC) as client:
        assert client.post(f"/u/{old}", data=ONE_CLICK).status_code == 200
    assert person()["run"]["status"] == "left"


def test_a_body_beyond_64_kb_is_refused(
    public: TestClient, person: Callable[..., dict], course_token: str
) -> None:
    assert public.post(f"/u/{course_token}", content=b"x" * 65_537).status_code == 413
    parts = (b"x" * 1024 for _ in range(65))
    assert public.post(f"/u/{course_token}", content=parts).status_code == 413
    assert person()["run"]["status"] == "active"
    assert public.post(f"/u/{course_token}", content=b"x" * 65_536).status_code == 200
