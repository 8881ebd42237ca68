"""The public pages as people meet them: with and without script, by keyboard, on a phone."""

from __future__ import annotations

import email.policy
import http.server
import re
import threading
import time
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Watched, free_port

pytestmark = [pytest.mark.browser, pytest.mark.process]

Serve = Callable[..., Server]
Watch = Callable[..., Watched]

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
COURSE, LETTER = "/courses/after-the-interview", "/newsletters/clarity-notes"
NEW = "cy@example.org"
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])


@pytest.fixture
def open_archive(shipped_project: Path) -> Path:
    """The shipped project with public lessons and issues that went out."""
    course = shipped_project / "lessons" / "after-the-interview" / "course.toml"
    text = course.read_text(encoding="utf-8")
    course.write_text(text.replace("\nsample =", "\narchive = true\nsample ="), encoding="utf-8")
    for path in (shipped_project / "newsletters" / "clarity-notes").glob("*.md"):
        text = path.read_text(encoding="utf-8").replace("status: draft", "status: ready")
        path.write_text(re.sub(r"(?m)^date: .*$", "date: 2026-01-05", text), encoding="utf-8")
    return shipped_project


def visit(watch: Watch, server: Server, path: str, **options: Any) -> Watched:
    """Open a page of a server; what is asked of other hosts is noted."""
    seen = watch(server.url, **options)
    seen.page.goto(f"{server.url}{path}")
    return seen


