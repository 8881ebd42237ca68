"""A sound course of any number of lessons, and a look at it by one rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bypost.check import Finding
from bypost.check.run import examine
from tests.check.conftest import NOW, SENDER

WORDS = ("Flour", "Water", "Salt", "Yeast", "Oven", "Crust", "Crumb")
#: A question of 13 words, so that a lesson made of it asks for something.
SENTENCE = "Would you say in plain order what the reader came here for today? "


@pytest.fixture
def lessons(project: Path) -> Callable[..., None]:
    """Write a course, one lesson for each body; other keys of the front matter by number."""
    for notice in (project / "templates/email").glob("*.md"):
        notice.unlink()  # what is asked here is asked of lessons; it takes a third of the time

    def write(*bodies: str, toml: str = "", **keys: dict[int, str]) -> None:
        folder = project / "lessons/baking"
        (folder / "course.toml").write_text(f'title = "Baking"\nsummary = "Bread."\n{toml}')
        for number, body in enumerate(bodies):
            head = {
                "id": f"l{number}",
                "subject": f"{WORDS[number]} for bread",
                "preheader": f"What is there to say of step {number} for bread, in a few lines.",
                "delay": "1 weekday" if number else "at once",
                **{key: values[number] for key, values in keys.items() if number in values},
            }
            front = "".join(f"{key}: {value}\n" for key, value in head.items())
            text = f"---\n{front}---\n\n{body}\n"
            (folder / f"{number:02d}-step.md").write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def look(project: Path) -> Callable[..., list[Finding]]:
    """Return what one rule finds in the project."""

    def found(
        rule: str, base_url: str = "https://mail.example.org", **sender: str
    ) -> list[Finding]:
        given = replace(SENDER, **sender)
        examined = examine(project, sender=given, base_url=base_url, now=NOW)
        return [it for it in examined.findings if it.rule == rule]

    return found


@pytest.fixture
def retouch(project: Path) -> Callable[[str, str, str], None]:
    """Change what a template of the project says in one place."""

    def change(name: str, old: str, new: str) -> None:
        path = project / "templates/email" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change
