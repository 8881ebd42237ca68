"""Signing in, and working without a mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.desk.conftest import NAME, PASSWORD, House

pytestmark = [pytest.mark.browser, pytest.mark.process]

Watch = Callable[..., Watched]


def test_only_the_right_password_opens_the_page_that_was_asked_for(
    house: Callable[..., House], watch: Watch
) -> None:
    desk = house()
    seen = watch(desk.url)
    page = seen.page
    page.goto(f"{desk.url}/desk/log")
    page.locator("#name").fill(NAME)
    page.locator("#password").fill(f"{PASSWORD}s")
    page.locator("main button").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.locator("#name")).to_have_value(NAME)
    expect(page.locator("#password")).to_have_value("")
    page.goto(f"{desk.url}/desk/subscribers")
    assert page.url.startswith(f"{desk.url}/desk/sign-in")
    page.goto(f"{desk.url}/desk/log")
    page.locator("#name").fill(NAME)
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.wait_for_url(f"{desk.url}/desk/log")
    expect(page.get_by_role("row").filter(has_text="admin.sign-in").first).to_contain_text(NAME)
    assert all("401" in text for text in seen.complaints)
    assert seen.elsewhere == []


def test_the_keyboard_alone_leads_to_a_subscriber(
    house: Callable[..., House], watch: Watch
) -> None:
    desk = house()
    address = desk.ask("SELECT email FROM subscribers WHERE email <> '' ORDER BY id LIMIT 1")
    seen = watch(desk.url)
    page = seen.page
    page.goto(f"{desk.url}/desk")
    go_to(page, "name")
    page.keyboard.type(NAME)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.url}/desk")
    go_to(page, "Subscribers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/subscribers")
    go_to(page, "q")
    page.keyboard.type(address[:-4])
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/subscribers?*q=*")
    go_to(page, address)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/subscribers/*")
    expect(page.locator("main")).to_contain_text(address)
    seen.heard()


def go_to(page: Page, what: str) -> None:
    """Press Tab until a field or a link has the focus; each stop on the way shows that it has."""
    for _ in range(60):
        page.keyboard.press("Tab")
        name, kind, width = page.evaluate(
            """() => { const it = document.activeElement, style = getComputedStyle(it);
                       return [it.id || it.innerText.trim(), style.outlineStyle,
                               parseFloat(style.outlineWidth)]; }"""
        )
        assert kind != "none", name
        assert width >= 2, name
        if name == what:
            return
    raise AssertionError(f"the keyboard does not lead to {what} on {page.url}")
