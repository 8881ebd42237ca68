"""What is looked at before it is done: an edit of a course, and a file of people."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bypost.cli import main
from tests.browser.conftest import Watched
from tests.browser.desk.conftest import COURSE, House, insert_lesson

pytestmark = [pytest.mark.browser, pytest.mark.process]

Watch = Callable[..., Watched]
PEOPLE = "email,name\nnell@example.org,Nell\nned@example.org,Ned\nnonsense,Nobody\n"


def test_an_edit_of_a_course_waits_until_its_plan_is_applied(
    house: Callable[..., House], watch: Watch
) -> None:
    desk = house()
    seen = watch(desk.url)
    page = desk.sign_in(seen)
    page.goto(f"{desk.url}/desk/courses/{COURSE}")
    edits = page.get_by_role("region", name="Edits that wait")
    expect(edits).to_contain_text("none: people go through the course as its files have it")
    insert_lesson(desk.root)
    until = time.monotonic() + 20
    while not page.locator("#plan").count() and time.monotonic() < until:
        page.reload()

    expect(edits).to_contain_text("insert “A week without applications”")
    stands = page.get_by_role("region", name="Where everyone stands now")
    expect(stands).not_to_contain_text("A week without applications")
    edits.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status")).to_contain_text("Taken over: 1 change")
    expect(edits).to_contain_text("none: people go through the course as its files have it")
    expect(stands).to_contain_text("A week without applications")
    page.goto(f"{desk.url}/desk/log")
    expect(page.get_by_role("row").filter(has_text="course.apply")).to_contain_text(COURSE)
    seen.heard()


def settled(page: Page, words: str) -> None:
    """Wait until an import says, by itself, how it ended; then show the rest of its page."""
    expect(page.locator("#state[data-settled]")).to_contain_text(words)
    page.reload()


def test_an_import_is_reviewed_applied_and_taken_back(
    house: Callable[..., House], watch: Watch, tmp_path: Path
) -> None:
    def pause(root: Path) -> None:
        # Whoever was sent a mail would stay.
        assert main(["pause", "course", COURSE, "--project", str(root)]) == 0

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
