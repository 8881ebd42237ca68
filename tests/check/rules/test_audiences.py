"""Audiences in files can be read, and name what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lesson = Callable[..., None]
Check = Callable[[], list[Finding]]


def told(found: list[Finding]) -> list[tuple[Level, str, int | None]]:
    return [(it.level, it.path, it.line) for it in found if it.rule == "audience"]


def test_sound_audiences_are_let_pass(project: Path, lesson: Lesson, check: Check) -> None:
    lesson()
    (project / "audiences.toml").write_text(
        "done = 'course \"baking\" finished'\nrest = 'not audience \"done\"'\n"
    )
    assert told(check()) == []


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("a = 'tga x'", Level.ERROR, "`tga` is not understood"),
        ("a = 1", Level.ERROR, "is not a text"),
        ("tag = 'paused'", Level.ERROR, "cannot be called"),
        ("a = 'audience \"a\"'", Level.ERROR, "part of itself"),
        ("a = 'audience \"saved-elsewhere\"'", Level.WARNING, "no audience `saved-elsewhere`"),
        ("a = 'course \"bakin\" left'", Level.WARNING, "no course `bakin`"),
        ("a = 'newsletter \"x\" left'", Level.WARNING, "no newsletter `x`"),
    ],
)
def test_a_broken_one_is_named_with_file_and_line(
    project: Path, lesson: Lesson, check: Check, text: str, level: Level, words: str
) -> None:
    lesson()
    (project / "audiences.toml").write_text(f"# ours\n\n{text}\n")
    found = check()
    assert told(found) == [(level, "audiences.toml", 3)]
    assert words in found[0].message


def test_that_of_an_issue_and_of_a_newsletter_too(
    project: Path, lesson: Lesson, check: Check
) -> None:
    lesson()
    folder = project / "newsletters" / "news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text(
        'title = "News"\nsummary = "News for tests."\naudience = "tga x"\n'
    )
    (folder / "2026-12-01-one.md").write_text(
        "---\nid: one\nsubject: The first of all issues\npreheader: What stands in the first issue"
        "\nstatus: ready\ndate: 2026-12-01\naudience: not (paused\n---\n\nSome words.\n"
    )
    assert told(check()) == [
        (Level.ERROR, "newsletters/news/2026-12-01-one.md", 7),
        (Level.ERROR, "newsletters/news/newsletter.toml", 3),
    ]
