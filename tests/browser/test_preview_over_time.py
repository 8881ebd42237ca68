"""The bench beyond one mail, in a real browser: days slid through, the matrix, a test sent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Watched, free_port
from tests.browser.test_public_pages import violations

pytestmark = [pytest.mark.browser, pytest.mark.process]

INBOX = "/preview/inbox?start=2026-11-23T10:00"
COMPARISON = "lessons/after-the-interview/01-comparison.md"
CLASSES = "cells => cells.map(cell => cell.className)"
#: Makes ``window.heard`` come true a moment after the second news: the first says how things are.
NEXT_NEWS = """() => new Promise((listening) => { window.heard = new Promise((heard) => {
    let count = 0;
    new EventSource("/preview/events").addEventListener("news", () => {
        count += 1;
        if (count === 1) listening();
        if (count === 2) setTimeout(heard, 300);
    }); }); })"""
ROWS = ".rows li:not([hidden])"
Open = Callable[..., Watched]


@pytest.fixture
def server(shipped_project: Path, tmp_path: Path) -> Iterator[Server]:
    """``bypost preview`` on a copy of the shipped project, with a temporary folder of its own."""
    settings = shipped_project / "bypost.toml"
    settings.write_text(settings.read_text() + '\n[preview]\naddresses = ["me@example.org"]\n')
    (tmp_path / "temporary").mkdir()
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bypost", "preview", "--port", str(port)],
        cwd=shipped_project,
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running = Server(f"http://localhost:{port}", shipped_project, process)
    until = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"{running.url}/preview").read()
            break
        except OSError:
            assert time.monotonic() < until, process.poll()
            time.sleep(0.05)
    yield running
    if process.poll() is None:
        process.kill()
        process.communicate()


@pytest.fixture
def bench(server: Server, watch: Callable[..., Watched]) -> Open:
    def opening(address: str, **more: object) -> Watched:
        watched = watch(server.url, **more)
        watched.page.goto(server.url + address)
        return watched

    return opening


def subjects(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(f"{ROWS} .subject").all_inner_texts()]


def slide_to(page: Page, day: int) -> None:
    """Move the slider without letting go: only the page's own script hears of it."""
    page.locator("#day").evaluate(
        """(slider, day) => { slider.value = day;
             slider.dispatchEvent(new Event('input', { bubbles: true })); }""",
        day,
    )


def test_an_author_slides_through_the_days_and_reads_what_came(bench: Open) -> None:
    seen = bench(f"{INBOX}&day=0")
    page = seen.page
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("#today")).to_have_text("Day 0 Monday 23 November 2026")

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    last = int(page.locator("#day").get_attribute("max") or 0)
    counts = []
    for day in range(last + 1):
        slide_to(page, day)
        counts.append(page.locator(ROWS).count())
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (1, 7)
    assert asked == []  # it moved live, without the server
    expect(page.locator("#today b")).to_have_text(f"Day {last}")
    slide_to(page, 8)
    expect(page.locator("#today")).to_have_text("Day 8 Tuesday 1 December 2026")
    expect(page.locator(f"{ROWS} .marks").get_by_text("newsletter")).to_have_count(1)

    page.locator(ROWS).last.locator("a").click()
    expect(page.locator("#reading h2")).to_have_text(
        "Why do I keep getting rejected after interviews?"
    )
    heading = page.frame_locator("#reading iframe").locator("h1").first
    heading.get_by_text("rejected").wait_for()
    first = page.locator(ROWS).last.locator(".subject")
    expect(first).to_have_text("Why do I keep getting rejected a…")
    page.locator("#phone").select_option("apple-mail")
    expect(first).to_have_text("Why do I keep getting rejected after interviews?")
    page.locator("#persona").select_option("far-zone")
    expect(page.locator("#reading")).to_contain_text("UTC+1345")
    seen.heard()


def test_the_slider_answers_to_keys(bench: Open) -> None:
    seen = bench(f"{INBOX}&day=0")
    slider = seen.page.locator("#day")
    slider.focus()
    slider.press("ArrowRight")
    expect(seen.page.locator("#today b")).to_have_text("Day 1")
    expect(seen.page.locator(ROWS)).to_have_count(2)
    expect(seen.page.locator("#day")).to_be_focused()
    slider.press("End")
    expect(seen.page.locator(ROWS)).to_have_count(7)
    seen.heard()


