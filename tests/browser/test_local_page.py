"""``make run`` as a person meets it: the local page in a real browser."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Watched

pytestmark = [pytest.mark.browser, pytest.mark.process]

Serve = Callable[..., Server]
Watch = Callable[..., Watched]


def deliveries(root: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(root / "var" / "bypost.db")) as connection:
        return connection.execute("SELECT id, item, state FROM deliveries ORDER BY id").fetchall()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_first_look_from_the_welcomes_to_the_next_send(
    serve: Serve, watch: Watch, script: bool
) -> None:
    server = serve()
    seen = watch(server.url, script=script)
    page = seen.page
    assert page.locator(".mails li").count() == 5
    assert page.locator(".card").count() == 5
    assert page.locator(".coming li").count() == 25

    page.locator(".mails li a").nth(2).click()
    page.wait_for_url("**/mail/sent/*")
    page.locator(".mails li a").nth(2).and_(page.locator("[aria-current]")).wait_for()
    frame = page.frame_locator("#opened iframe")
    assert "rejected" in frame.locator("h1").first.inner_text()
    assert page.locator(".unsent").count() == 0

    page.locator(".coming a").first.click()
    page.wait_for_url("**/mail/coming/*")
    page.locator(".unsent").get_by_text("Not sent yet.").wait_for()
    frame.locator("h1").first.get_by_text("Comparison rather than pass or fail").wait_for()

    before = deliveries(server.root)
    page.get_by_role("button", name="Go to the next send").click()
    page.locator(".big").get_by_text("Simulated: ").wait_for()
    first = page.locator(".big").inner_text()
    page.get_by_role("button", name="Go to the next send").click()
    expect(page.locator(".big")).not_to_have_text(first)
    assert page.locator(".mails .fresh").count() >= 1
    assert deliveries(server.root) == before
    page.get_by_role("button", name="Back to today").click()
    page.locator(".big").get_by_text("Next: ").wait_for()
    seen.heard()


def test_each_part_of_a_mail_can_be_read(serve: Serve, watch: Watch) -> None:
    seen = watch(serve().url)
    page = seen.page
    for tab, found in (("Text", "pre.text"), ("Headers", "dl.headers"), ("Source", "pre.source")):
        page.get_by_role("link", name=tab, exact=True).click()
        page.locator(f"#opened {found}").wait_for()
    with page.expect_download() as download:
        page.locator("#opened a[download]").click()
    assert download.value.suggested_filename.endswith(".eml")
    seen.heard()


def test_the_frame_grows_to_the_height_of_its_mail(serve: Serve, watch: Watch) -> None:
    seen = watch(serve().url, width=640)
    inside = seen.page.frame_locator("#opened iframe").locator("html")
    inside.wait_for()
    seen.page.wait_for_function(
        """() => { const f = document.querySelector('#opened iframe');
                   const h = f.contentDocument.documentElement.getBoundingClientRect().height;
                   return h > 400 && Math.abs(f.clientHeight - h) < 8; }"""
    )
    seen.heard()


def test_no_page_is_wider_than_the_screen(serve: Serve, watch: Watch) -> None:
    server = serve()
    seen = watch(server.url)
    page = seen.page
    addresses = [
        server.url,
        page.locator(".coming a").first.get_attribute("href"),
        f"{page.locator('.mails a').first.get_attribute('href')}?view=source",
        page.get_by_role("link", name="A subscriber’s page").get_attribute("href"),
        page.get_by_role("link", name="The way out").get_attribute("href"),
    ]
    for address in addresses:
        page.goto(f"{server.url}{address}" if str(address).startswith("/") else str(address))
        for width in (320, 375, 640, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{address} at {width} px"
    seen.heard()


def test_a_person_sets_their_pace_and_leaves(serve: Serve, watch: Watch) -> None:
    seen = watch(serve().url)
    page = seen.page
    page.get_by_role("link", name="A subscriber’s page").click()
    page.get_by_role("button", name="Send me the next one now").click()
    page.get_by_role("status").get_by_text("The next lesson is on its way").wait_for()
    page.get_by_label("Nothing comes for").select_option("2")
    page.get_by_role("button", name="Pause the course").click()
    page.get_by_role("button", name="Go on now").click()
    page.get_by_label("Mail comes at").select_option("07:00")
    page.get_by_role("button", name="Set hour and zone").click()
    page.get_by_role("status").get_by_text("Your hour and time zone are set.").wait_for()
    page.get_by_role("link", name="Leave this course").click()
    page.get_by_role("button", name="Leave this course").click()
    page.get_by_role("heading", name="You have left").wait_for()
    seen.heard()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_even_with_a_page_open(
    serve: Serve, watch: Watch, sign: signal.Signals
) -> None:
    server = serve(anew=True)
    watch(server.url)
    code, out, err, seconds = server.stop(sign)
    assert code == 0
    assert err == ""
    assert "5 sent" in out
    assert server.url in out
    assert seconds < 3
