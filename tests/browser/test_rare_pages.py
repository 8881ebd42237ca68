"""Pages that few people ever see: closed, expired, refused, unknown; pages all the same."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.test_public_pages import (
    COURSE,
    Serve,
    Server,
    Watch,
    link,
    mail_to,
    sign_up,
    think,
    violations,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.process]

SECOND = 'title = "Bread in a Week"\nsummary = "Seven loaves, one a day."\nopen = false\n'
LESSON = """\
---
id: flour
subject: What flour does to the crumb
preheader: Three flours side by side, and what each of them gives to a loaf of bread.
delay: at once
---
# What flour does

Flour, water, salt, time.
"""
FORGED = "ZXqlfhiw-_ezKqX55_obkWz6v2nEFvAI9Q"


@pytest.fixture
def house(shipped_project: Path, serve: Serve) -> Server:
    """Two courses, one of them closed; a network has one sign-up an hour."""
    folder = shipped_project / "lessons" / "bread"
    folder.mkdir()
    (folder / "course.toml").write_text(SECOND, encoding="utf-8")
    (folder / "00-flour.md").write_text(LESSON, encoding="utf-8")
    settings = shipped_project / "bypost.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f"{text}\n[signup]\nper_network_per_hour = 1\n", encoding="utf-8")
    return serve()


@pytest.fixture
def look(tmp_path: Path) -> Callable[[Page, str], list[str]]:
    """Return what is wrong with a page; ``BYPOST_SHOTS`` names a folder for its picture."""

    def looking(page: Page, name: str) -> list[str]:
        if folder := os.environ.get("BYPOST_SHOTS"):
            scheme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
            width = page.viewport_size["width"] if page.viewport_size else 0
            file = f"{name}-{width}-{'dark' if scheme else 'light'}.png"
            page.screenshot(path=Path(folder) / file, full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return violations(page) + ([f"{name}: {wide} px too wide"] if wide > 0 else [])

    return looking


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    house: Server, watch: Watch, look: Callable[[Page, str], list[str]], scheme: str, width: int
) -> None:
    seen = visit(watch, house, "/courses", color_scheme=scheme, width=width)
    page = seen.page
    found: list[str] = []
    for name, path, status in (
        ("courses", "/courses", 200),
        ("closed", "/courses/bread", 200),
        ("not-found", "/courses/cakes", 404),
        ("leave-unknown", f"/u/{FORGED}", 404),
        ("own-unknown", f"/p/{FORGED}", 404),
        ("confirm-unknown", f"/c/{FORGED}", 404),
        ("fresh-over", f"/f/{FORGED}", 410),
        ("address-over", f"/a/{FORGED}", 410),
    ):
        answer = page.goto(f"{house.url}{path}")
        assert answer is not None
        assert answer.status == status, name
        found += look(page, name)

    page.goto(f"{house.url}{COURSE}")
    sign_up(page)
    page.goto(f"{house.url}{COURSE}")
    page.get_by_label("Email address").fill("dee@example.org")
    think(page)
    page.get_by_role("button", name="Send me the course").click()
    page.locator("#problems").get_by_text("Too many requests").wait_for()
    found += look(page, "too-many")

    confirm = link(mail_to(house, "cy@example.org", "Please confirm"), "c")
    with closing(sqlite3.connect(house.root / "var" / "bypost.db", timeout=10)) as database:
        database.execute("UPDATE signups SET expires_at = 1")
        database.commit()
    page.goto(confirm)
    page.get_by_role("heading", name="expired").wait_for()
    found += look(page, "expired")
    assert found == []
