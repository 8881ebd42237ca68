"""A person's own pages in a real browser: with and without script, on a phone, by axe-core."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_public_pages import (
    SCRIPT,
    Serve,
    Server,
    Watch,
    link,
    mail_to,
    violations,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.process]

SAM = "sam@example.com"


@pytest.fixture
def own(shipped_project: Path, serve: Serve) -> tuple[Server, str]:
    """A server, and the page of somebody who has just had the welcome."""
    file = shipped_project / "subscribers.csv"
    file.write_text(f"email,name,time_zone,consent_note\n{SAM},Sam,Europe/Berlin,said so\n")
    server = serve()
    return server, link(mail_to(server, SAM, "rejected"), "p")


def look(page: Page, name: str) -> list[str]:
    """Return what is wrong with a page."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    width = page.evaluate("innerWidth")
    return violations(page) + ([f"{name}: {wide} px wide"] if wide > width else [])


@SCRIPT
def test_next_one_now_pause_and_erase(own: tuple[Server, str], watch: Watch, script: bool) -> None:
    server, path = own
    seen = visit(watch, server, "/courses", script=script)
    page = seen.page
    page.goto(path)
    page.get_by_text("Just this one").click()
    page.get_by_role("button", name="Send me the next one now").click()
    expect(page.get_by_role("status")).to_contain_text("The next lesson is on its way")
    page.get_by_label("Nothing comes for").select_option("2")
    page.get_by_role("button", name="Pause the course").click()
    expect(page.get_by_role("status")).to_contain_text("The course is paused.")
    page.get_by_role("button", name="Erase me").click()
    expect(page.get_by_role("status")).to_contain_text("on its way to your address")
    page.goto(link(mail_to(server, SAM, "Erase everything about you"), "f"))
    page.get_by_role("button", name="Erase everything about me").click()
    expect(page.get_by_role("heading", name="Everything about you is erased")).to_be_visible()
    page.goto(path)
    expect(page.get_by_role("heading", name="Nothing is here any more")).to_be_visible()
    assert list((server.root / "var" / "outbox").glob("*.eml")) == []
    seen.heard()


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    own: tuple[Server, str], watch: Watch, scheme: str, width: int
) -> None:
    server, path = own
    seen = visit(watch, server, "/courses", color_scheme=scheme, width=width)
    page = seen.page
    page.goto(path)
    page.get_by_text("Send me a lesson once more").click()
    found = look(page, "progress")
    page.locator(".lessons a").first.click()
    page.frame_locator("iframe.mail").get_by_text("Sam").first.wait_for()
    found += look(page, "reading")
    for button, subject in (
        ("Change my address", "Change your address"),
        ("Get everything you keep about me", "Everything we keep about you"),
        ("Erase me", "Erase everything about you"),
    ):
        page.goto(path)
        page.get_by_role("button", name=button).click()
        page.goto(link(mail_to(server, SAM, subject), "f"))
        found += look(page, subject)
    page.goto(link(mail_to(server, SAM, "Change your address"), "f"))
    page.get_by_label("New address").fill("sam.new@example.com")
    page.get_by_role("button", name="Send the confirmation").click()
    page.get_by_role("status").wait_for()
    found += look(page, "asked")
    page.goto(link(mail_to(server, "sam.new@example.com", "Your new address"), "a"))
    found += look(page, "new-address")
    page.get_by_role("button", name="Yes, use this address").click()
    page.get_by_role("heading", name="Your address is changed").wait_for()
    found += look(page, "changed")
    assert found == []
    seen.heard()
