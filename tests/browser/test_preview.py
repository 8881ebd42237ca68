"""The author's bench in a real browser: a save, a mistake, its mending; widths, lines, keys."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Server, Watched, free_port
from tests.browser.test_public_pages import violations

pytestmark = pytest.mark.browser

LESSON = "lessons/after-the-interview/01-comparison.md"
FRAME = ".pane iframe:not(.coming)"
MAIL = f"/preview/mail/{LESSON}"


@pytest.fixture
def preview(shipped_project: Path) -> Iterator[Server]:
    """A running ``bypost preview`` on a copy of the shipped project."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bypost", "preview", "--port", str(port)],
        cwd=shipped_project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    server = Server(f"http://localhost:{port}", shipped_project, process)
    until = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"{server.url}/preview").read()
            break
        except OSError:
            assert time.monotonic() < until, process.poll()
            time.sleep(0.02)
    yield server
    if process.poll() is None:
        process.kill()
        process.communicate()


@pytest.fixture
def bench(preview: Server, watch: Callable[..., Watched]) -> Callable[..., Watched]:
    def opening(address: str = MAIL, **more: object) -> Watched:
        watched = watch(preview.url, **more)
        watched.page.goto(preview.url + address)
        return watched

    return opening


def edit(root: Path, old: str, new: str) -> None:
    file = root / LESSON
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_save_is_seen_a_mistake_is_told_and_the_place_is_kept(
    preview: Server, bench: Callable[..., Watched]
) -> None:
    watched = bench()
    page = watched.page
    mail = page.frame_locator(FRAME)
    expect(page.locator(".state")).to_have_text("No problems", timeout=20_000)
    page.locator("#stage").evaluate("(stage) => { stage.scrollTop = 260 }")

    edit(preview.root, "An exam has a mark to reach.", "A test has a mark to reach.")
    expect(mail.locator("p[data-line='10']")).to_contain_text("A test has a mark")

    edit(preview.root, "A test has", "{{ subscriber.nme }} has")
    trouble = page.locator("#trouble .alarm")
    expect(trouble).to_contain_text(f"{LESSON}:10")
    expect(trouble).to_contain_text("subscriber.nme")
    expect(mail.locator("p[data-line='10']")).to_contain_text("A test has a mark")
    expect(page).to_have_title(re.compile(r"^\(1\) "))

    edit(preview.root, "{{ subscriber.nme }} has", "Each race has")
    expect(mail.locator("p[data-line='10']")).to_contain_text("Each race has a mark")
    expect(trouble).to_have_count(0)
    expect(page).to_have_title(re.compile(r"^[^(]"))
    assert page.locator("#stage").evaluate("(stage) => stage.scrollTop") == 260
    watched.heard()


def test_what_is_chosen_stands_in_the_address_and_survives_a_reload(
    bench: Callable[..., Watched],
) -> None:
    watched = bench()
    page = watched.page
    page.locator("#w-375").check(force=True)
    page.locator("#scheme-dark").check(force=True)
    expect(page.locator("figcaption")).to_have_text(
        ["375 px, light", "375 px, dark", "640 px, light", "640 px, dark"]
    )
    page.locator("#persona").select_option("japanese")
    page.locator("#at").fill("2026-12-24T07:00")
    page.locator("#at").blur()
    expect(page).to_have_url(re.compile(r"at=2026-12-24T07:00"))
    page.reload()
    expect(page.locator("figcaption")).to_have_count(4)
    assert page.locator("#persona").input_value() == "japanese"
    assert page.locator("#at").input_value() == "2026-12-24T07:00"
    ground = "(frame) => getComputedStyle(frame.contentDocument.body).backgroundColor"
    grounds = [pane.evaluate(ground) for pane in page.locator(".pane iframe").all()]
    assert grounds[:2] == ["rgb(246, 243, 236)", "rgb(20, 24, 27)"]
    page.get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("#stage pre")).to_contain_text("Lesson 1 of 5")
    page.go_back()
    expect(page.locator("figcaption")).to_have_count(4)
    watched.heard()


