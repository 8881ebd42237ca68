"""The form on other sites: a frame, a plain form, and where it leads back to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.web import make_site
from scheduler.clock import SimulatedClock
from tests.web.conftest import PUBLIC, mails

SITE = "https://blog.example.net"
NEW = "cy@example.org"
FORM = "/embed/letters"


@pytest.fixture
def friendly(
    project: Path, open_context: Callable[..., Context]
) -> Iterator[tuple[TestClient, Context]]:
    """The site of a project that names another site."""
    context = open_context(project, {"BYPOST_SIGNUP__ALLOWED_ORIGINS": SITE})
    with TestClient(make_site(context), base_url=PUBLIC, follow_redirects=False) as client:
        yield client, context


def press(client: TestClient, clock: SimulatedClock, page: str, **fields: Any) -> Any:
    """Send a page's form off as it is, with some fields filled in."""
    nodes = LexborHTMLParser(page).css("form input[name]")
    kept = {str(n.attributes["name"]): n.attributes.get("value") or "" for n in nodes}
    clock.advance(timedelta(seconds=5))
    return client.post(FORM, data={**kept, **fields})


def policy(answer: Any) -> str:
    return str(answer.headers["content-security-policy"])


def test_the_frame_is_shown_on_named_sites_only(
    public: TestClient, friendly: tuple[TestClient, Context]
) -> None:
    assert "frame-ancestors 'none'" in policy(public.get(FORM))
    allowed = policy(friendly[0].get(FORM))
    assert f"frame-ancestors {SITE}" in allowed
    assert f"form-action 'self' {SITE}" in allowed
    assert "unsafe" not in allowed
    assert "frame-ancestors 'none'" in policy(friendly[0].get("/courses/letters"))


def test_the_form_in_a_frame_signs_up_without_a_cookie(
    friendly: tuple[TestClient, Context], clock: SimulatedClock
) -> None:
    client, context = friendly
    answer = press(client, clock, client.get(FORM).text, email=NEW, name="Cy")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{FORM}?done=1")
    assert "set-cookie" not in answer.headers
    assert "A mail is on its way to you." in client.get(answer.headers["location"]).text
    Pass(context).run()
    assert [str(m["To"]) for m in mails(context.root) if "Please" in str(m["Subject"])] == [NEW]


def test_a_plain_form_elsewhere_needs_one_more_press_and_keeps_what_was_typed(
    friendly: tuple[TestClient, Context], clock: SimulatedClock
) -> None:
    client, context = friendly
    first = client.post(FORM, data={"email": NEW, "name": "Cy", "next": f"{SITE}/thanks?a=1"})
    assert first.status_code == 200
    assert "One more press" in first.text
    Pass(context).run()
    assert not [m for m in mails(context.root) if NEW in str(m["To"])]
    second = press(client, clock, first.text)
    assert second.headers["location"] == f"{SITE}/thanks?a=1"
    Pass(context).run()
    assert [m for m in mails(context.root) if NEW in str(m["To"])]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        f"{SITE}.evil.example/",
        f"{SITE}@evil.example/",
        f"{SITE}:444/",
        "http://blog.example.net/",
        "//blog.example.net/",
        "/\\evil.example",
        f"{SITE}\\@evil.example",
        f"\t{SITE}/",
        f"{SITE}/\r\nX-Header: y",
        "javascript:alert(1)",
        "https://[",
        "",
    ],
)
def test_it_leads_back_to_no_other_site(
    friendly: tuple[TestClient, Context], clock: SimulatedClock, target: str
) -> None:
    client, _ = friendly
    answer = press(client, clock, client.get(FORM).text, email=NEW, next=target)
    assert answer.headers["location"] == f"{FORM}?done=1"


def test_a_mistake_is_said_beside_the_field(
    friendly: tuple[TestClient, Context], clock: SimulatedClock
) -> None:
    client, _ = friendly
    answer = press(client, clock, client.get(FORM).text, email="nonsense", name="Cy")
    assert answer.status_code == 422
    page = LexborHTMLParser(answer.text)
    assert page.css_first("#email").attributes["aria-describedby"] == "email-wrong"
    assert page.css_first("#name").attributes["value"] == "Cy"


def test_the_code_to_copy_is_plain_html_without_a_script(public: TestClient) -> None:
    page = LexborHTMLParser(public.get(f"{FORM}/snippet").text)
    plain, frame = (node.text() for node in page.css("textarea"))
    assert '<form method="post" action="http://localhost:8000/embed/letters"' in plain
    assert LexborHTMLParser(plain).css_first("input[name=email]").attributes["type"] == "email"
    assert '<iframe src="http://localhost:8000/embed/letters" title="Course letters' in frame
    for code in (plain, frame):
        assert "<script" not in code
        assert "style=" not in code


def test_a_closed_course_says_so_on_other_sites_too(project: Path, public: TestClient) -> None:
    path = project / "lessons" / "letters" / "course.toml"
    path.write_text(path.read_text(encoding="utf-8") + "open = false\n", encoding="utf-8")
    answer = public.get(FORM)
    assert "closed at present" in answer.text
    assert "<form" not in answer.text
    assert public.post(FORM, data={"email": NEW}).status_code == 409
