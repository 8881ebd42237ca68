"""The form as a person meets it: what is wrong, what is kept, and where to look for the mail."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.people.abuse import HONEYPOT
from bypost.web import make_site
from bypost.web.signup import ANSWERED
from scheduler.clock import SimulatedClock
from tests.web.conftest import ANNA, PUBLIC, Beat, body, mails

Fill = Callable[..., Any]
NEW = "cy@example.org"


def sent_to(context: Context, address: str) -> list[str]:
    """Send what is owed; return the subjects of what this address has."""
    Pass(context).run()
    return [str(mail["Subject"]) for mail in mails(context.root) if address in str(mail["To"])]


def problems(answer: Any) -> dict[str, str]:
    """What the summary says, by the field it leads to."""
    page = LexborHTMLParser(answer.text)
    return {str(n.attributes["href"]): n.text() for n in page.css("#problems a")}


def test_the_form_leads_to_a_page_that_says_which_mail_to_look_for(
    public: TestClient, context: Context, fill: Fill, beat: Beat
) -> None:
    answer = fill(email=NEW, name="Cy", time_zone="Asia/Tokyo", hour="07:00", newsletters="notes")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/courses/letters/check-your-inbox"
    assert NEW not in str(answer.headers["location"])
    assert beat.woken == 1
    page = public.get("/courses/letters/check-your-inbox", headers=_cookie(answer)).text
    subject = "Please confirm: Course letters and Notes &amp; News"
    for said in (NEW, "course@example.org", subject, "spam"):
        assert said in page
    assert sent_to(context, NEW) == ["Please confirm: Course letters and Notes & News"]


@pytest.mark.parametrize("typed", [{"email": NEW}, {"email": ANNA}, {HONEYPOT: "x"}, {"email": ""}])
def test_no_answer_comes_before_its_moment_whatever_there_was_to_do(
    fill: Fill, typed: dict[str, str]
) -> None:
    began = time.monotonic()
    fill(**{"email": "dee@example.org", **typed})
    assert time.monotonic() - began >= ANSWERED


def test_the_pages_of_the_form_are_not_listed_anywhere(public: TestClient) -> None:
    headers = public.get("/courses/letters/check-your-inbox").headers
    assert (headers["x-robots-tag"], headers["cache-control"]) == ("noindex", "no-store")


def test_without_the_cookie_the_page_says_what_it_can(public: TestClient) -> None:
    page = public.get("/courses/letters/check-your-inbox")
    assert page.status_code == 200
    assert "A mail is on its way to you." in page.text
    assert "<form" not in page.text


def test_the_cookie_is_for_these_pages_only_and_cannot_be_made_up(
    public: TestClient, fill: Fill
) -> None:
    cookie = fill(email=NEW).headers["set-cookie"]
    for word in ("HttpOnly", "Max-Age=3600", "Path=/courses/letters", "SameSite=lax"):
        assert word in cookie
    made_up = {"Cookie": "asked=eyJlbWFpbCI6ICJ4QGV4YW1wbGUub3JnIn0.AAAA"}
    page = public.get("/courses/letters/check-your-inbox", headers=made_up).text
    assert "x@example.org" not in page


def _cookie(answer: Any) -> dict[str, str]:
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_a_mistake_keeps_everything_and_says_where_it_is(public: TestClient, fill: Fill) -> None:
    answer = fill(email="nonsense", name="<b>Cy", hour="07:00", newsletters="notes")
    assert answer.status_code == 422
    assert problems(answer) == {"#email": "Enter an address such as ana@example.org."}
    page = LexborHTMLParser(answer.text)
    field = page.css_first("#email")
    assert (field.attributes["value"], field.attributes["aria-invalid"]) == ("nonsense", "true")
    described = str(field.attributes["aria-describedby"])
    assert "Enter an address" in page.css_first(f"#{described}").text()
    assert page.css_first("#name").attributes["value"] == "<b>Cy"
    assert page.css_first("#hour option[selected]").text() == "07:00"
    assert "checked" in page.css_first("[name=newsletters]").attributes
    assert page.css_first("#problems").attributes["tabindex"] == "-1"
    assert page.css_first("title").text().startswith("Please look again")


@pytest.mark.parametrize("email", ["", " ", "a@", "@b.example", "a b@example.org", "x" * 300])
def test_an_address_that_cannot_be_mailed_is_refused_in_words(fill: Fill, email: str) -> None:
    answer = fill(email=email)
    assert answer.status_code == 422
    assert list(problems(answer)) == ["#email"]


def test_nothing_is_ticked_before_somebody_ticks_it(public: TestClient) -> None:
    page = LexborHTMLParser(public.get("/courses/letters").text)
    assert page.css("[type=checkbox]")
    assert not page.css("[type=checkbox][checked]")


def test_every_field_has_a_visible_label_and_tells_browsers_what_it_is(public: TestClient) -> None:
    page = LexborHTMLParser(public.get("/courses/letters").text)
    fields = page.css("input:not([type=hidden]), select")
    assert len(fields) == 6
    for node in fields:
        assert page.css_first(f"label[for='{node.attributes['id']}']").text().strip()
    assert page.css_first("#email").attributes["autocomplete"] == "email"
    assert page.css_first("#name").attributes["autocomplete"] == "given-name"


def test_every_zone_can_be_chosen_without_a_script(public: TestClient) -> None:
    page = LexborHTMLParser(public.get("/courses/letters").text)
    assert len(page.css("#time_zone option")) > 400
    assert {"Africa", "America", "Asia", "Europe", "Pacific"} <= {
        str(node.attributes["label"]) for node in page.css("#time_zone optgroup")
    }


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(seconds=1), "That was very quick."),
        (timedelta(hours=25), "open for more than a day"),
    ],
)
def test_a_token_too_young_or_too_old_shows_the_form_again_with_everything_kept(
    public: TestClient, context: Context, clock: SimulatedClock, wait: timedelta, said: str
) -> None:
    page = LexborHTMLParser(public.get("/courses/letters").text)
    token = page.css_first("[name=token]").attributes["value"]
    clock.advance(wait)
    answer = public.post("/courses/letters", data={"token": token, "email": NEW})
    assert answer.status_code == 422
    assert said in problems(answer)["#signup"]
    again = LexborHTMLParser(answer.text)
    assert again.css_first("#email").attributes["value"] == NEW
    assert again.css_first("[name=token]").attributes["value"] != token
    assert sent_to(context, NEW) == []


def test_a_form_without_a_token_or_with_another_forms_is_not_taken(
    public: TestClient, context: Context, clock: SimulatedClock
) -> None:
    other = LexborHTMLParser(public.get("/newsletters/notes").text)
    token = str(other.css_first("[name=token]").attributes["value"])
    clock.advance(timedelta(seconds=5))
    for given in ("", "x", token):
        answer = public.post("/courses/letters", data={"token": given, "email": NEW})
        assert answer.status_code == 422
    assert sent_to(context, NEW) == []


def test_who_fills_in_the_hidden_field_is_answered_like_everybody_and_gets_nothing(
    context: Context, fill: Fill
) -> None:
    answer = fill(email=NEW, **{HONEYPOT: "Acme"})
    assert answer.headers["location"] == "/courses/letters/check-your-inbox"
    assert sent_to(context, NEW) == []


def test_known_new_and_left_addresses_are_answered_alike(
    public: TestClient, context: Context, fill: Fill, course_token: str
) -> None:
    public.post(f"/u/{course_token}/everything")
    pages = []
    for address in (ANNA, "bo@example.org", NEW):
        answer = fill(email=address)
        pages.append((answer.status_code, answer.headers["location"]))
        page = public.get(answer.headers["location"], headers=_cookie(answer)).text
        token = str(LexborHTMLParser(page).css_first("[name=token]").attributes["value"])
        pages.append(page.replace(address, "").replace(token, ""))
    assert pages[0:2] == pages[2:4] == pages[4:6]


def test_too_many_from_one_network_are_told_so_and_lose_nothing(
    project: Path, open_context: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = open_context(project, {"BYPOST_SIGNUP__PER_NETWORK_PER_HOUR": "2"})
    with TestClient(make_site(context), base_url=PUBLIC, follow_redirects=False) as client:
        page = LexborHTMLParser(client.get("/courses/letters").text)
        token = page.css_first("[name=token]").attributes["value"]
        clock.advance(timedelta(seconds=5))
        data = {"token": token, "email": NEW, "name": "Cy"}
        answers = [client.post("/courses/letters", data=data) for _ in range(3)]
    assert [one.status_code for one in answers] == [303, 303, 429]
    assert "try again in an hour" in problems(answers[2])["#signup"]
    kept = LexborHTMLParser(answers[2].text)
    assert kept.css_first("#email").attributes["value"] == NEW
    assert kept.css_first("#name").attributes["value"] == "Cy"


def test_asking_once_more_sends_at_most_one_mail_a_day(
    public: TestClient, context: Context, fill: Fill, clock: SimulatedClock
) -> None:
    answer = fill(email=NEW)
    assert len(sent_to(context, NEW)) == 1
    for day, expected in ((0, 1), (1, 2)):
        clock.advance(timedelta(days=day))
        page = public.get("/courses/letters/check-your-inbox", headers=_cookie(answer))
        token = LexborHTMLParser(page.text).css_first("[name=token]").attributes["value"]
        clock.advance(timedelta(seconds=5))
        again = public.post(
            "/courses/letters/check-your-inbox", data={"token": token}, headers=_cookie(answer)
        )
        assert again.headers["location"] == "/courses/letters/check-your-inbox?again=sent"
        said = public.get(again.headers["location"], headers=_cookie(answer)).text
        assert "You have asked once more." in said
        assert len(sent_to(context, NEW)) == expected


def test_asking_once_more_without_the_cookie_leads_back_to_the_form(public: TestClient) -> None:
    answer = public.post("/courses/letters/check-your-inbox")
    assert answer.headers["location"] == "/courses/letters#signup"


def test_a_wrong_address_can_be_changed_without_typing_the_rest_again(
    public: TestClient, fill: Fill
) -> None:
    answer = fill(email="cyy@example.org", name="Cy", hour="07:00", newsletters="notes")
    page = public.get("/courses/letters/check-your-inbox", headers=_cookie(answer)).text
    assert 'href="/courses/letters?edit=1#signup"' in page
    form = public.get("/courses/letters?edit=1", headers=_cookie(answer))
    fields = LexborHTMLParser(form.text)
    assert fields.css_first("#email").attributes["value"] == "cyy@example.org"
    assert fields.css_first("#name").attributes["value"] == "Cy"
    assert fields.css_first("#hour option[selected]").text() == "07:00"
    assert "checked" in fields.css_first("[name=newsletters]").attributes
    assert form.headers["cache-control"] == "no-store"


def test_a_newsletter_has_a_form_of_its_own(
    public: TestClient, context: Context, fill: Fill
) -> None:
    answer = fill("/newsletters/notes", email=NEW)
    assert answer.headers["location"] == "/newsletters/notes/check-your-inbox"
    page = public.get(answer.headers["location"], headers=_cookie(answer)).text
    assert "Please confirm: Notes &amp; News" in page
    assert sent_to(context, NEW) == ["Please confirm: Notes & News"]


def test_what_a_stranger_typed_is_in_no_mail_to_that_address(context: Context, fill: Fill) -> None:
    fill(email=NEW, name="Buy at spam.example")
    Pass(context).run()
    assert "spam.example" not in body(mails(context.root)[-1])


def test_odd_forms_are_answered_in_words(public: TestClient) -> None:
    for sent in (
        {"content": b"\xff\x00", "headers": {"Content-Type": "text/odd"}},
        {"files": {"email": ("x.txt", b"x")}},
        {"data": {"email": ["a@example.org", "b@example.org"], "newsletters": ["x"] * 99}},
        {},
    ):
        assert public.post("/courses/letters", **sent).status_code == 422
