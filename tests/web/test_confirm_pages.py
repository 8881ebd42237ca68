"""The link in the confirmation: a page, a button, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.links import new_link_id
from scheduler.clock import SimulatedClock
from tests import kept
from tests.web.conftest import Beat, body, mails

Ask = Callable[..., str]
NEW = "cy@example.org"


def subjects(context: Context, address: str = NEW) -> list[str]:
    Pass(context).run()
    return [str(mail["Subject"]) for mail in mails(context.root) if address in str(mail["To"])]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_five_times_changes_nothing_and_it_still_works(
    public: TestClient, context: Context, confirm_link: Ask, method: str
) -> None:
    link = confirm_link()
    before = kept.everything(context.store)
    for _ in range(5):
        assert public.request(method, link).status_code == 200
    assert kept.everything(context.store) == before
    assert public.post(link).headers["location"] == f"{link}?done=1"


def test_the_button_confirms_and_the_page_says_what_comes_when_in_their_zone(
    public: TestClient, context: Context, confirm_link: Ask, beat: Beat
) -> None:
    link = confirm_link(time_zone="Asia/Tokyo", hour="07:00", newsletters="notes")
    asked = public.get(link).text
    assert "Course letters" in asked
    assert "“Notes &amp; News” besides" in asked
    woken = beat.woken
    page = public.get(public.post(link).headers["location"]).text
    assert beat.woken == woken + 1
    for said in (
        "Your address is confirmed",
        "The first mail is on its way to you now.",
        "Tuesday 24 November, 07:00 JST",
        "Wednesday 25 November, 07:00 JST",
        "You also get “Notes &amp; News”",
        "Add <strong>course@example.org</strong> to your contacts",
    ):
        assert said in page
    own = page.split('class="button" href="')[1].split('"')[0]
    assert "Course letters" in public.get(own).text
    assert subjects(context) == [
        "Please confirm: Course letters and Notes & News",
        "The subject of one",
    ]


def test_what_the_page_foretells_is_what_comes(
    public: TestClient, context: Context, confirm_link: Ask, clock: SimulatedClock
) -> None:
    link = confirm_link(time_zone="Asia/Tokyo", hour="07:00")
    public.post(link)
    assert subjects(context)[1:] == ["The subject of one"]
    assert (
        "The next mail comes on <strong>Tuesday 24 November at 07:00 JST" in public.get(link).text
    )
    clock.advance(timedelta(hours=12))  # 06:30 in Tokyo
    assert subjects(context)[2:] == []
    clock.advance(timedelta(minutes=30))
    assert subjects(context)[2:] == ["The subject of two"]


def test_a_second_press_says_that_it_was_done_already(
    public: TestClient, context: Context, confirm_link: Ask
) -> None:
    link = confirm_link()
    public.post(link)
    assert subjects(context)[1:] == ["The subject of one"]
    assert public.post(link).status_code == 303
    page = public.get(link)
    assert page.status_code == 200
    assert "You have confirmed already" in page.text
    assert subjects(context)[2:] == []


def test_a_newsletter_alone_is_confirmed_too(public: TestClient, confirm_link: Ask) -> None:
    link = confirm_link(path="/newsletters/notes")
    page = public.get(public.post(link).headers["location"]).text
    assert "The next issue is sent to you when it appears." in page
    assert "Notes &amp; News" in page


def test_an_expired_link_offers_a_new_mail_and_sends_it_when_asked(
    public: TestClient, context: Context, confirm_link: Ask, clock: SimulatedClock
) -> None:
    link = confirm_link()
    clock.advance(timedelta(days=7))
    page = public.get(link)
    assert page.status_code == 200
    assert "This link has expired" in page.text
    before = kept.everything(context.store)
    assert public.post(link).headers["location"] == link  # a page that was open since
    assert kept.everything(context.store) == before
    answer = public.post(link, data={"do": "again"})
    assert answer.headers["location"] == f"{link}?again=sent"
    assert "A new mail is on its way" in public.get(answer.headers["location"]).text
    assert subjects(context) == ["Please confirm: Course letters"] * 2
    fresh = body(mails(context.root)[-1]).split("/c/")[1].split()[0]
    assert public.post(f"/c/{fresh}").headers["location"] == f"/c/{fresh}?done=1"
    assert subjects(context)[2:] == ["The subject of one"]


def test_a_request_that_was_forgotten_says_how_to_ask_anew(
    public: TestClient, context: Context
) -> None:
    link = f"/c/{context.links.token(new_link_id())}"
    for answer in (public.get(link), public.post(link)):
        assert answer.status_code == 410
        assert 'href="/"' in answer.text


@pytest.mark.parametrize("token", ["x", "A" * 34, "%00", "é"])
def test_a_forged_token_is_not_found(public: TestClient, token: str) -> None:
    assert public.get(f"/c/{token}").status_code == 404
    assert public.post(f"/c/{token}").status_code == 404


def test_a_link_of_another_kind_confirms_nothing(public: TestClient, course_token: str) -> None:
    assert public.get(f"/c/{course_token}").status_code == 410


def test_the_pages_show_no_address_and_are_not_listed(
    public: TestClient, confirm_link: Ask
) -> None:
    link = confirm_link()
    for _ in range(2):
        page = public.get(link)
        assert NEW not in page.text
        assert page.headers["x-robots-tag"] == "noindex"
        assert page.headers["cache-control"] == "no-store"
        public.post(link)


def test_who_left_since_is_not_told_that_a_mail_comes(
    public: TestClient, confirm_link: Ask, context: Context
) -> None:
    link = confirm_link()
    page: Any = public.get(public.post(link).headers["location"]).text
    own = page.split('class="button" href="/p/')[1].split('"')[0]
    public.post(f"/u/{own}")
    page = public.get(link).text
    assert "You have left this course since." in page
    assert "comes on" not in page