def test_without_a_script_a_button_goes_to_the_day(bench: Open) -> None:
    seen = bench(INBOX, script=False)
    page = seen.page
    page.locator(ROWS).first.wait_for()
    page.get_by_role("link", name="Mail before").click()
    assert len(subjects(page)) < 7
    page.locator("#day").fill("0")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#today b")).to_have_text("Day 0")
    assert len(subjects(page)) == 1
    seen.heard()


def test_an_edit_is_seen_in_the_inbox_without_asking(bench: Open, server: Server) -> None:
    seen = bench(INBOX)
    page = seen.page
    expect(page.locator(ROWS)).to_have_count(7)
    lesson = server.root / COMPARISON
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("Comparison: why", "Contrast: why"), encoding="utf-8")
    expect(page.locator(ROWS).nth(5).locator(".subject")).to_contain_text("Contrast:")
    lesson.write_text(f"{text}\n{{{{ subscriber.nmae }}}}\n", encoding="utf-8")
    expect(page.locator("#trouble h2")).to_contain_text("last good inbox")
    expect(page.locator(ROWS)).to_have_count(7)
    seen.heard()


def test_the_matrix_opens_a_mail_as_the_persona_gets_it(bench: Open, server: Server) -> None:
    lesson = server.root / COMPARISON
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(f"{text}\nDear {{{{ subscriber.name }}}}.\n", encoding="utf-8")
    seen = bench("/preview/matrix")
    page = seen.page
    wrong = page.locator("td.error a")
    expect(wrong).to_have_text("✗ subscriber.name is empty")
    wrong.click()
    expect(page.locator("#persona option:checked")).to_contain_text("no-name")
    expect(page).to_have_url(f"{server.url}/preview/mail/{COMPARISON}?persona=no-name")
    seen.heard()


def test_a_test_is_sent_from_the_page_of_a_mail(bench: Open, server: Server) -> None:
    seen = bench(f"/preview/mail/{COMPARISON}")
    page = seen.page
    expect(page.locator("#beside")).to_contain_text("There is no database here")
    page.get_by_role("link", name="Send a test").click()
    page.get_by_role("button", name="Send the test").click()
    expect(page.locator(".said[role=status]")).to_contain_text("Sent to me@example.org")
    with page.expect_download() as download:
        page.get_by_role("link", name="save test-").click()
    assert b"[TEST]" in download.value.path().read_bytes()

    page.evaluate(NEXT_NEWS)
    lesson = server.root / COMPARISON
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\nOne more.\n", encoding="utf-8")
    page.evaluate("window.heard")
    # Asked for again, it would not be the answer to the form.
    expect(page.locator(".said[role=status]")).to_contain_text("Sent to me@example.org")
    seen.heard()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_no_page_is_wider_than_a_small_phone(
    bench: Open, server: Server, scheme: str
) -> None:
    lesson = server.root / COMPARISON
    text = lesson.read_text(encoding="utf-8")
    longer = text.replace("Comparison: why", "{{ subscriber.name|upper }}: why")
    lesson.write_text(f"{longer}\nDear {{{{ subscriber.name }}}}.\n", encoding="utf-8")
    seen = bench(f"{INBOX}&day=6", color_scheme=scheme)
    page = seen.page
    for address in (
        f"{INBOX}&day=6",
        "/preview/matrix",
        f"/preview/test/{COMPARISON}",
        f"/preview/impact/{COMPARISON}",
    ):
        page.goto(server.url + address)
        if address == "/preview/matrix":
            assert {"error", "warning"} <= set(page.locator("td[class]").evaluate_all(CLASSES))
        if address.startswith(INBOX):
            page.locator("#inbox:not([data-working])").wait_for()
        assert violations(page) == [], address
        for width in (320, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{address} at {width} px"
    seen.heard()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_no_temporary_folder(
    server: Server, tmp_path: Path, sign: signal.Signals
) -> None:
    for hour in range(4):
        address = f"{server.url}/preview/inbox?start=2026-11-23T0{hour}:00"
        assert b"Being worked out" in urllib.request.urlopen(address).read()
    code, _, err, seconds = server.stop(sign)
    assert (code, "Traceback" in err) == (0, False)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert seconds < 10
