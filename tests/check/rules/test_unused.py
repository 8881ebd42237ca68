"""Pictures that lie beside the lessons and stand in none of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]


@pytest.mark.parametrize("name", ["oven.png", "deep/old oven.JPG"])
def test_a_picture_that_no_mail_names_is_noted_with_its_path(
    project: Path, lessons: Lessons, look: Look, name: str
) -> None:
    lessons("Some words on the oven.")
    path = project / "lessons/baking" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"picture")
    (found,) = look("asset-unused")
    assert (found.level, found.path) == (Level.INFO, f"lessons/baking/{name}")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("oven.png", "::: if course.oven\n![An oven](oven.png)\n:::"),
        ("old oven.png", "![An oven](old%20oven.png)"),
        ("notes.pdf", "Some words."),
        (".hidden/oven.png", "Some words."),
    ],
)
def test_a_picture_that_a_text_names_passes_and_so_do_other_files(
    project: Path, lessons: Lessons, look: Look, name: str, body: str
) -> None:
    lessons(body, toml='[settings]\noven = ""\n')
    path = project / "lessons/baking" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"picture")
    assert look("asset-unused") == []


def test_a_picture_of_a_lesson_that_cannot_be_read_is_used(
    project: Path, lessons: Lessons, look: Look
) -> None:
    lessons("Some words.")
    (project / "lessons/baking/00-step.md").write_text("![An oven](oven.png)")
    (project / "lessons/baking/oven.png").write_bytes(b"picture")
    assert look("asset-unused") == []