def test_a_choice_on_its_way_survives_a_save(
    preview: Server, bench: Callable[..., Watched]
) -> None:
    watched = bench()
    page = watched.page
    expect(page.locator(".state")).to_have_text("No problems", timeout=20_000)
    held: list[Route] = []
    chosen = re.compile(r"/preview/mail/.+persona=japanese")
    page.route(chosen, lambda route: held.append(route))
    with page.expect_request(chosen):
        page.locator("#persona").select_option("japanese")
    with page.expect_request(chosen):
        edit(preview.root, "An exam has a mark to reach.", "A test has a mark to reach.")
    for route in held:
        route.continue_()
    page.unroute_all()
    expect(page).to_have_url(chosen)
    expect(page.frame_locator(FRAME).locator("p[data-line='10']")).to_contain_text("A test has")
    watched.heard()


def test_a_width_is_changed_with_keys_and_by_dragging(bench: Callable[..., Watched]) -> None:
    watched = bench(f"{MAIL}?w=600")
    page = watched.page
    grip = page.get_by_role("slider", name="Width of the mail")
    grip.focus()
    grip.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"w=595"))
    expect(page.locator(FRAME)).to_have_attribute("width", "595")
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + 6, box["y"] + 200
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 195, y, steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"w=400"))
    high = page.locator(FRAME).evaluate(
        "(frame) => [Number(frame.height), frame.contentDocument.documentElement.scrollHeight]"
    )
    assert high[0] >= high[1] > 1000
    watched.heard()


def test_a_paragraph_leads_to_its_lines(preview: Server, bench: Callable[..., Watched]) -> None:
    watched = bench()
    page = watched.page
    mail = page.frame_locator(FRAME)
    mail.locator("p[data-line='12']").click()
    source = page.locator("#source")
    link = source.get_by_role("link")
    expect(link).to_have_text(f"{LESSON}:12")
    file = (preview.root / LESSON).as_posix()
    expect(link).to_have_attribute("href", f"vscode://file{file}:12")
    expect(source.locator("pre")).to_contain_text("An interview looks much the same")
    page.keyboard.press("Escape")
    expect(source).to_be_hidden()
    watched.heard()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1024, "dark"), (768, "light")])
def test_axe_finds_nothing_and_the_page_fits(
    preview: Server, bench: Callable[..., Watched], width: int, scheme: str
) -> None:
    watched = bench(width=width, color_scheme=scheme)
    page = watched.page
    expect(page.locator(".state")).to_have_text("No problems", timeout=20_000)
    edit(preview.root, "preheader: What", "preheader: ")
    edit(preview.root, "subject: ", "subjec: ")
    for query in ("", "?view=message", "?view=markdown"):
        page.goto(f"{preview.url}{MAIL}{query}")
        expect(page.locator(".told li")).not_to_have_count(0, timeout=20_000)
        page.locator(".panel > details > summary").click()
        assert violations(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
    page.goto(f"{preview.url}/preview/problems")
    page.locator(".told summary").first.click()
    assert violations(page) == []
    watched.heard()


def test_without_scripts_everything_is_there(bench: Callable[..., Watched]) -> None:
    watched = bench(f"{MAIL}?w=375", script=False)
    page = watched.page
    expect(page.frame_locator(FRAME).locator("h1")).to_have_text(
        "Comparison rather than pass or fail"
    )
    page.get_by_role("link", name="Markdown").click()
    expect(page.locator("#line-1")).to_contain_text("---")
    watched.heard()


def test_the_server_stops_at_once_though_a_page_listens(
    preview: Server, bench: Callable[..., Watched]
) -> None:
    expect(bench().page.locator(FRAME)).to_be_visible()
    code, out, err, seconds = preview.stop(signal.SIGINT)
    assert (code, err) == (0, "")
    assert preview.url in out
    assert seconds < 3
