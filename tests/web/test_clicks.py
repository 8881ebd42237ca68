"""Clicks: counted where a course asks for it, machines apart, and nobody who does not want it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import daily
from bypost.store.daily import Kind
from scheduler.clock import SimulatedClock
from tests.conftest import LESSON, write_course, write_people
from tests.web.conftest import ANNA, mails

BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
ADDRESSES = ("https://a.example.com/x?a=1&b=2", "https://b.example.com/y")


@pytest.fixture
def project(empty_project: Path) -> Path:
    """Return a course that counts clicks, and one that does not."""
    write_course(empty_project)
    write_course(empty_project, "quiet")
    links = "\n\n".join(f"[word]({address})" for address in ADDRESSES)
    for course in ("letters", "quiet"):
        folder = empty_project / "lessons" / course
        text = LESSON.format(id="one", delay="at once") + f"\n{links}\n"
        (folder / "00-one.md").write_text(text, encoding="utf-8")
    settings = empty_project / "lessons/letters/course.toml"
    settings.write_text(settings.read_text() + "clicks = true\n", encoding="utf-8")
    write_people(
        empty_project,
        f"{ANNA},Anna,letters;quiet",
        "bo@example.org,Bo,letters",
        header="email,name,courses",
    )
    return empty_project


def links(context: Context, to: str = ANNA) -> list[str]:
    """Return the paths of the counted links of a person's mail; the trap is the last."""
    for mail in mails(context.root):
        part = mail.get_body(("html",))
        if to in str(mail["To"]) and part is not None and "/r/" in part.get_content():
            return re.findall(r'href="[^"/]*//[^"/]*(/r/[^"]*)"', part.get_content())
    return []


def other_token(token: str) -> str:
    """Return a token with one letter changed."""
    return f"{token[:9]}{'A' if token[9] != 'A' else 'B'}{token[10:]}"


def counted(context: Context, **only: str) -> tuple[int, int]:
    with context.store.read() as connection:
        kinds = (Kind.CLICK, Kind.BOT_CLICK)
        clicks, machines = (daily.total(connection, kind, **only) for kind in kinds)
    return clicks, machines


def rows(context: Context) -> int:
    with context.store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM clicks").scalar_one())


@pytest.fixture
def read(context: Context, clock: SimulatedClock) -> None:
    """Let an hour pass after the first mail."""
    clock.sleep(3600)


def settle(context: Context, clock: SimulatedClock) -> None:
    clock.sleep(120)
    Pass(context).run()


@pytest.mark.usefixtures("read")
def test_a_link_leads_to_its_address_and_is_counted_by_lesson_and_link(
    context: Context, public: TestClient, clock: SimulatedClock
) -> None:
    first, second, _ = links(context)
    answer = public.get(first, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, ADDRESSES[0])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    clock.sleep(30)
    assert public.get(second, headers=BROWSER).headers["location"] == ADDRESSES[1]
    settle(context, clock)
    assert counted(context, collection="course:letters", item="one") == (2, 0)
    assert counted(context, label=first.rpartition("/")[2]) == (1, 0)
    settle(context, clock)
    assert counted(context) == (2, 0)


def test_a_course_that_did_not_ask_keeps_its_addresses_and_says_so(
    context: Context, public: TestClient
) -> None:
    found = [mail.get_body(("html",)) for mail in mails(context.root)]
    texts = [str(part.get_content()) for part in found if part is not None]
    plain = [text for text in texts if "/r/" not in text]
    assert len(plain) == 1
    assert 'href="https://b.example.com/y"' in plain[0]
    assert "clicks are not counted" in public.get("/courses/quiet").text
    loud = public.get("/courses/letters").text
    assert "Clicks on links in the mails are counted." in loud
    assert "kept for 90 days" in loud
    assert "clicks are not counted" not in loud


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize("signal", [{"sec-gpc": "1"}, {"dnt": "1"}])
def test_with_a_privacy_signal_a_link_works_and_nothing_is_written(
    context: Context, public: TestClient, signal: Mapping[str, str]
) -> None:
    before = rows(context)
    answer = public.get(links(context)[0], headers={**BROWSER, **signal})
    assert answer.headers["location"] == ADDRESSES[0]
    assert rows(context) == before == 0


@pytest.mark.usefixtures("read")
def test_nobody_can_make_a_link_lead_elsewhere(context: Context, public: TestClient) -> None:
    first = links(context)[0]
    _, _, token, link = first.split("/")
    other = links(context, "bo@example.org")[0]
    bad = [
        f"/r/{token}/https:%2F%2Fevil.example",
        f"/r/{token}/{link[::-1]}",
        f"/r/{other_token(token)}/{link}",
        f"/r/{token}/{link}/../x",
        f"/r/test/{link}",
    ]
    for path in bad:
        answer = public.get(path, headers=BROWSER)
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
    # Everybody's link is their own, and both lead to the same place.
    assert other != first
    assert public.get(other, headers=BROWSER).headers["location"] == ADDRESSES[0]


@pytest.mark.usefixtures("read")
def test_the_token_of_a_link_opens_nothing_else(context: Context, public: TestClient) -> None:
    token = links(context)[0].split("/")[2]
    assert public.get(f"/p/{token}").status_code == 404
    assert public.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 404


@pytest.mark.parametrize(
    "how", ["head", "program", "fast", "several", "trap before", "trap after", "nameless"]
)
def test_what_looks_like_a_machine_is_set_apart(
    context: Context, public: TestClient, clock: SimulatedClock, how: str
) -> None:
    first, second, trap = links(context)
    clock.sleep(5 if how == "fast" else 3600)
    match how:
        case "head":
            public.head(first, headers=BROWSER)
        case "program":
            public.get(first, headers={"user-agent": "Barracuda Sentinel (EE)"})
        case "nameless":
            public.get(first, headers={"user-agent": ""})
        case "fast":
            public.get(first, headers=BROWSER)
        case "several":
            public.get(first, headers=BROWSER)
            clock.advance(timedelta(seconds=1))
            public.get(second, headers=BROWSER)
        case "trap before":
            public.get(trap, headers=BROWSER)
            clock.sleep(20)
            public.get(first, headers=BROWSER)
        case "trap after":
            public.get(first, headers=BROWSER)
            clock.sleep(20)
            assert public.get(trap, headers=BROWSER).status_code == 302
    settle(context, clock)
    assert counted(context) == (0, 2 if how == "several" else 1)


@pytest.mark.usefixtures("read")
def test_what_one_persons_machine_does_says_nothing_of_another(
    context: Context, public: TestClient, clock: SimulatedClock
) -> None:
    public.get(links(context)[-1], headers=BROWSER)
    public.get(links(context, "bo@example.org")[0], headers=BROWSER)
    settle(context, clock)
    assert counted(context) == (1, 0)


@pytest.mark.usefixtures("read")
def test_a_link_works_after_leaving_and_after_its_mail_is_forgotten(
    context: Context,
    public: TestClient,
    clock: SimulatedClock,
    person: Callable[..., Mapping[str, Any]],
) -> None:
    first = links(context)[0]
    for run in (person()["run"],):
        public.post(f"/u/{context.links.token(run['link_id'])}", data={"a": "b"})
    clock.sleep(900 * 86_400)
    assert public.get(first, headers=BROWSER).headers["location"] == ADDRESSES[0]


@pytest.mark.usefixtures("read")
def test_a_click_that_cannot_be_written_leads_on_all_the_same(
    context: Context, public: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bypost.errors import StoreError

    def full(_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(type(context.store), "write", full)
    assert public.get(links(context)[0], headers=BROWSER).status_code == 302
