"""Sending a marked test from the bench: to whom, what it is, and where its links lead."""

from __future__ import annotations

import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.delivery.marked import MOST_AT_ONCE
from bypost.web import make_site
from tests.web.preview.conftest import ONE, Desk

ME = "me@example.org"
OWN = {"sec-fetch-site": "same-origin"}
LISTED = f'\n[preview]\naddresses = ["{ME}", "you@example.net"]\n'


@pytest.fixture
def listed(desk: Desk) -> Desk:
    add(desk, LISTED)
    return desk


def add(desk: Desk, lines: str) -> None:
    settings = desk.root / "bypost.toml"
    settings.write_text(settings.read_text() + lines)


def send(desk: Desk, to: str = ME, headers: dict[str, str] = OWN, **fields: str) -> Any:
    data = {"path": ONE, "to": to, **fields}
    return desk.client.post("/preview/test", data=data, headers=headers)


def outbox(root: Path) -> list[EmailMessage]:
    parse = BytesParser(policy=email.policy.default).parsebytes
    return [parse(path.read_bytes()) for path in sorted((root / "var/outbox").glob("*.eml"))]


def said(answer: Any, selector: str) -> str:
    node = LexborHTMLParser(answer.text).css_first(selector)
    assert node is not None, answer.text
    return " ".join(node.text().split())


def test_the_form_offers_the_listed_addresses_and_no_others(listed: Desk) -> None:
    page = listed.page(f"/preview/test/{ONE}")
    assert listed.texts(page, "#to option") == [ME, "you@example.net"]
    assert not outbox(listed.root)  # looking sends nothing


def test_without_a_list_it_says_how_to_make_one(desk: Desk) -> None:
    page = desk.page(f"/preview/test/{ONE}")
    assert not page.css("form.tests")
    assert "[preview]" in page.css_first(".said").text()


def test_a_test_is_the_mail_of_the_chosen_persona_marked_as_a_test(listed: Desk) -> None:
    (listed.root / "personas.toml").write_text(
        '[[persona]]\nkey = "a"\nemail = "a@example.org"\n'
        '[[persona]]\nkey = "b"\nname = "Bo"\nemail = "b@example.org"\n'
    )
    answer = send(listed, persona="b")
    assert answer.status_code == 200
    assert said(answer, "[role=status].said").startswith(f"✓ Sent to {ME} through outbox")
    (mail,) = outbox(listed.root)
    assert mail["Subject"] == "[TEST] The subject of one"
    assert mail["To"] == f"Bo <{ME}>"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Hello Bo, this is one." in text.get_content()
    assert mail["List-Unsubscribe"] == "<http://localhost:8000/u/test>"


def test_a_test_makes_no_database_and_no_keys(listed: Desk) -> None:
    send(listed)
    assert [path.name for path in (listed.root / "var").iterdir()] == ["outbox"]


def test_the_page_leads_to_the_file_of_the_local_mailbox(listed: Desk) -> None:
    answer = send(listed)
    link = LexborHTMLParser(answer.text).css_first(".said a").attributes["href"]
    assert link is not None
    file = listed.client.get(link)
    assert file.headers["content-type"] == "message/rfc822"
    assert b"Subject: [TEST] The subject of one" in file.content


@pytest.mark.parametrize("ref", ["test-../../secret", "k7mq2xw9-1", "test-%2e%2e", "test-none"])
def test_nothing_but_tests_is_handed_out_of_the_mailbox(listed: Desk, ref: str) -> None:
    send(listed)
    (listed.root / "var/outbox/k7mq2xw9-1.eml").write_text("somebody's own mail")
    assert listed.client.get(f"/preview/test/sent/{ref}").status_code == 404


@pytest.mark.parametrize("to", ["", "else@example.org"])
def test_another_address_is_refused_with_the_reason(listed: Desk, to: str) -> None:
    answer = send(listed, to)
    assert answer.status_code == 422
    assert "[preview] addresses only" in said(answer, "[role=alert]")
    assert not outbox(listed.root)


def test_a_page_elsewhere_cannot_send_a_test(listed: Desk) -> None:
    answer = send(listed, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert not outbox(listed.root)


def test_sample_settings_keep_a_real_provider_from_sending(listed: Desk) -> None:
    toml = f'[sending]\nprovider = "resend"\n[providers.resend]\napi_key_file = "key.txt"\n{LISTED}'
    (listed.root / "bypost.toml").write_text(toml)
    (listed.root / "key.txt").write_text("re_none")
    answer = send(listed)
    assert answer.status_code == 422
    assert "still the sample" in said(answer, "[role=alert]")


def test_settings_that_cannot_be_read_keep_every_test_back(listed: Desk) -> None:
    assert send(listed).status_code == 200
    add(listed, "\n[preview\n")
    answer = send(listed)
    assert answer.status_code == 422
    assert "bypost.toml" in said(answer, "[role=alert]")
    assert len(outbox(listed.root)) == 1


def test_a_mail_that_cannot_be_made_is_not_sent_and_says_why(listed: Desk) -> None:
    listed.edit("this is one", "this is {{ subscriber.nmae }}")
    answer = send(listed)
    assert answer.status_code == 422
    assert "subscriber.nmae" in said(answer, "[role=alert]")
    assert not outbox(listed.root)


def test_one_test_after_another_is_slowed_down(listed: Desk) -> None:
    for _ in range(MOST_AT_ONCE):
        assert send(listed).status_code == 200
    answer = send(listed)
    assert answer.status_code == 422
    assert "try again in" in said(answer, "[role=alert]")
    assert len(outbox(listed.root)) == MOST_AT_ONCE


def test_a_notice_can_be_tested_and_its_links_name_nobody(listed: Desk) -> None:
    assert send(listed, path="templates/email/confirmation.md").status_code == 200
    (mail,) = outbox(listed.root)
    text = mail.get_body(("plain",))
    assert text is not None
    assert "http://localhost:8000/c/test" in text.get_content()
    assert "List-Id" not in mail


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("part", ["u", "p", "c"])
def test_the_links_of_a_test_lead_to_a_page_that_says_so(
    desk: Desk, open_context: Callable[..., Context], method: str, part: str
) -> None:
    site = make_site(open_context(desk.root))
    with TestClient(site, base_url="https://course.example.net") as client:
        answer = client.request(method, f"/{part}/test")
    assert answer.status_code == 200
    assert said(answer, "h1") == "This was a test"
    assert "Nothing was changed" in answer.text


def test_beside_the_local_page_a_test_opens_in_its_mailbox(
    listed: Desk, open_context: Callable[..., Context]
) -> None:
    context = open_context(listed.root)
    with TestClient(make_site(context, local=True), base_url="http://localhost") as client:
        data = {"path": ONE, "to": ME}
        answer = client.post("/preview/test", data=data, headers=OWN)
        link = LexborHTMLParser(answer.text).css_first(".said a").attributes["href"]
        assert link is not None
        assert link.startswith("/mail/sent/test-")
        assert "[TEST] The subject of one" in client.get(link).text
