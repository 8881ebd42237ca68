"""Sensible courses that are not ours: no rule complains of what is right in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from bypost.check import Finding, Level

COURSES = Path(__file__).parent / "courses"

Check = Callable[[], list[Finding]]


@pytest.fixture
def only(project: Path) -> Callable[[str], Path]:
    """Put one of the courses in the place of the sample course."""

    def put(name: str) -> Path:
        shutil.rmtree(project / "lessons")
        return Path(shutil.copytree(COURSES / name, project / "lessons" / name))

    return put


def draw_bars(path: Path) -> None:
    picture = Image.new("RGB", (1024, 420), "#FFFFFF")
    draw = ImageDraw.Draw(picture)
    for at, rain in enumerate((763, 804, 1207)):
        draw.rectangle((120 + at * 300, 400 - rain // 4, 280 + at * 300, 400), "#0E6B62")
    picture.save(path)


@pytest.mark.parametrize("name", ["masa-madre", "ktav-barur", "first-queries"])
def test_a_sound_course_has_neither_errors_nor_warnings(
    only: Callable[[str], Path], check: Check, name: str
) -> None:
    folder = only(name)
    if name == "first-queries":
        draw_bars(folder / "rain.png")
    found = check()
    assert [it for it in found if it.level is not Level.INFO] == []
    # Three notes at most in a whole course: a list that is always long is read by nobody.
    assert len(found) <= 3, found
