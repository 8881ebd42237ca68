"""What anybody may read: issues that went out, lessons of courses that allow it, feed, sitemap."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from scheduler.clock import SimulatedClock
from tests.web.conftest import ANNA

BASE = "http://localhost:8000"
NS = {"a": "http://www.w3.org/2005/Atom", "s": "http://www.sitemaps.org/schemas/sitemap/0.9"}

ISSUE = """\
---
id: {id}
subject: About {id}
preheader: What {id} is about
status: {status}
date: {date}
---
# Title of {id} & more

Dear {{{{ subscriber.name|default("reader", true) }}}}, see [your page]({{{{ links.progress }}}}).
"""


def write_issue(root: Path, name: str, date: str, status: str = "ready") -> None:
    path = root / "newsletters" / "notes" / f"{date[:10]}-{name}.md"
    path.write_text(ISSUE.format(id=name, date=f'"{date}"', status=status), encoding="utf-8")


@pytest.fixture
def issues(project: Path, context: Context, clock: SimulatedClock) -> Path:
    """One issue filed, one sent, one to come, one draft."""
    write_issue(project, "old", "2026-11-01")
    write_issue(project, "sent", "2026-11-24T08:00:00+00:00")
    write_issue(project, "coming", "2026-12-24")
    write_issue(project, "draft", "2026-11-22", status="draft")
    clock.advance(timedelta(days=1))
    Pass(context).run()
    return project


def titles(page: str) -> list[str]:
    return [node.text() for node in LexborHTMLParser(page).css("main h3")]


def test_issues_that_went_out_are_listed_newest_first_and_no_other(
    issues: Path, public: TestClient
) -> None:
    assert titles(public.get("/newsletters/notes").text) == [
        "Title of sent & more",
        "Title of old & more",
    ]
    for name, status in (("sent", 200), ("old", 200), ("coming", 404), ("draft", 404)):
        assert public.get(f"/newsletters/notes/issues/{name}").status_code == status


def test_an_issue_is_out_as_soon_as_its_hour_has_come_in_the_first_zone(
    project: Path, context: Context, public: TestClient, clock: SimulatedClock
) -> None:
    write_issue(project, "local", "2026-11-24")
    Pass(context).run()  # Monday 09:30 UTC
    assert public.get("/newsletters/notes/issues/local").status_code == 404
    clock.advance(timedelta(hours=22, minutes=30))  # Tuesday 09:00 in Berlin, where Anna is
    Pass(context).run()
    assert public.get("/newsletters/notes/issues/local").status_code == 200


def test_an_issue_set_back_to_draft_is_there_no_more(
    issues: Path, public: TestClient, clock: SimulatedClock
) -> None:
    assert public.get("/newsletters/notes/issues/old").status_code == 200
    write_issue(issues, "old", "2026-11-01", status="draft")
    clock.advance(timedelta(seconds=1))
    assert public.get("/newsletters/notes/issues/old").status_code == 404


def test_an_issue_speaks_to_nobody_in_particular(issues: Path, public: TestClient) -> None:
    answer = public.get("/newsletters/notes/issues/sent")
    assert "Dear reader, see" in answer.text
    assert f'<a href="{BASE}/newsletters/notes">your page</a>' in answer.text
    assert "/p/" not in answer.text
    assert "/u/" not in answer.text
    assert ANNA not in answer.text


def test_an_issue_has_one_address_and_may_be_listed(issues: Path, public: TestClient) -> None:
    answer = public.get("/newsletters/notes/issues/sent")
    page = LexborHTMLParser(answer.text)
    canonical = page.css_first("link[rel=canonical]").attributes["href"]
    assert canonical == f"{BASE}/newsletters/notes/issues/sent"
    assert answer.headers["x-robots-tag"] == "all"
    assert page.css_first("time").attributes["datetime"] == "2026-11-24"
    assert page.css_first("link[rel=prev]").attributes["href"] == "/newsletters/notes/issues/old"
    assert not page.css("link[rel=next]")


def test_lessons_are_public_only_where_the_course_says_so(
    project: Path, public: TestClient, clock: SimulatedClock
) -> None:
    assert public.get("/courses/letters/lessons/two").status_code == 404
    path = project / "lessons" / "letters" / "course.toml"
    path.write_text(path.read_text(encoding="utf-8") + "archive = true\n", encoding="utf-8")
    clock.advance(timedelta(seconds=1))
    answer = public.get("/courses/letters/lessons/two")
    page = LexborHTMLParser(answer.text)
    assert page.css_first("h1").text() == "Title of two"
    assert "Hello you, this is two." in answer.text
    turn = [node.attributes["href"] for node in page.css(".turn a")]
    assert turn == ["/courses/letters/lessons/one", "/courses/letters/lessons/three"]
    assert "/courses/letters/lessons/two" in public.get("/sitemap.xml").text
    for name in ("nothing", "Two", "%2e%2e"):
        assert public.get(f"/courses/letters/lessons/{name}").status_code == 404


def test_the_feed_holds_the_whole_text_under_lasting_addresses(
    issues: Path, public: TestClient
) -> None:
    answer = public.get("/newsletters/notes/feed.xml")
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = fromstring(answer.content)
    assert feed.findtext("a:title", namespaces=NS) == "Notes & News"
    assert feed.findtext("a:id", namespaces=NS) == f"{BASE}/newsletters/notes"
    assert feed.findtext("a:updated", namespaces=NS) == "2026-11-24T08:00:00+00:00"
    entries = feed.findall("a:entry", NS)
    assert [one.findtext("a:id", namespaces=NS) for one in entries] == [
        f"{BASE}/newsletters/notes/issues/sent",
        f"{BASE}/newsletters/notes/issues/old",
    ]
    content = entries[0].find("a:content", NS)
    assert content is not None
    assert content.attrib["type"] == "html"
    assert str(content.text).startswith("<p>Dear reader, see <a href=")
    page = LexborHTMLParser(public.get("/newsletters/notes").text)
    link = page.css_first("link[type='application/atom+xml']")
    assert link.attributes["href"] == "/newsletters/notes/feed.xml"


def test_a_feed_without_issues_is_a_feed(public: TestClient) -> None:
    feed = fromstring(public.get("/newsletters/notes/feed.xml").content)
    assert feed.findall("a:entry", NS) == []
    assert feed.findtext("a:updated", namespaces=NS)


def test_the_sitemap_lists_every_open_page_and_each_is_there(
    issues: Path, public: TestClient
) -> None:
    found = fromstring(public.get("/sitemap.xml").content)
    places = [str(node.text) for node in found.findall("s:url/s:loc", NS)]
    assert places == [
        f"{BASE}/courses/letters",
        f"{BASE}/newsletters/notes",
        f"{BASE}/newsletters/notes/issues/sent",
        f"{BASE}/newsletters/notes/issues/old",
    ]
    for place in places:
        answer = public.get(place.removeprefix(BASE))
        assert (answer.status_code, answer.headers["x-robots-tag"]) == (200, "all")


def test_robots_are_kept_from_peoples_own_pages_and_shown_the_sitemap(public: TestClient) -> None:
    lines = public.get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    for path in ("/p/", "/u/", "/c/", "/f/"):
        assert f"Disallow: {path}" in lines
    assert f"Sitemap: {BASE}/sitemap.xml" in lines
