"""What is looked at before it is done: a file of people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bypost.cli import main
from tests.browser.conftest import Watched
from tests.browser.desk.conftest import House

pytestmark = [pytest.mark.browser, pytest.mark.process]

Watch = Callable[..., Watched]
PEOPLE = "email,name\nnell@example.org,Nell\nned@example.org,Ned\nnonsense,Nobody\n"


def settled(page: Page, words: str) -> None:
    """Wait until an import says, by itself, how it ended; then show the rest of its page."""
    expect(page.locator("#state[data-settled]")).to_contain_text(words)
    page.reload()


def test_an_import_is_reviewed_applied_and_taken_back(
    house: Callable[..., House], watch: Watch, tmp_path: Path
) -> None:
    def pause(root: Path) -> None:
        # Whoever was sent a mail would stay.
        assert main(["pause", "course", "after-the-interview", "--project", str(root)]) == 0

    desk = house(pause)
    before = desk.ask("SELECT count(*) FROM subscribers")
    seen = watch(desk.url)
    page = desk.sign_in(seen)
    page.goto(f"{desk.url}/desk/imports")
    file = tmp_path / "talk.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()

    settled(page, "waits for you")
    expect(page.locator(".tile").filter(has_text="Added").locator(".number")).to_have_text("2")
    expect(page.get_by_role("row").filter(has_text="nonsense")).to_contain_text("4")
    assert desk.ask("SELECT count(*) FROM subscribers") == before
    page.locator("#note").fill("They signed a list at the talk in November.")
    page.get_by_role("button", name="Apply this import").click()

    settled(page, "done")
    assert desk.ask("SELECT count(*) FROM subscribers") == before + 2
    page.goto(f"{desk.url}/desk/subscribers?q=nell@")
    expect(page.get_by_role("link", name="nell@example.org")).to_be_visible()

    page.goto(f"{desk.url}/desk/imports")
    page.get_by_role("link", name="talk.csv").click()
    page.get_by_role("button", name="Count what that would do").click()
    expect(page.get_by_role("row").filter(has_text="People removed")).to_contain_text("2")
    word = page.locator("form.confirm .word").inner_text()
    page.locator("#typed").fill(word)
    page.get_by_role("button", name="Take it back").click()
    settled(page, "taken back")
    assert desk.ask("SELECT count(*) FROM subscribers") == before
    seen.heard()
