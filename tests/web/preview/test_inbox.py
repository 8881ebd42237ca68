"""The inbox over time: what an address shows."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.testclient import TestClient

from bypost.web.preview import ahead
from bypost.web.preview.app import make_preview
from bypost.web.preview.days import Days, read_days
from tests.web.preview.between import make_project

Page = Callable[..., LexborHTMLParser]


def browse(root: Path) -> Iterator[TestClient]:
    site = make_preview(root)
    with TestClient(site, base_url="http://localhost", follow_redirects=False) as client:
        yield client
    site.state.before_exit()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A bench that the tests only look at."""
    yield from browse(make_project(tmp_path_factory.mktemp("inbox") / "project"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def mine(project: Path) -> Iterator[TestClient]:
    """A bench of a project that the test may change."""
    yield from browse(project)


def look(client: TestClient, query: str = "") -> LexborHTMLParser:
    """Open the inbox, waiting until it is worked out."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        answer = client.get(f"/preview/inbox?start=2026-11-26T22:30{query}")
        assert answer.status_code == 200
        tree = LexborHTMLParser(answer.text)
        if not tree.css("#inbox[data-working]"):
            return tree
    raise AssertionError("never worked out")


@pytest.fixture
def page(client: TestClient) -> Page:
    return lambda query="": look(client, query)


def seen(tree: LexborHTMLParser) -> list[str]:
    """Return the subjects that are in sight."""
    return [row.css_first(".subject").text() for row in tree.css(".rows li:not([hidden])")]


def test_the_inbox_is_shown_as_it_is_at_the_end_of_the_course(page: Page) -> None:
    tree = page()
    assert seen(tree) == [
        "The subject of three",
        "A first issue with a subject tha…",
        "The subject of two",
        "The subject of one",
    ]
    slider = tree.css_first("input[type=range]").attributes
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "3", "3")


def test_a_day_shows_what_had_come_by_then(page: Page) -> None:
    tree = page("&day=0")
    assert seen(tree) == ["The subject of one"]
    assert tree.css_first("#today").text() == "Day 0 Thursday 26 November 2026"
    assert tree.css_first("#after").text() == "Next mail: day 1"
    assert not tree.css("#before")


def test_without_a_script_the_slider_is_a_form_with_a_button(page: Page) -> None:
    form = page().css_first("form#look")
    assert form.attributes["method"] == "get"
    assert form.css("input[type=range][name=day]")
    assert form.css("noscript button")


@pytest.mark.parametrize(
    ("phone", "subject"),
    [
        ("", "A first issue with a subject tha…"),
        ("gmail-iphone", "A first issue with a subject that is…"),
        ("apple-mail", "A first issue with a subject that is longer tha…"),
        ("a-brick", "A first issue with a subject tha…"),
    ],
)
def test_subjects_are_cut_where_the_chosen_phone_cuts_them(
    page: Page, phone: str, subject: str
) -> None:
    assert subject in seen(page(f"&phone={phone}"))


def test_dates_weekends_and_quiet_hours_stand_beside_each_mail(page: Page) -> None:
    rows = page().css(".rows li")
    told = [" ".join(row.css_first("a").text(separator=" ").split()) for row in rows]
    assert "Sun 29 Nov, 08:00" in told[0]
    assert "Day 3 weekend" in told[0]
    assert "newsletter" in told[1]
    assert "Thu 26 Nov, 22:30" in told[3]
    assert "outside 07:00 to 21:00" in told[3]


def test_a_row_opens_that_mail(page: Page, client: TestClient) -> None:
    tree = page("&day=1&open=letters/one")
    assert tree.css_first("#reading h2").text() == "The subject of one"
    frame = tree.css_first("#reading iframe").attributes["src"]
    assert frame is not None
    answer = client.get(frame)
    assert "Hello Anna, this is one." in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    lead = tree.css_first("#reading .note a").attributes["href"]
    assert lead is not None
    assert lead.startswith("/preview/mail/lessons/letters/00-one.md")
    assert client.get(lead).status_code == 200


def test_a_mail_that_has_not_come_yet_is_not_opened(page: Page) -> None:
    assert page("&day=0&open=letters/three").css_first("#reading h2").text() == "The subject of one"


def test_another_persona_has_another_inbox(page: Page) -> None:
    tree = page("&persona=tui")
    assert "UTC+1345" in tree.css_first("#reading").text()


def test_an_inbox_is_there_at_once_and_says_that_it_is_being_worked_out(
    mine: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, shown = ahead.open_rehearsal, threading.Event()

    def slow(*given: Any, **more: Any) -> Any:
        assert shown.wait(20)
        return real(*given, **more)

    monkeypatch.setattr(ahead, "open_rehearsal", slow)
    answer = mine.get("/preview/inbox?start=2026-11-20T10:00")
    shown.set()
    assert "Being worked out" in answer.text
    assert 'http-equiv="refresh"' in answer.text


def test_what_the_files_say_is_told_above_the_last_good_inbox(
    mine: TestClient, project: Path
) -> None:
    look(mine)
    lesson = project / "lessons/letters/01-two.md"
    lesson.write_text(lesson.read_text() + "\n{{ subscriber.nmae }}\n")
    tree = look(mine)
    assert "last good inbox" in tree.css_first("#trouble h2").text()
    assert "lessons/letters/01-two.md:11" in tree.css_first("#trouble").text()
    assert "The subject of two" in seen(tree)


def test_a_project_without_mails_says_what_to_do(mine: TestClient, project: Path) -> None:
    shutil.rmtree(project / "lessons")
    shutil.rmtree(project / "newsletters")
    assert "Write a lesson" in look(mine).css_first(".phone").text()


# Addresses


@pytest.mark.parametrize(
    "query",
    [
        {"day": "-1"},
        {"day": "99999"},
        {"day": "²"},
        {"start": "yesterday"},
        {"start": "9999-12-31T10:00"},
        {"start": "0001-01-01T00:00"},
    ],
)
def test_what_makes_no_sense_in_an_address_counts_as_not_said(query: dict[str, str]) -> None:
    assert read_days(query) == Days()


def test_an_address_says_only_what_was_chosen() -> None:
    assert Days().address() == "/preview/inbox"
    chosen = Days(persona="a b", start="2026-11-26T22:30", day=3, opened="letters/one")
    assert chosen.address() == (
        "/preview/inbox?persona=a+b&start=2026-11-26T22:30&day=3&open=letters/one"
    )
    query = dict(pair.split("=") for pair in chosen.address().partition("?")[2].split("&"))
    assert read_days({**query, "persona": "a b"}) == chosen
