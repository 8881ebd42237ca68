"""Weight and pixels of pictures, as they are sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bypost.check import Finding, Level
from bypost.check.rules import pictures as rules
from tests.check.conftest import TEXT
from tests.render.pictures import bomb, encoded, noise, put

Found = list[tuple[str, Level, int | None]]


@pytest.fixture
def judged(
    project: Path, lesson: Callable[..., None], check: Callable[[], list[Finding]]
) -> Callable[..., Found]:
    """Check a lesson with these pictures, one on each second line from line 8 on."""

    def judging(*files: bytes) -> Found:
        words = []
        for number, data in enumerate(files):
            put(project, f"{number}.png", data)
            words.append(f"![Picture {number}]({number}.png)")
        lesson(body="\n\n".join((*words, TEXT)))
        known = {rule.id for rule in rules.RULES}
        return [(it.rule, it.level, it.line) for it in check() if it.rule in known]

    return judging


def png(width: int, height: int) -> bytes:
    return encoded(noise(width, height), "PNG")


def flat(width: int, height: int) -> bytes:
    return encoded(Image.new("RGB", (width, height), "teal"), "PNG")


def test_a_picture_of_the_right_size_is_well(judged: Callable[..., Found]) -> None:
    assert judged(flat(1024, 600), flat(1200, 600), flat(60, 20)) == []


def test_a_heavy_picture_is_named_and_a_very_heavy_one_is_an_error(
    judged: Callable[..., Found],
) -> None:
    assert judged(png(800, 60), png(800, 100)) == [("img-size", Level.WARNING, 10)]
    assert ("img-size", Level.ERROR, 8) in judged(png(800, 500))


def test_pictures_may_be_too_heavy_together(judged: Callable[..., Found]) -> None:
    light = [png(800 + number, 70) for number in range(4)]
    assert judged(*light[:2]) == []
    assert judged(*light) == [("size-total", Level.WARNING, None)]


def test_a_picture_used_twice_is_weighed_once(judged: Callable[..., Found]) -> None:
    once = png(800, 80)
    assert judged(once, once, once) == []


@pytest.mark.parametrize("width", [256, 400, 512, 600, 767])
def test_a_picture_with_too_few_pixels_is_named(judged: Callable[..., Found], width: int) -> None:
    assert judged(flat(width, 50)) == [("img-dimensions", Level.WARNING, 8)]


@pytest.mark.parametrize("width", [1, 255, 768, 1200])
def test_signs_and_pictures_with_pixels_enough_are_left_alone(
    judged: Callable[..., Found], width: int
) -> None:
    assert judged(flat(width, 50)) == []


def test_of_a_very_wide_picture_it_is_said_that_a_copy_is_sent(
    judged: Callable[..., Found], check: Callable[[], list[Finding]]
) -> None:
    assert judged(flat(2400, 50)) == [("img-dimensions", Level.INFO, 8)]
    assert "2400 pixels wide; a copy of 1024 is sent" in "".join(it.message for it in check())


@pytest.mark.parametrize(
    ("written", "data", "rule"),
    [
        ("nothing.png", None, "asset-missing"),
        ("../other.png", None, "asset-path"),
        ("x.png", b"<svg/>", "asset-format"),
        ("x.png", flat(99, 99)[:70], "asset-broken"),
        ("x.png", bomb(9_000, 9_000), "asset-size"),
    ],
)
def test_what_cannot_be_sent_is_an_error_with_its_line(
    project: Path,
    lesson: Callable[..., None],
    check: Callable[[], list[Finding]],
    written: str,
    data: bytes | None,
    rule: str,
) -> None:
    if data is not None:
        put(project, written, data)
    lesson(body=f"{TEXT}\n\n![A picture]({written})")
    (found,) = [it for it in check() if it.rule.startswith("asset-")]
    assert (found.rule, found.level, found.line) == (rule, Level.ERROR, 10)
    assert found.fix


def test_every_rule_of_the_compiler_about_pictures_has_its_words() -> None:
    held = {rule.id for rule in rules.RULES if rule.holds}
    assert held == {f"asset-{name}" for name in ("missing", "path", "format", "broken", "size")}
