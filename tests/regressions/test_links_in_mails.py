"""Bugs 16 and 17 of the peers: links that act when they are only looked at, and links that do not.

Link scanners, previewers and virus checkers open every address in a mail, some of them twice
(Mailtrain #1195, Ghost #19986, frappe #2582 ...); and whole kinds of mail went out without a way to
leave, or with a dead one (listmonk #1515, #3013; Notifuse #279).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.web import make_site
from scheduler.clock import SimulatedClock
from tests import kept
from tests.conftest import write_course, write_people

SITE = "https://course.example.net"
ISSUE = """\
---
id: first
subject: The first issue of all
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: 2026-11-24T09:00:00+00:00
---
# The first issue
"""
KINDS = ("lesson", "issue")


@pytest.fixture
def context(
    empty_project: Path, open_context: Callable[..., Context], clock: SimulatedClock
) -> Context:
    """A project that has sent a mail of each kind to one person."""
    write_course(empty_project)
    folder = empty_project / "newsletters" / "news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    (folder / "2026-11-24-first.md").write_text(ISSUE)
    write_people(
        empty_project, "ana@example.org,Ana,letters,news", header="email,name,courses,newsletters"
    )
    opened = open_context(empty_project, {"BYPOST_SITE__BASE_URL": SITE})
    Pass(opened).run()
    clock.advance(timedelta(hours=23, minutes=35))
    Pass(opened).run()
    return opened


@pytest.fixture
def browser(context: Context) -> Iterator[TestClient]:
    site = make_site(context)
    with TestClient(site, base_url=SITE, follow_redirects=False) as client:
        yield client


def mails(context: Context) -> dict[str, EmailMessage]:
    """Return a mail of each kind."""
    found = {}
    for path in (context.root / "var" / "outbox").glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=modern)
        assert isinstance(mail, EmailMessage)
        found["issue" if "issue" in mail["Subject"] else "lesson"] = mail
    assert set(found) == set(KINDS)
    return found


def addresses(mail: EmailMessage) -> set[str]:
    """Return every address of our site in a mail: headers, text and HTML."""
    parts = [str(part.get_content()) for part in mail.walk() if not part.is_multipart()]
    text = "\n".join([*map(str, mail.values()), *parts]).replace("&amp;", "&")
    return set(re.findall(rf"{re.escape(SITE)}[^\s\"'<>)]*", text))


@pytest.mark.parametrize("kind", KINDS)
def test_16_opening_any_link_of_any_mail_any_number_of_times_changes_nothing(
    context: Context, browser: TestClient, kind: str
) -> None:
    links = addresses(mails(context)[kind])
    assert links
    before = kept.everything(context.store)
    for link in sorted(links):
        for _ in range(5):
            assert browser.head(link).status_code == 200, link
            assert browser.get(link).status_code == 200, link
    assert kept.everything(context.store) == before


@pytest.mark.parametrize("kind", KINDS)
def test_17_every_kind_of_mail_can_be_left_by_header_and_by_link_and_both_work(
    context: Context, browser: TestClient, kind: str
) -> None:
    mail = mails(context)[kind]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    header = re.fullmatch(r"<(https://[^>]+)>", str(mail["List-Unsubscribe"]))
    assert header
    bodies = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    assert len(bodies) == 2
    assert all(header[1] in str(body) for body in bodies)
    answer = browser.post(header[1], content="List-Unsubscribe=One-Click", headers=FORM)
    assert answer.status_code == 200
    (table, column) = (
        ("enrollments", "course") if kind == "lesson" else ("subscriptions", "newsletter")
    )
    with context.store.read() as database:
        left = database.exec_driver_sql(f"SELECT {column}, status FROM {table}").all()
        other = "subscriptions" if kind == "lesson" else "enrollments"
        stays = database.exec_driver_sql(f"SELECT status FROM {other}").all()
    assert [status for _, status in left] == ["left"]
    assert stays == [("active",)]


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
