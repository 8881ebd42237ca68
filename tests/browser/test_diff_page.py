"""The page of ``bypost diff`` in a real browser, with pictures by the same one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bypost.cli import main
from tests.conftest import write_course

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WHO = ("-c", "user.name=Anna", "-c", "user.email=anna@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture
def written(browser: Browser, empty_project: Path, tmp_path: Path) -> Path:
    """The page of an edit of one lesson."""
    write_course(empty_project)
    for words in (("init", "-q"), ("add", "-A"), (*WHO, "commit", "-q", "-m", "As it was")):
        subprocess.run(["git", *words], cwd=empty_project, env=os.environ, check=True)
    lesson = empty_project / "lessons/letters/01-two.md"
    lesson.write_text(lesson.read_text().replace("this is two", "this was two\n\nAnd more"))
    out = tmp_path / "diff.html"
    assert main(["diff", "--project", str(empty_project), "--out", str(out)]) == 0
    return out


def test_both_sides_are_seen_on_any_screen_and_nothing_is_fetched(
    browser: Browser, written: Path
) -> None:
    asked: list[str] = []
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": 375, "height": 800}, color_scheme=scheme, bypass_csp=True
        )
        page = context.new_page()
        page.on("request", lambda it: asked.append(it.url))
        page.goto(written.as_uri())
        sizes = page.evaluate("[...document.images].map(it => [it.naturalWidth, it.naturalHeight])")
        (before, after) = sizes
        assert before[0] == after[0] == 375
        assert after[1] > before[1] > 200, "the longer mail has the longer picture"
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [(it["id"], it["nodes"][0]["html"][:200]) for it in found["violations"]] == []
        context.close()
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