def mail_to(server: Server, address: str, subject: str) -> str:
    """Wait for a mail; return its text, with links that lead to this server."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for path in (server.root / "var" / "outbox").glob("*.eml"):
            mail = BytesParser(policy=email.policy.default).parsebytes(path.read_bytes())
            if address in str(mail["To"]) and subject in str(mail["Subject"]):
                part = mail.get_body(("plain",))
                assert part is not None
                return re.sub(r"http://localhost:8000", server.url, str(part.get_content()))
        time.sleep(0.1)
    raise AssertionError(f"no mail `{subject}` came to {address}")


def link(text: str, letter: str) -> str:
    found = re.search(rf"http://\S+/{letter}/\S+", text)
    assert found is not None
    return found[0]


def think(page: Page) -> None:
    """Take as long as a person does to fill in a form: a faster one is taken for a program."""
    page.wait_for_timeout(2100)


def sign_up(page: Page) -> None:
    page.get_by_label("Email address").fill(NEW)
    think(page)
    page.get_by_role("button", name="Send me the course").click()
    page.get_by_role("heading", name="Check your inbox").wait_for()


@SCRIPT
def test_from_the_form_to_the_first_lesson_and_out_again(
    serve: Serve, watch: Watch, script: bool
) -> None:
    server = serve()
    seen = visit(watch, server, COURSE, script=script, timezone_id="Asia/Tokyo")
    page = seen.page
    chosen = page.get_by_label("Time zone")
    if not script:
        chosen.select_option("Asia/Tokyo")
    expect(chosen).to_have_value("Asia/Tokyo")
    page.get_by_label("Hour").select_option("07:00")
    page.get_by_label("Also send me the newsletter").check()
    sign_up(page)
    assert page.url == f"{server.url}{COURSE}/check-your-inbox"
    for said in (
        NEW,
        "course@example.org",
        "Please confirm: After the Interview and Clarity Notes",
    ):
        assert page.get_by_text(said).count() >= 1

    page.goto(link(mail_to(server, NEW, "Please confirm"), "c"))
    page.get_by_role("button", name="Yes, send it to me").click()
    page.get_by_role("heading", name="Your address is confirmed").wait_for()
    assert "07:00 JST" in page.locator(".lessons").inner_text()
    welcome = mail_to(server, NEW, "Why do I keep getting rejected")

    page.goto(link(welcome, "u"))
    page.get_by_role("button", name="Leave this course").click()
    page.get_by_role("heading", name="You have left").wait_for()
    page.get_by_role("button", name="Pause it for two weeks instead").click()
    page.get_by_role("status").get_by_text("The course is paused.").wait_for()
    page.goto(link(welcome, "u"))
    page.get_by_role("button", name="Leave this course").click()
    page.get_by_role("button", name="Leave everything").click()
    page.get_by_role("heading", name="You have left everything").wait_for()
    page.get_by_role("button", name="Take it back").click()
    page.get_by_role("status").get_by_text("You are back.").wait_for()
    seen.heard()


@SCRIPT
def test_a_mistake_is_shown_where_it_is_and_nothing_is_lost(
    serve: Serve, watch: Watch, script: bool
) -> None:
    server = serve()
    seen = visit(watch, server, COURSE, script=script)
    page = seen.page
    page.get_by_label("Email address").fill("nonsense")
    page.get_by_label("First name").fill("Cy")
    think(page)
    page.get_by_role("button", name="Send me the course").click()
    problems = page.locator("#problems")
    expect(problems).to_be_focused()
    problems.get_by_role("link").click()
    expect(page.get_by_label("Email address")).to_be_focused()
    expect(page.get_by_label("First name")).to_have_value("Cy")
    sign_up(page)
    assert seen.elsewhere == []


def test_with_script_the_page_is_not_loaded_anew_and_back_leads_to_the_form(
    serve: Serve, watch: Watch
) -> None:
    server = serve()
    seen = visit(watch, server, COURSE)
    page = seen.page
    page.evaluate("window.stayed = true")
    sign_up(page)
    assert page.evaluate("window.stayed")
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_focused()
    assert "Check your inbox" in page.title()
    page.go_back()
    page.get_by_role("heading", name="Start the course").wait_for()
    assert page.url == f"{server.url}{COURSE}"
    page.get_by_role("link", name="Change it").wait_for(state="detached")
    seen.heard()


def test_the_keyboard_alone_is_enough(serve: Serve, watch: Watch) -> None:
    server = serve()
    seen = visit(watch, server, COURSE, script=False)
    page = seen.page

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.innerText"))

    def shows_focus() -> None:
        style = (
            "const s = getComputedStyle(document.activeElement); [s.outlineStyle, s.outlineWidth]"
        )
        kind, width = page.evaluate(f"(() => {{ {style.replace('; [', '; return [')} }})()")
        assert kind != "none", focused()
        assert float(width.removesuffix("px")) >= 2, focused()

    page.keyboard.press("Tab")
    assert focused() == "Skip to the text"
    shows_focus()
    order = []
    for _ in range(12):
        page.keyboard.press("Tab")
        shows_focus()
        order.append(focused())
        if order[-1] == "Send me the course":
            break
    fields = ["email", "name", "hour", "time_zone", "newsletter-clarity-notes"]
    assert order[-6:] == [*fields, "Send me the course"]

    page.locator("#email").focus()
    page.keyboard.type(NEW)
    think(page)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Check your inbox").wait_for()
    page.goto(link(mail_to(server, NEW, "Please confirm"), "c"))
    page.keyboard.press("Tab")
    if focused() != "Yes, send it to me":
        page.keyboard.press("Tab")
    assert focused() == "Yes, send it to me"
    shows_focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your address is confirmed").wait_for()
    page.goto(link(mail_to(server, NEW, "rejected"), "u"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You have left").wait_for()
    page.keyboard.press("Tab")
    assert focused() == "Take it back: I stay on the course"
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("You are back.").wait_for()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is."""
    # What was waited for may be there before the style sheet is: colours would be the browser's.
    page.wait_for_load_state()
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url}: {one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes']]}"
        for one in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_no_page_is_wider_than_a_small_phone(
    open_archive: Path, serve: Serve, watch: Watch, scheme: str
) -> None:
    server = serve()
    seen = visit(watch, server, COURSE, color_scheme=scheme, width=320)
    page = seen.page
    found: list[str] = []

    def look() -> None:
        found.extend(violations(page))
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > 320:
            found.append(f"{page.url}: {wide} px wide")

    page.get_by_text("in full").click()
    look()
    for path in (
        LETTER,
        f"{LETTER}/issues/following-up",
        f"{COURSE}/lessons/comparison",
        f"{COURSE}/lessons/vague-feedback",
        f"{COURSE}/check-your-inbox",
        "/embed/after-the-interview",
        "/embed/after-the-interview?done=1",
        "/embed/after-the-interview/snippet",
    ):
        assert page.goto(f"{server.url}{path}").status == 200  # type: ignore[union-attr]
        look()
    page.goto(f"{server.url}{COURSE}")
    think(page)
    page.get_by_role("button", name="Send me the course").click()
    page.locator("#problems").wait_for()
    look()
    sign_up(page)
    look()
    confirm = link(mail_to(server, NEW, "Please confirm"), "c")
    page.goto(confirm)
    look()
    page.get_by_role("button", name="Yes, send it to me").click()
    page.get_by_role("heading", name="Your address is confirmed").wait_for()
    look()
    welcome = mail_to(server, NEW, "rejected")
    page.goto(link(welcome, "u"))
    look()
    page.get_by_role("button", name="Leave this course").click()
    page.get_by_role("heading", name="You have left").wait_for()
    look()
    page.get_by_role("button", name="Leave everything").click()
    page.get_by_role("heading", name="You have left everything").wait_for()
    look()
    page.goto(link(welcome, "p"))
    look()
    assert found == []
    assert seen.elsewhere == []


def test_on_paper_a_lesson_is_the_lesson_and_nothing_else(
    open_archive: Path, serve: Serve, watch: Watch
) -> None:
    server = serve()
    seen = visit(watch, server, f"{COURSE}/lessons/comparison", color_scheme="dark")
    page = seen.page
    page.emulate_media(media="print", color_scheme="dark")
    for gone in (".top nav", ".turn", ".invite"):
        assert not page.locator(gone).is_visible()
    assert page.get_by_role("heading", name="What follows").is_visible()
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Another site: its origin, and its pages by path."""
    pages: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0], b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    port = free_port()
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as other:
        thread = threading.Thread(target=other.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{port}", pages
        other.shutdown()


def test_another_site_shows_the_form_only_where_it_was_named(
    shipped_project: Path,
    serve: Serve,
    watch: Watch,
    elsewhere: tuple[str, dict[str, bytes]],
) -> None:
    origin, pages = elsewhere
    settings = shipped_project / "bypost.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[signup]\nallowed_origins = ["{origin}"]\n', encoding="utf-8")
    server = serve()
    pages["/thanks"] = b"<h1>Thank you</h1>"
    frame = f"{server.url}/embed/after-the-interview?next={origin}/thanks"
    pages["/"] = f'<!doctype html><title>x</title><iframe src="{frame}"></iframe>'.encode()
    seen = watch(f"{origin}/", script=False)
    inside = seen.page.frame_locator("iframe")
    inside.get_by_label("Email address").fill(NEW)
    think(seen.page)
    inside.get_by_role("button", name="Send me the course").click()
    inside.get_by_role("heading", name="Thank you").wait_for()
    assert "/c/" in mail_to(server, NEW, "Please confirm")

    unnamed = origin.replace("127.0.0.1", "localhost")
    other = watch(f"{unnamed}/", script=False)
    other.page.wait_for_timeout(500)
    assert other.page.frame_locator("iframe").get_by_label("Email address").count() == 0
