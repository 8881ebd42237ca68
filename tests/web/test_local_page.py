"""The local page: every mail, what comes, and the simulated clock."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.apply import apply
from bypost.delivery.context import Context
from bypost.delivery.planning import planned
from bypost.delivery.run import Pass
from scheduler.clock import SimulatedClock
from tests import kept
from tests.web.conftest import HOSTILE

NEXT = {"Sec-Fetch-Site": "same-origin"}


def texts(page: str, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in LexborHTMLParser(page).css(selector)]


def links(page: str, box: str) -> list[str]:
    return re.findall(
        rf'href="(/mail/{box}/[^"?]+)"', LexborHTMLParser(page).css_first(".lists").html
    )


def opened_to(client: TestClient, link: str) -> str:
    return texts(client.get(link).text, ".to")[0]


def test_the_mailbox_lists_what_was_sent_and_the_calendar_what_comes(local: TestClient) -> None:
    page = local.get("/").text
    assert len(texts(page, ".mails li")) == 2
    coming = texts(page, ".coming li")
    assert len(coming) == 4
    assert coming[0] == "Tue 24 Nov 09:00 JST Title of two"
    assert [t.split("(")[0] for t in texts(page, ".card .zone")] == [
        "Asia/Tokyo, 18:30 JST now",
        "Europe/Berlin, 10:30 CET now",
    ]


def test_looking_at_the_local_page_changes_nothing(local: TestClient, context: Context) -> None:
    local.get("/")
    before = kept.everything(context.store)
    files = sorted(path.name for path in (context.root / "var" / "outbox").iterdir())
    for path in [*links(local.get("/").text, "coming"), "/"]:
        assert local.get(path).status_code == 200
    local.post("/next", headers=NEXT)
    assert kept.everything(context.store) == before
    assert sorted(path.name for path in (context.root / "var" / "outbox").iterdir()) == files


def test_a_coming_mail_opens_and_is_marked_as_not_sent(local: TestClient) -> None:
    link = links(local.get("/").text, "coming")[0]
    page = local.get(link).text
    assert texts(page, ".unsent") == [
        "Not sent yet. It goes out on Tuesday 24 November 2026 at 09:00 JST, if nothing changes."
    ]
    assert "this is two" in local.get(f"{link}/body").text


def test_a_sent_mail_shows_each_of_its_parts(local: TestClient) -> None:
    link = links(local.get("/").text, "sent")[-1]
    assert texts(local.get(link).text, ".unsent") == []
    assert "this is one" in texts(local.get(f"{link}?view=text").text, "pre")[0]
    assert "List-Unsubscribe" in texts(local.get(f"{link}?view=headers").text, "dt")
    assert "MIME-Version: 1.0" in local.get(f"{link}?view=source").text
    saved = local.get(f"{link}/source")
    assert saved.content.startswith(b"From: ")
    assert saved.headers["content-disposition"].endswith('.eml"')


def test_a_mail_in_its_frame_can_run_and_load_nothing(local: TestClient) -> None:
    link = links(local.get("/").text, "sent")[0]
    policy = local.get(f"{link}/body").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    frame = LexborHTMLParser(local.get(link).text).css_first("iframe")
    assert "allow-scripts" not in (frame.attributes["sandbox"] or "")


def test_links_of_a_shown_mail_lead_to_this_site(local: TestClient, course_token: str) -> None:
    page = local.get("/").text
    anna = next(link for link in links(page, "sent") if "Anna" in opened_to(local, link))
    body = local.get(f"{anna}/body").text
    assert f'href="/u/{course_token}"' in body
    assert "localhost:8000/u/" not in body


def test_names_are_shown_as_text_whatever_they_hold(local: TestClient) -> None:
    page = local.get("/").text
    assert "<script>alert" not in page
    assert HOSTILE in texts(page, ".card h3")[0]
    for link in [*links(page, "sent"), *links(page, "coming")]:
        assert "<script>alert" not in local.get(link).text
        assert "<script>alert" not in local.get(f"{link}/body").text


def test_a_reference_leads_to_no_other_file(local: TestClient, context: Context) -> None:
    (context.root / "var" / "secret.eml").write_bytes(b"To: a@example.org\r\n\r\nsecret")
    for ref in ("..%2Fsecret", "%2e%2e%2fsecret", "..", "x-1", "a" * 41):
        for end in ("", "/body", "/source"):
            assert local.get(f"/mail/sent/{ref}{end}").status_code == 404
    assert local.get("/mail/elsewhere/x-1").status_code == 404


def test_the_next_send_moves_a_simulated_clock_only(
    local: TestClient, context: Context, clock: SimulatedClock
) -> None:
    now, before = clock.now(), kept.everything(context.store)
    assert local.post("/next", headers=NEXT).status_code == 303
    page = local.get("/").text
    assert texts(page, ".big") == ["Simulated: Tuesday 24 November 2026, 09:00 Asia/Tokyo"]
    assert "The real database is untouched." in page
    assert len(texts(page, ".mails .fresh")) == 1
    assert len(texts(page, ".coming li")) == 3
    local.post("/next", headers=NEXT)
    page = local.get("/").text
    assert texts(page, ".big") == ["Simulated: Tuesday 24 November 2026, 09:00 Europe/Berlin"]
    assert len(texts(page, ".mails .simulated")) == 2
    assert (clock.now(), kept.everything(context.store)) == (now, before)
    local.post("/today", headers=NEXT)
    assert "Simulated" not in local.get("/").text


def test_the_simulation_ends_when_nothing_more_comes(local: TestClient) -> None:
    for _ in range(5):
        local.post("/next", headers=NEXT)
    page = local.get("/").text
    assert "Nothing more comes" in page
    assert 'action="/next"' not in page
    assert 'action="/today"' in page


def test_the_calendar_follows_the_database(
    local: TestClient, context: Context, clock: SimulatedClock, course_token: str
) -> None:
    assert len(texts(local.get("/").text, ".coming li")) == 4
    local.post(f"/u/{course_token}")
    assert len(texts(local.get("/").text, ".coming li")) == 2
    clock.advance(timedelta(days=1))
    Pass(context).run()
    assert len(texts(local.get("/").text, ".coming li")) == 1


def test_a_broken_lesson_is_told_with_place_and_fix(local: TestClient, project: Path) -> None:
    lesson = project / "lessons" / "letters" / "01-two.md"
    lesson.write_text(lesson.read_text().replace("delay: 1 day", "delay: 2 fortnights"))
    page = local.get("/").text
    alarm = texts(page, ".alarm")[0]
    assert "Nothing comes within 60 days" in page
    assert alarm.startswith("✗ lessons/letters sends nothing until this is mended")
    assert "lessons/letters/01-two.md:5" in alarm


def test_an_edit_that_waits_is_told_until_it_is_applied(
    local: TestClient, project: Path, context: Context
) -> None:
    assert "bypost apply" not in local.get("/").text
    next((project / "lessons").glob("*/*-two.md")).unlink()
    Pass(context).run()
    told = texts(local.get("/").text, ".alarm strong")
    assert told == ["1 change of letters waits for bypost apply"]
    found = planned(context)
    apply(context, found.before["letters"], found.plans[0])
    assert "bypost apply" not in local.get("/").text


def test_an_empty_project_says_what_to_do(local: TestClient, project: Path) -> None:
    from bypost.project import open_project
    from bypost.web import make_site

    (project / "subscribers.csv").write_text("email\n")
    (project / "bypost.toml").write_text(
        '[database]\nurl = "sqlite:///var/new.db"\n[providers.outbox]\npath = "var/new"\n'
    )
    fresh = open_project(project)
    with TestClient(make_site(fresh, local=True), base_url="http://localhost") as client:
        page = client.get("/").text
    fresh.store.close()
    assert "No mail was written yet" in page
    assert "Nothing comes within 60 days" in page


def test_the_mailbox_has_an_address_of_its_own_beside_the_pages_for_everybody(
    local: TestClient,
) -> None:
    assert '<h2 id="mailbox-title">' in local.get("/").text
    assert '<h2 id="mailbox-title">' in local.get("/mailbox").text
    page = local.get("/courses")
    assert "Start the course" in page.text
    assert 'class="name" href="/courses"' in page.text
