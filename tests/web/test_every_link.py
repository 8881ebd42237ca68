"""Every address in every kind of mail: whoever only looks changes nothing, and it still works.

Link scanners, previewers and virus checkers open each link of a mail, some of them many times.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from scheduler.clock import SimulatedClock
from tests import kept
from tests.web.conftest import ANNA, body, mails

ISSUE = """\
---
id: first
subject: The first issue of all
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: 2026-11-23T10:00:00+00:00
---
# The first issue
"""
NEW = "anna.new@example.org"
KINDS = (
    *("lesson", "issue", "confirmation", "goodbye to a course", "goodbye to a newsletter"),
    *("link to move", "link to export", "link to erase", "is this yours", "you have moved"),
)
Mails = dict[str, EmailMessage]


@pytest.fixture
def project(project: Any) -> Any:
    letter, course = project / "newsletters/notes", project / "lessons/letters/course.toml"
    (letter / "2026-11-23-first.md").write_text(ISSUE, encoding="utf-8")
    for file in (letter / "newsletter.toml", course):
        file.write_text(f"goodbye = true\n{file.read_text()}", encoding="utf-8")
    return project


@pytest.fixture
def every(
    context: Context,
    public: TestClient,
    course_token: str,
    letter_token: str,
    confirm_link: Callable[..., str],
    clock: SimulatedClock,
) -> Mails:
    """Let a mail of each kind be sent; name them."""
    found: Mails = {}
    seen = 0

    def sent(*names: str) -> None:
        nonlocal seen
        Pass(context).run()
        fresh = [mail for mail in mails(context.root)[seen:] if "Bo <" not in str(mail["To"])]
        seen = len(mails(context.root))
        assert len(fresh) >= len(names), names
        found.update(zip(names, fresh, strict=False))

    clock.advance(timedelta(hours=1))
    sent()
    own = [mail for mail in mails(context.root) if ANNA in str(mail["To"])]
    found["issue"] = next(mail for mail in own if "first issue" in str(mail["Subject"]))
    found["lesson"] = next(mail for mail in own if mail is not found["issue"])
    confirm_link()
    found["confirmation"] = mails(context.root)[-1]
    seen = len(mails(context.root))
    for purpose, name in (("address", "move"), ("export", "export"), ("erase", "erase")):
        public.post(f"/p/{course_token}", data={"do": "fresh", "purpose": purpose})
        sent(f"link to {name}")
    public.post(path_in(found["link to move"], "f"), data={"email": NEW})
    sent("is this yours")
    public.post(path_in(found["is this yours"], "a"))
    sent("you have moved")
    public.post(f"/u/{course_token}")
    sent("goodbye to a course")
    public.post(f"/u/{letter_token}")
    sent("goodbye to a newsletter")
    return found


def path_in(mail: EmailMessage, kind: str) -> str:
    found = re.search(rf"https?://[^/\s]+(/{kind}/\S+)", body(mail))
    assert found, body(mail)
    return found[1]


def paths(context: Context, mail: EmailMessage) -> set[str]:
    """Return the path of every address of the site in a mail: headers, text and HTML."""
    parts = [str(part.get_content()) for part in mail.walk() if not part.is_multipart()]
    text = "\n".join([*map(str, mail.values()), *parts]).replace("&amp;", "&")
    return set(re.findall(rf"{re.escape(context.links.base_url)}(/[^\s\"'<>)]*)", text))


def test_whoever_opens_every_link_of_every_kind_of_mail_five_times_changes_nothing(
    context: Context, public: TestClient, every: Mails
) -> None:
    assert sorted(every) == sorted(KINDS)
    opened = {kind: paths(context, mail) for kind, mail in every.items()}
    # Whoever moved needs no link: the mail to the old address only says so.
    assert {kind for kind, links in opened.items() if not links} <= {"you have moved"}
    before = kept.everything(context.store)
    for kind, links in opened.items():
        for path in sorted(links):
            for method in ("GET", "HEAD") * 5:
                assert public.request(method, path).status_code == 200, (kind, path)
    assert kept.everything(context.store) == before


def test_what_was_looked_at_ten_times_still_does_what_it_says(
    context: Context, public: TestClient, every: Mails
) -> None:
    for mail in every.values():
        for path in sorted(paths(context, mail)):
            for method in ("GET", "HEAD") * 5:
                public.request(method, path)
    confirmed = public.post(path_in(every["confirmation"], "c"))
    assert confirmed.status_code in (200, 303)
    assert public.post(path_in(every["lesson"], "u")).status_code == 200
    assert public.post(path_in(every["link to export"], "f")).status_code == 200
    assert public.post(path_in(every["link to erase"], "f")).status_code == 303
    assert [mail for mail in mails(context.root) if ANNA in str(mail["To"])] == []
