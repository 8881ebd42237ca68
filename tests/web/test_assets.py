"""``/assets/NAME``: pictures of mails, for as long as anybody may open one."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import Store
from bypost.store.schema import assets
from scheduler.clock import SimulatedClock
from tests.render.pictures import encoded, noise, photograph
from tests.web.conftest import body, mails
from tests.web.test_archive import write_issue

BASE = "http://localhost:8000"
NEXT = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def project(project: Path) -> Path:
    """The small project with a picture in its first lesson, and a smaller one in its second."""
    folder = project / "lessons" / "letters"
    (folder / "views.jpg").write_bytes(photograph(1400, 700))
    (folder / "small.png").write_bytes(encoded(noise(80, 40), "PNG"))
    for lesson, picture in (("00-one", "views.jpg"), ("01-two", "small.png")):
        with (folder / f"{lesson}.md").open("a", encoding="utf-8") as file:
            file.write(f"\n![The two views]({picture})\n")
    toml = folder / "course.toml"
    toml.write_text(f'{toml.read_text()}archive = true\nsample = "one"\n')
    return project


def sent(root: Path) -> list[str]:
    """Return the addresses of the pictures in the mails of the local mailbox."""
    found = []
    for mail in mails(root):
        part = mail.get_body(("html",))
        assert part is not None
        html = str(part.get_content())
        found += [str(img.attributes["src"]) for img in LexborHTMLParser(html).css("img")]
    return found


def kept(store: Store) -> list[str]:
    with store.read() as connection:
        return sorted(connection.execute(select(assets.c.name)).scalars())


def test_a_sent_mail_keeps_its_picture_when_the_file_is_gone(
    context: Context, public: TestClient, clock: SimulatedClock
) -> None:
    (address,) = set(sent(context.root))
    assert address.startswith(f"{BASE}/assets/")
    assert "[Image: The two views]" in body(mails(context.root)[0])
    before = public.get(address.removeprefix(BASE))
    assert before.status_code == 200
    (context.root / "lessons" / "letters" / "views.jpg").unlink()
    clock.advance(timedelta(days=1))
    assert Pass(context).run().held, "the course waits for its picture"
    assert public.get(address.removeprefix(BASE)).content == before.content


def test_a_picture_is_a_file_for_ever_that_anybody_may_show(
    context: Context, public: TestClient
) -> None:
    path = sent(context.root)[0].removeprefix(BASE)
    answer = public.get(path)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert b"SECRET" not in answer.content
    head = public.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == answer.headers["content-length"]
    assert public.post(path).status_code == 405


@pytest.mark.parametrize(
    "name",
    ["0" * 20 + ".png", "x", "0" * 20, "0" * 20 + ".svg", "..%2F..%2Fbypost.toml", "a%00.png"],
)
def test_another_name_is_not_found_and_nobody_is_alarmed(
    public: TestClient, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = public.get(f"/assets/{name}")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"
    assert caplog.records == []


def test_every_picture_of_stored_mails_is_kept_once_and_no_other(
    context: Context, clock: SimulatedClock
) -> None:
    folder = context.root / "lessons" / "letters"
    (folder / "unused.png").write_bytes(encoded(noise(10, 10), "PNG"))
    first = kept(context.store)
    assert len(first) == 2
    clock.advance(timedelta(days=1))
    Pass(context).run()
    assert kept(context.store) == first
    (folder / "small.png").write_bytes(encoded(noise(81, 40), "PNG"))
    Pass(context).run()
    assert len(set(kept(context.store)) - set(first)) == 1


def test_nothing_of_a_course_that_is_held_is_kept(
    project: Path, open_context: Callable[..., Context]
) -> None:
    (project / "lessons" / "letters" / "small.png").write_bytes(b"<svg/>")
    context = open_context(project)
    (problem,) = Pass(context).run().held["lessons/letters"]
    assert (problem.rule, problem.line) == ("asset-format", 11)
    assert kept(context.store) == []


def test_pages_and_feed_show_the_pictures_of_the_mails(
    context: Context, public: TestClient, clock: SimulatedClock
) -> None:
    shutil.copy(context.root / "lessons/letters/views.jpg", context.root / "newsletters/notes")
    write_issue(context.root, "sent", "2026-11-24T08:00:00+00:00")
    with (context.root / "newsletters/notes/2026-11-24-sent.md").open("a") as file:
        file.write("\n![The two views](views.jpg)\n")
    clock.advance(timedelta(days=1))
    Pass(context).run()
    address = sent(context.root)[0]
    shown = f'<img src="{address.removeprefix(BASE)}" alt="The two views" width="512" height="256"'
    for path in (
        "/courses/letters",
        "/courses/letters/lessons/one",
        "/newsletters/notes/issues/sent",
    ):
        page = public.get(path)
        assert shown in page.text
        assert "img-src 'self'" in page.headers["content-security-policy"]
    feed = public.get("/newsletters/notes/feed.xml").text
    assert address in feed


def test_a_page_shows_a_picture_that_no_pass_has_stored_yet(
    context: Context, public: TestClient, clock: SimulatedClock
) -> None:
    (context.root / "lessons/letters/views.jpg").write_bytes(photograph(1400, 900))
    clock.advance(timedelta(seconds=5))
    page = public.get("/courses/letters/lessons/one").text
    found = re.search(r'src="(/assets/[^"]+)"', page)
    assert found is not None
    assert found[1].removeprefix("/assets/") not in kept(context.store)
    assert public.get(found[1]).status_code == 200


def test_a_lesson_read_again_shows_its_pictures(
    context: Context, public: TestClient, course_token: str
) -> None:
    frame = public.get(f"/p/{course_token}/lessons/one/mail")
    assert f'src="{sent(context.root)[0].removeprefix(BASE)}"' in frame.text
    assert "img-src 'self'" in frame.headers["content-security-policy"]


def test_the_local_page_shows_pictures_of_sent_coming_and_simulated_mails(
    context: Context, local: TestClient
) -> None:
    # The copies take a change over before the pass does.
    folder = context.root / "lessons" / "letters"
    (folder / "small.png").write_bytes(encoded(noise(82, 40), "PNG"))
    local.post("/next", headers=NEXT)
    page = local.get("/").text
    for box in ("sent", "coming", "simulated"):
        links = re.findall(rf'href="(/mail/{box}/[^"?]+)"', page)
        frame = local.get(f"{links[0]}/body")
        found = re.search(r'<img src="(/assets/[^"]+)"', frame.text)
        assert found is not None, box
        assert local.get(found[1]).status_code == 200
        assert "img-src 'self'" in frame.headers["content-security-policy"]
        if box != "sent":
            assert found[1].removeprefix("/assets/") not in kept(context.store)
