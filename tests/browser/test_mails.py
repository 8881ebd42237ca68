"""Every mail of the shipped project as axe-core sees it: for two people, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from bypost.check.run import examine_project
from bypost.settings import load_settings
from tests.browser.test_public_pages import AXE

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
#: The one who gave nothing, and the one whose name runs the other way.
PEOPLE = ("no-name", "rtl")
#: Rules that say nothing about mail.
OFF = {
    # A mail is shown inside the page of a mail program, which has the landmarks: a `main` of the
    # mail's own would be a second one.
    "landmark-one-main": {"enabled": False},
    "region": {"enabled": False},
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone's screen that loads nothing from anywhere."""
    context = browser.new_context(viewport={"width": 375, "height": 800})
    context.route("**/*", lambda route: route.abort())
    yield context.new_page()
    context.close()


def faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the mail on the page."""
    page.evaluate(AXE)
    found = page.evaluate("(rules) => axe.run(document, {resultTypes: ['violations'], rules})", OFF)
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes']]}"
        for one in found["violations"]
    ]


def test_axe_finds_nothing_in_any_mail_light_or_dark(shipped_project: Path, page: Page) -> None:
    made = examine_project(shipped_project, load_settings(shipped_project, {}), now=NOW)
    samples = [sample for series in made.series for sample in series.samples]
    assert len(samples) == len([*shipped_project.rglob("*.md")])
    found, looked = [], 0
    for sample in samples:
        for reading in sample.readings:
            if reading.persona.key not in PEOPLE:
                continue
            page.set_content(reading.mail.html)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                looked += 1
                found += [
                    f"{sample.source.path}, {reading.persona.key}, {scheme}: {fault}"
                    for fault in faults(page)
                ]
    assert looked == len(samples) * len(PEOPLE) * 2
    assert found == []


def test_axe_sees_what_is_wrong_with_a_mail(page: Page) -> None:
    page.set_content('<html><body style="color:#BBB"><img src="x.png">Pale.</body></html>')
    said = " ".join(faults(page))
    assert all(rule in said for rule in ("image-alt", "color-contrast", "html-has-lang"))
