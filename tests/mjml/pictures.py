"""Screenshots of two renderings of one document, compared point by point."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageChops
from playwright.sync_api import Page, sync_playwright

WIDTHS = (375, 640)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Difference:
    """How two pictures differ: their heights, and the share of points that are not equal."""

    heights: tuple[int, int]
    share: float

    def __str__(self) -> str:
        ours, theirs = self.heights
        taller = f", {ours} instead of {theirs} px high" if ours != theirs else ""
        return f"{self.share:.2%} of the points{taller}"


@contextmanager
def camera() -> Iterator[tuple[Page, str]]:
    """Yield a page that loads nothing from anywhere, and the version of the browser."""
    path = next(filter(None, map(shutil.which, _NAMES)))
    flags = ["--disable-gpu", "--hide-scrollbars"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        context = browser.new_context(viewport={"width": WIDTHS[0], "height": 800})
        context.route("**/*", lambda route: route.abort())
        yield context.new_page(), browser.version
        browser.close()


def compare(page: Page, ours: str, theirs: str, width: int) -> Difference | None:
    """Return how two mails differ on a screen of ``width`` px; None where they are equal."""
    one, other = (_shot(page, html, width) for html in (ours, theirs))
    size = (width, max(one.height, other.height))
    both = [Image.new("RGB", size, "#FF00FF") for _ in range(2)]
    for ground, picture in zip(both, (one, other), strict=True):
        ground.paste(picture, (0, 0))
    unlike = ImageChops.difference(*both).convert("L").point(lambda value: 255 if value else 0)
    points = unlike.histogram()[255]
    if not points:
        return None
    return Difference((one.height, other.height), points / (size[0] * size[1]))


def _shot(page: Page, html: str, width: int) -> Image.Image:
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(html)
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    return picture.convert("RGB")
